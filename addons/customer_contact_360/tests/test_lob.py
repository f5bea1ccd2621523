# Copyright 2026 Auto Shop Suite
# License LGPL-3.0 or later (https://www.gnu.org/licenses/lgpl).
import base64
import io
import logging
from datetime import timedelta

from freezegun import freeze_time

from odoo import fields
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import tagged
from odoo.tools.pdf import PdfFileReader

from .fake_lob import LIVE_KEY, TEST_KEY, FakeLob
from .test_postcard import PostcardCommon

PDF_SIZE = {"4x6": (6.25 * 72, 4.25 * 72), "6x9": (9.25 * 72, 6.25 * 72)}


class LobCommon(PostcardCommon):
    """A location whose postcards Lob prints, a Lob on loopback."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env["ir.config_parameter"].set_param("customer_contact_360.lob_timeout", 1)
        cls._set_up_lob(cls.setup)

    @classmethod
    def _set_up_lob(cls, setup, **vals):
        setup.write(
            {
                "post_provider": "lob",
                "lob_mode": "live",
                "lob_test_key": TEST_KEY,
                "lob_live_key": LIVE_KEY,
                **vals,
            }
        )

    def setUp(self):
        super().setUp()
        self.lob = self.enterContext(FakeLob())
        self.env["ir.config_parameter"].set_param(
            "customer_contact_360.lob_api_base_url", self.lob.url
        )

    def _create_people(self, *names):
        return self.env["res.partner"].create(
            [
                {
                    "name": name,
                    "country_id": self.country_us.id,
                    **self._address("78704"),
                }
                for name in names
            ]
        )

    def _send_cards(self, partners, company=None, **vals):
        cards = self.env["customer.interaction"]._plan(
            [
                {
                    "company_id": (company or self.company).id,
                    "partner_id": partner.id,
                    "channel": "post",
                    "subject": "Hello",
                    "body": f"<p>Dear {partner.name}</p>",
                    **vals,
                }
                for partner in partners
            ]
        )
        cards._dispatch()
        return cards

    def _run_queue(self, minutes=0):
        """Let the queue work, so many minutes from now."""
        moment = fields.Datetime.now() + timedelta(minutes=minutes)
        with (
            self.enter_registry_test_mode(),
            self.registry.cursor() as cr,
            freeze_time(moment, tick=True),
        ):
            self.env(cr=cr)["customer.postcard.order"]._cron_process()
        self.env.invalidate_all()

    def _posts(self):
        return [r for r in self.lob.requests if r["method"] == "POST"]


@tagged("post_install", "-at_install")
class TestLob(LobCommon):
    def test_a_card_is_ordered_once(self):
        card = self._send_cards(self.bob)
        self.assertEqual(
            (card.state, card.post_provider, card.post_size),
            ("queued", "lob", "4x6"),
        )
        self.assertFalse(card.print_run_id)
        self._run_queue()
        self._run_queue(minutes=30)
        self.assertEqual((card.state, self.lob.mailed("Bob Long")), ("sent", 1))
        self.assertTrue(card.sent_at)
        order = card.postcard_order_ids
        self.assertEqual((order.state, order.is_test), ("accepted", False))
        self.assertEqual(order.expected_on, fields.Date.to_date("2026-04-09"))
        (request,) = self._posts()
        self.assertEqual((request["mode"], request["key"]), ("live", order.key))
        self.assertEqual(request["path"], "/v1/postcards")
        form = request["fields"]
        expected = {
            "to[name]": "Bob Long",
            "to[address_line1]": "45 Oak Ave",
            "to[address_city]": "Austin",
            "to[address_state]": "TX",
            "to[address_zip]": "78705",
            "to[address_country]": "US",
            "size": "4x6",
            "use_type": "operational",
            "mail_type": "usps_first_class",
            "metadata[key]": order.key,
        }
        self.assertEqual(
            {
                name: form[name].decode()
                for name in form
                if name not in ("front", "back")
            },
            expected,
        )

    def test_both_sides_in_each_size_without_stamp_and_address(self):
        for size, paper in PDF_SIZE.items():
            with self.subTest(size):
                self.setup.post_size = size
                self._send_cards(self.bob, subject="Come back soon")
                self._run_queue()
                form = self._posts()[-1]["fields"]
                self.assertEqual(form["size"].decode(), size)
                texts = []
                for side in ("front", "back"):
                    (page,) = PdfFileReader(io.BytesIO(form[side])).pages
                    box = [float(value) for value in page.mediabox]
                    self.assertEqual(box, [0, 0, *paper])
                    texts.append(page.extract_text())
                self.assertIn("Come back soon", texts[0])
                self.assertIn("Dear Bob Long", texts[1])
                # Lob prints that itself.
                self.assertNotIn("45 Oak Ave", texts[1])

    def test_what_lob_needs_to_know_of_a_card(self):
        purposes = self.env["customer.interaction.purpose"]
        canada = self.env.ref("base.ca")
        abroad = self.bob.copy(
            {
                "name": "Eve Abroad",
                "country_id": canada.id,
                "state_id": self.env.ref("base.state_ca_on").id,
                "zip": "M5V 2T6",
            }
        )
        island = self.bob.copy(
            {
                "name": "Isla",
                "country_id": self.env.ref("base.pr").id,
                "state_id": False,
            }
        )
        long_name = self.bob.copy(
            {"name": "The Very Honorable Maximilian Featherstonehaugh of Cholmondeley"}
        )
        marketing = purposes._get("contact_inactive", self.company)
        cases = [
            # customer, size, postage, purpose, what is in the request
            (self.bob, "6x9", "usps_standard", None, {"mail_type": "usps_standard"}),
            (self.bob, "4x6", "usps_standard", None, {"mail_type": "usps_first_class"}),
            (self.bob, "4x6", "usps_first_class", marketing, {"use_type": "marketing"}),
            (
                abroad,
                "6x9",
                "usps_standard",
                None,
                {
                    "size": "4x6",
                    "mail_type": None,
                    "to[address_country]": "CA",
                    "to[address_state]": "ON",
                    "from[address_line1]": "12 Main St",
                },
            ),
            (
                island,
                "4x6",
                "usps_first_class",
                None,
                {"to[address_country]": "US", "to[address_state]": "PR"},
            ),
            (
                long_name,
                "4x6",
                "usps_first_class",
                None,
                {
                    "to[name]": "The Very Honorable Maximilian",
                    "to[company]": "Featherstonehaugh of Cholmondeley",
                },
            ),
        ]
        for customer, size, postage, purpose, expected in cases:
            with self.subTest(customer=customer.name, size=size, postage=postage):
                self.setup.write({"post_size": size, "lob_mail_type": postage})
                card = self._send_cards(
                    customer, purpose_id=purpose.id if purpose else None
                )
                self._run_queue()
                self.assertEqual(card.state, "sent", card.failure_reason)
                form = self._posts()[-1]["fields"]
                for name, value in expected.items():
                    found = form.get(name)
                    self.assertEqual(found and found.decode(), value, name)
                self.assertEqual(card.post_size, form["size"].decode())

    def test_answers(self):
        # behaviour, state of the order, of the history, tried again, cards mailed
        cases = [
            ("ok", "accepted", "sent", False, 1),
            ("busy", "waiting", "queued", True, 0),
            ("busy:300", "waiting", "queued", True, 0),
            ("down", "waiting", "queued", True, 0),
            ("error", "waiting", "queued", True, 0),
            ("error_taken", "waiting", "queued", True, 1),
            ("conflict", "waiting", "queued", True, 0),
            ("garbage", "waiting", "queued", True, 1),
            ("hang", "waiting", "queued", True, 0),
            ("hang_taken", "waiting", "queued", True, 1),
            ("close", "waiting", "queued", True, 0),
            ("close_taken", "waiting", "queued", True, 1),
            ("422:invalid:to.address_zip is invalid", "failed", "failed", False, 0),
            ("422:failed_deliverability_strictness:No", "failed", "failed", False, 0),
            ("422:invalid_file_dimensions:Too small", "failed", "failed", False, 0),
            ("413:file_size_exceeds_limit:Too big", "failed", "failed", False, 0),
        ]
        names = [f"Customer {index}" for index in range(len(cases))]
        cards = self._send_cards(self._create_people(*names))
        for name, case in zip(names, cases, strict=True):
            self.lob.behaviours[name].append(case[0])
        self._run_queue()
        for card, name, case in zip(cards, names, cases, strict=True):
            behaviour, state, history, again, mailed = case
            with self.subTest(behaviour):
                order = card.postcard_order_ids
                self.assertEqual((order.state, card.state), (state, history))
                self.assertEqual(bool(order.next_try_at), again or state == "accepted")
                self.assertEqual(self.lob.mailed(name), mailed)
                self.assertEqual(bool(card.failure_reason), history == "failed")
        waits = cards[2].postcard_order_ids
        self.assertGreater(
            waits.next_try_at, fields.Datetime.now() + timedelta(seconds=200)
        )

    def test_what_becomes_of_it_in_the_end(self):
        """Nothing is lost and nothing is mailed twice, whatever happens between."""
        cases = [
            ["busy", "busy", "ok"],
            ["down", "error", "ok"],
            ["error_taken", "ok"],
            ["hang_taken", "close", "busy", "ok"],
            ["close_taken", "garbage", "ok"],
            ["garbage", "error_taken", "ok"],
            ["conflict", "ok"],
        ]
        names = [f"Customer {index}" for index in range(len(cases))]
        cards = self._send_cards(self._create_people(*names))
        for name, behaviours in zip(names, cases, strict=True):
            self.lob.behaviours[name].extend(behaviours)
        for minutes in (0, 10, 30, 90, 200):
            self._run_queue(minutes)
        for card, name, behaviours in zip(cards, names, cases, strict=True):
            with self.subTest(behaviours=behaviours):
                self.assertEqual((card.state, self.lob.mailed(name)), ("sent", 1))
                keys = {
                    request["key"]
                    for request in self._posts()
                    if request["fields"]["to[name]"].decode() == name
                }
                self.assertEqual(len(keys), 1)

    def test_after_the_key_has_expired_lob_is_asked(self):
        names = ["Taken", "Absent", "Silent"]
        cards = self._send_cards(self._create_people(*names))
        self.lob.behaviours["Taken"].append("hang_taken")
        self.lob.behaviours["Absent"].append("hang")
        self._run_queue()
        taken, absent = cards[0], cards[1]
        self.assertEqual(taken.state, "queued")
        before = len(self._posts())
        self._run_queue(minutes=24 * 60)
        self.assertEqual(len(self._posts()), before)
        self.assertEqual((taken.state, self.lob.mailed("Taken")), ("sent", 1))
        self.assertEqual(
            (absent.state, absent.reason_code, self.lob.mailed("Absent")),
            ("unknown", "not_known", 0),
        )
        self.assertEqual(self.setup.post_unknown_count, 1)
        # Nobody but a person sends it again; then with a new key.
        self._run_queue(minutes=48 * 60)
        self.assertEqual(absent.state, "unknown")
        self._as(absent, self.staff).action_send_again()
        absent._dispatch()
        self._run_queue()
        self.assertEqual((absent.state, self.lob.mailed("Absent")), ("sent", 1))
        self.assertEqual(len(set(absent.postcard_order_ids.mapped("key"))), 2)
        self.assertEqual(self.setup.post_unknown_count, 0)

    def test_a_person_knows_that_it_was_mailed(self):
        card = self._send_cards(self._create_people("Ann"))
        self.lob.behaviours["Ann"].append("hang")
        self._run_queue()
        self._run_queue(minutes=24 * 60)
        self.assertEqual(card.state, "unknown")
        self._as(card, self.staff).action_mark_sent()
        self.assertEqual(
            (card.state, card.postcard_order_ids.state), ("sent", "accepted")
        )

    def test_while_lob_cannot_be_asked_nothing_is_decided(self):
        card = self._send_cards(self._create_people("Ann"))
        self.lob.behaviours["Ann"].append("hang")
        self._run_queue()
        self.lob.list_status = 500
        self._run_queue(minutes=24 * 60)
        self.assertEqual(card.state, "queued")
        self.lob.list_status = 200
        self._run_queue(minutes=30 * 60)
        self.assertEqual(card.state, "unknown")

    def test_what_lob_does_not_take_for_days_is_given_up(self):
        card = self._send_cards(self._create_people("Ann"))
        self.lob.always = "busy"
        self._run_queue()
        self._run_queue(minutes=2 * 24 * 60)
        self.assertEqual(card.state, "queued")
        self._run_queue(minutes=4 * 24 * 60)
        self.assertEqual((card.state, card.reason_code), ("failed", "provider"))
        self.assertIn("Rate limit exceeded", card.failure_reason)

    def test_an_account_that_is_refused_stops_the_location(self):
        other = self._create_setup(self.other_company, post_enabled=True)
        self._set_up_lob(other)
        cases = [
            ("401:invalid_api_key:The key is not valid", "The key is not valid"),
            ("402:payment_required:Pay first", "Pay first"),
            ("403:billing_address_required:Set a billing address", "billing address"),
            (f"401:unauthorized:no {LIVE_KEY} here", "no … here"),
        ]
        for index, (behaviour, words) in enumerate(cases):
            with self.subTest(behaviour):
                names = [f"{index}-{number}" for number in range(3)]
                cards = self._send_cards(self._create_people(*names))
                theirs = self._send_cards(
                    self._create_people(f"Their {index}"), self.other_company
                )
                self.lob.always = behaviour
                self.lob.behaviours[f"Their {index}"].append("ok")
                self._run_queue()
                self.lob.always = "ok"
                self.assertEqual(set(cards.mapped("state")), {"queued"})
                self.assertIn(words, self.setup.post_problem)
                self.assertNotIn(LIVE_KEY, self.setup.post_problem)
                self.assertEqual(theirs.state, "sent")
                self.assertFalse(other.post_problem)
                before = len(self._posts())
                self._run_queue(minutes=60)
                self.assertEqual(len(self._posts()), before)
                self._as(self.setup, self.manager).action_retry_postcards()
                self.assertFalse(self.setup.post_problem)
                self._run_queue()
                self.assertEqual(set(cards.mapped("state")), {"sent"})
                for name in names:
                    self.assertEqual(self.lob.mailed(name), 1)

    def test_another_key_sets_the_queue_going_again(self):
        self.setup.lob_live_key = "live_00000000000000000000"
        card = self._send_cards(self.bob)
        self._run_queue()
        self.assertTrue(self.setup.post_problem)
        self._as(self.setup, self.manager).lob_live_key = LIVE_KEY
        self.assertFalse(self.setup.post_problem)
        self._run_queue()
        self.assertEqual(card.state, "sent")

    def test_an_address_that_lob_refuses_is_shown_on_the_customer(self):
        words = "to.address_line1 is not a known street"
        self.lob.behaviours["Bob Long"].append(f"422:invalid:{words}")
        card = self._send_cards(self.bob)
        self._run_queue()
        self.assertEqual((card.state, card.reason_code), ("failed", "invalid_address"))
        self.assertIn(words, card.failure_reason)
        self.assertEqual(self.bob.postal_problem, words)
        # He counts as without postal address: in the plan as well.
        self._set_rule("inactive", 90, "post", interval=90, dead=365)
        self._invoice("2026-01-01", vehicle=self.bobs_car)
        self.assertFalse(self._run("2026-04-01"))
        due = self.env["customer.contact.due"].search(
            [("partner_id", "=", self.bob.id), ("company_id", "=", self.company.id)]
        )
        self.assertEqual(due.mapped("state"), ["unreachable"])
        self.bob.street = "46 Oak Ave"
        self.assertFalse(self.bob.postal_problem)
        self._as(card, self.staff).action_send_again()
        card._dispatch()
        self._run_queue()
        self.assertEqual((card.state, self.lob.mailed("Bob Long")), ("sent", 1))

    def test_an_address_beyond_lobs_limits_is_not_even_sent(self):
        cases = [
            ({"street": "1" * 40, "street2": "2" * 11}, "more than 50 signs"),
            ({"name": "N" * 41}, "The name is too long"),
            ({"name": "N " * 60}, "The name is too long"),
        ]
        for vals, sentence in cases:
            with self.subTest(vals=vals):
                partner = self.bob.copy(vals)
                card = self._send_cards(partner, body="<p>Hello</p>")
                self._run_queue()
                self.assertEqual(card.state, "failed")
                self.assertIn(sentence, partner.postal_problem)
        self.assertFalse(self._posts())

    def test_test_mode(self):
        self.setup.lob_mode = "test"
        card = self._send_cards(self.bob)
        self._run_queue()
        (request,) = self._posts()
        self.assertEqual(request["mode"], "test")
        self.assertEqual((card.state, card.reason_code), ("cancelled", "test_mode"))
        self.assertFalse(card.sent_at)
        self.assertTrue(card.postcard_order_ids.is_test)
        self.assertFalse(card.can_cancel_postcard)
        self.assertEqual(self.lob.mailed("Bob Long"), 0)
        # Live, and a person sends it again.
        self.setup.lob_mode = "live"
        card.action_send_again()
        card._dispatch()
        self._run_queue()
        self.assertEqual((card.state, self.lob.mailed("Bob Long")), ("sent", 1))

    def test_what_is_in_doubt_stays_in_the_mode_it_was_sent_in(self):
        for mode, other in (("live", "test"), ("test", "live")):
            with self.subTest(mode):
                self.setup.lob_mode = mode
                (partner,) = self._create_people(f"Customer {mode}")
                self.lob.behaviours[partner.name].append("hang_taken")
                card = self._send_cards(partner)
                self._run_queue()
                self.setup.lob_mode = other
                self._run_queue(minutes=30)
                self.assertEqual(self._posts()[-1]["mode"], mode)
                self.assertEqual(card.state, "sent" if mode == "live" else "cancelled")

    def test_who_may_not_be_written_to_any_more_is_left_out(self):
        cases = [
            ("consent", {"do_not_mail": True}, "do_not_mail"),
            ("address", {"street": False}, "no_address"),
        ]
        purpose = self.env["customer.interaction.purpose"]._get(
            "contact_inactive", self.company
        )
        for name, vals, code in cases:
            with self.subTest(name):
                (partner,) = self._create_people(name)
                card = self._send_cards(partner, purpose_id=purpose.id)
                partner.write(vals)
                self._run_queue()
                self.assertEqual((card.state, card.reason_code), ("cancelled", code))
                self.assertEqual(card.postcard_order_ids.state, "cancelled")
        self.assertFalse(self._posts())

    def test_who_opts_out_while_the_outcome_is_in_doubt(self):
        purpose = self.env["customer.interaction.purpose"]._get(
            "contact_inactive", self.company
        )
        partners = self._create_people("Taken", "Absent")
        self.lob.behaviours["Taken"].append("hang_taken")
        self.lob.behaviours["Absent"].append("hang")
        cards = self._send_cards(partners, purpose_id=purpose.id)
        self._run_queue()
        before = len(self._posts())
        partners.do_not_mail = True
        self._run_queue(minutes=30)
        self.assertEqual(len(self._posts()), before)
        self.assertEqual(cards.mapped("state"), ["sent", "cancelled"])
        self.assertEqual(cards[1].reason_code, "do_not_mail")

    def test_stopping_a_card(self):
        partners = self._create_people("Waiting", "Taken", "Late", "Doubt")
        cards = self._send_cards(partners)
        waiting, taken, late, doubt = cards
        self.assertTrue(waiting.can_cancel_postcard)
        self._as(waiting, self.staff).action_cancel_postcard()
        self.assertEqual(
            (waiting.state, waiting.postcard_order_ids.state),
            ("cancelled", "cancelled"),
        )
        self.lob.behaviours["Doubt"].append("hang_taken")
        self._run_queue()
        self.assertEqual((taken.state, late.state), ("sent", "sent"))
        self.assertEqual(self.lob.mailed("Waiting"), 0)
        for card in (taken, doubt):
            self._as(card, self.staff).action_cancel_postcard()
            self.assertFalse(card.can_cancel_postcard)
        self._run_queue()
        self._run_queue(minutes=1)
        for card, name in ((taken, "Taken"), (doubt, "Doubt")):
            with self.subTest(name):
                self.assertEqual(self.lob.mailed(name), 0)
                self.assertEqual(card.state, "cancelled")
                self.assertFalse(card.sent_at)
                self.assertIn("Blocked by", card.failure_reason)
        self.lob.accepts_cancel = False
        self._as(late, self.staff).action_cancel_postcard()
        self._run_queue()
        self.assertEqual((late.state, self.lob.mailed("Late")), ("sent", 1))
        self.assertIn("It is in production", late.postcard_order_ids.note)
        with self.assertRaisesRegex(UserError, "too late"):
            late.action_cancel_postcard()
        self.lob.accepts_cancel = True

    def test_after_its_time_a_card_cannot_be_stopped(self):
        card = self._send_cards(self.bob)
        self._run_queue()
        with freeze_time(fields.Datetime.now() + timedelta(minutes=6)):
            card.invalidate_recordset()
            card.postcard_order_ids.invalidate_recordset()
            self.assertFalse(card.can_cancel_postcard)
            with self.assertRaisesRegex(UserError, "too late"):
                card.action_cancel_postcard()

    def test_a_card_that_lob_cannot_print_after_all(self):
        # what Lob says an hour later, and then
        cases = [
            (["rendered"], "sent", "accepted"),
            (["failed"], "failed", "failed"),
            (["processed", "failed"], "failed", "failed"),
            (["processed", "rendered"], "sent", "accepted"),
        ]
        for index, (statuses, history, state) in enumerate(cases):
            with self.subTest(statuses=statuses):
                card = self._send_cards(self._create_people(f"Customer {index}"))
                self._run_queue()
                for hours, status in enumerate(statuses, start=1):
                    self.lob.status = status
                    self._run_queue(minutes=hours * 65)
                order = card.postcard_order_ids
                self.assertEqual((card.state, order.state), (history, state))
                self.assertFalse(order.next_try_at)
                if history == "failed":
                    self.assertIn("The back is too dark", card.failure_reason)

    def test_leaving_lob_gives_waiting_cards_to_the_print_run(self):
        partners = self._create_people("Waiting", "Doubt")
        waiting, doubt = self._send_cards(partners)
        self.lob.behaviours["Waiting"].append("busy")
        self.lob.behaviours["Doubt"].append("hang_taken")
        self._run_queue()
        self._as(self.setup, self.manager).post_provider = "print_run"
        self.assertEqual(
            (waiting.state, waiting.post_provider), ("queued", "print_run")
        )
        self.assertTrue(waiting.print_run_id)
        self._run_queue(minutes=30)
        # What Lob may have had is settled with Lob.
        self.assertEqual((doubt.state, doubt.post_provider), ("sent", "lob"))
        self.assertEqual(self.lob.mailed("Doubt"), 1)
        self.assertEqual(self.lob.mailed("Waiting"), 0)
        self.assertFalse(doubt.print_run_id)

    def test_misfits_are_not_ordered(self):
        card = self._send_cards(self.bob, body="<p>%s</p>" % ("long " * 900))
        self.assertEqual((card.state, card.reason_code), ("failed", "not_printable"))
        self.assertFalse(card.postcard_order_ids)

    def test_requests_go_side_by_side(self):
        names = [f"Customer {index}" for index in range(12)]
        self._send_cards(self._create_people(*names))
        self.lob.delay = 0.2
        started = fields.Datetime.now()
        self._run_queue()
        self.assertLess(fields.Datetime.now() - started, timedelta(seconds=12 * 0.2))
        self.assertEqual([self.lob.mailed(name) for name in names], [1] * 12)


@tagged("post_install", "-at_install")
class TestLobAccount(LobCommon):
    """Keys: who enters and reads them, and where they never appear."""

    def test_keys_are_checked(self):
        cases = [
            ({"lob_live_key": TEST_KEY}, "begins with live_"),
            ({"lob_test_key": LIVE_KEY}, "begins with test_"),
            ({"lob_live_key": "live_pub_0123456789abcdef"}, "Publishable"),
            ({"lob_live_key": "secret"}, "begins with live_"),
            ({"lob_live_key": False}, "Enter Lob's live key"),
            ({"lob_mode": "test", "lob_test_key": False}, "Enter Lob's test key"),
        ]
        for vals, sentence in cases:
            with (
                self.subTest(vals=vals),
                self.assertRaisesRegex(ValidationError, sentence) as caught,
                self.env.cr.savepoint(),
            ):
                self._as(self.setup, self.manager).write(vals)
            for key in (TEST_KEY, LIVE_KEY, "secret"):
                self.assertNotIn(key, str(caught.exception))

    def test_only_managers_read_the_keys(self):
        self.manager.group_ids += self.env.ref("base.group_allow_export")
        for name in ("lob_test_key", "lob_live_key"):
            with self.subTest(name):
                manager = self._as(self.setup, self.manager)
                self.assertTrue(manager.read([name])[0][name])
                self.assertNotIn(
                    name, self._as(self.setup, self.staff).fields_get([name])
                )
                with self.assertRaises(AccessError):
                    self._as(self.setup, self.staff).read([name])
                with self.assertRaises(AccessError):
                    self._as(self.setup, self.staff).search([(name, "like", "live%")])
                rows = manager.export_data([name])["datas"]
                self.assertEqual(rows, [[""]])
        self.assertNotIn(
            LIVE_KEY, str(self._as(self.setup, self.staff).search_read([]))
        )

    def test_keys_are_in_no_log(self):
        self.lob.behaviours["Bob Long"].extend(
            ["hang", "close", f"422:invalid:{LIVE_KEY}"]
        )
        card = self._send_cards(self.bob)
        with self.assertLogs(level=logging.DEBUG) as logs:
            for minutes in (0, 30, 90):
                self._run_queue(minutes)
        shown = "\n".join(logs.output)
        secrets = [LIVE_KEY, base64.b64encode(f"{LIVE_KEY}:".encode()).decode()]
        for secret in secrets:
            self.assertNotIn(secret, shown)
            self.assertNotIn(secret, card.failure_reason or "")
            self.assertNotIn(secret, card.postcard_order_ids.note or "")

    def test_checking_the_key(self):
        manager = self._as(self.setup, self.manager)
        action = manager.action_check_lob()
        self.assertEqual(action["params"]["type"], "success")
        self.setup.lob_live_key = "live_00000000000000000000"
        with self.assertRaisesRegex(UserError, "Not valid"):
            manager.action_check_lob()
        self.setup.lob_live_key = LIVE_KEY
        self.lob.ping_status = 500
        with self.assertRaisesRegex(UserError, "Try again in a minute"):
            manager.action_check_lob()
        with self.assertRaises(AccessError):
            self._as(self.setup, self.staff).action_check_lob()

    def test_who_may_do_what(self):
        card = self._send_cards(self.bob)
        order = card.postcard_order_ids
        for user in (self.staff, self.manager):
            with self.subTest(user.login):
                self.assertTrue(self._as(order, user).read(["state"]))
                with self.assertRaises(AccessError):
                    self._as(order, user).state = "accepted"
                with self.assertRaises(AccessError):
                    self._as(self.setup, user).post_problem = "x"
        for user in (self.outsider, self.employee):
            with self.subTest(user.login):
                with self.assertRaises(AccessError):
                    self._as(order, user).read(["state"])
                with self.assertRaises(AccessError):
                    self._as(order, user).action_cancel()
        with self.assertRaises(AccessError):
            self._as(self.setup, self.staff).action_retry_postcards()
