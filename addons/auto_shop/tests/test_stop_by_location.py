# Copyright 2026 Auto Shop Suite
# License LGPL-3.0 or later (https://www.gnu.org/licenses/lgpl).
from datetime import timedelta

from odoo import fields
from odoo.exceptions import UserError
from odoo.fields import Command
from odoo.tests import tagged

from .test_consent import NUMBER, OTHER_NUMBER, ConsentCommon

SERVICE = f"MG{'0' * 32}"


@tagged("post_install", "-at_install")
class TestStopByLocation(ConsentCommon):
    """STOP stops every location, START brings back the one that it is texted to."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.locations = {"A": cls.company, "B": cls.other_company}
        # The tester works for both.
        cls.env.user.company_ids = [Command.link(cls.other_company.id)]
        # The contact of everybody's own company is out of the way: two locations.
        (cls.env["res.company"].search([]) - cls.company - cls.other_company).write(
            {"active": False}
        )
        cls.of_a = cls._create_customer(company_id=cls.company.id)
        cls.of_b = cls._create_customer(company_id=cls.other_company.id)
        cls.customers = cls.customer | cls.of_a | cls.of_b

    def _happen(self, *events):
        for event in events:
            what, _space, where = event.partition(" ")
            partners = self.env["res.partner"].sudo()
            partners = partners.with_company(self.locations.get(where))
            if what == "STOP":
                partners._text_stop(NUMBER, "text", note="STOP")
            elif what == "refused":
                partners._text_stop(NUMBER, "provider", note="21610")
            elif what == "START":
                partners._text_start(NUMBER, "text", note="START")
            elif what == "block":
                self.env["phone.blacklist"].with_user(self.admin).add(NUMBER)
            elif what == "unblock":
                self.env["phone.blacklist"].with_user(self.admin).remove(NUMBER)

    def _textable(self, customer):
        """Names of the locations that can text ``customer``, by every way to ask."""
        found = ""
        for name, location in self.locations.items():
            here = customer.with_company(location)
            reason = customer._text_block_reasons(location).get(customer.id)
            self.assertEqual(here.can_be_texted, not reason)
            self.assertEqual(here.text_block_reason or None, reason and reason[1])
            for can in (True, False):
                self.assertEqual(
                    here.search_count(
                        [("id", "=", customer.id), ("can_be_texted", "=", can)]
                    ),
                    int(can is not bool(reason)),
                )
            self.assertEqual(
                here.search_count(
                    [("id", "=", customer.id), ("text_stopped_at", "!=", False)]
                ),
                int(bool(here.text_stopped_at)),
            )
            if not reason:
                found += name
        return found

    def test_what_happened_and_who_may_text(self):
        # what happened, who may text a customer of both, one of A, one of B
        cases = [
            ([], "AB"),
            (["START A"], "AB"),
            (["STOP A"], ""),
            (["STOP A", "START A"], "A"),
            (["STOP A", "START B"], "B"),
            (["STOP A", "START A", "START A"], "A"),
            (["STOP A", "START A", "START B"], "AB"),
            (["STOP A", "STOP B", "START A"], "A"),
            (["STOP A", "START A", "STOP B"], ""),
            (["STOP A", "START A", "STOP A"], ""),
            (["STOP A", "START A", "START B", "STOP B", "START B"], "B"),
            (["refused A"], ""),
            (["refused B", "START B"], "B"),
            (["STOP A", "START A", "refused A"], ""),
            (["block"], ""),
            (["block", "unblock"], "AB"),
            (["block", "START A"], "A"),
            (["block", "START A", "unblock"], "AB"),
            (["STOP A", "START A", "block"], ""),
            (["STOP A", "START A", "block", "START B"], "B"),
        ]
        for events, expected in cases:
            with self.subTest(events=events), self.env.cr.savepoint() as savepoint:
                self._happen(*events)
                self.assertEqual(self._textable(self.customer), expected)
                # Each location knows its own customers alone.
                for name, customer in (("A", self.of_a), ("B", self.of_b)):
                    reasons = customer._text_block_reasons(self.locations[name])
                    self.assertEqual(not reasons, name in expected)
                # Odoo's own list knows no locations: it stays on the safe side.
                self.assertEqual(bool(self._blocked()), expected != "AB")
                savepoint.rollback()
            self.env.invalidate_all()

    def test_a_start_gives_no_consent_for_customers_of_another_location(self):
        self._happen("STOP A", "START A")
        self.assertEqual(self.customers.mapped("allow_texting"), [True, True, False])
        self.assertFalse(self._rows(self.of_b)[-1][1])

    def test_a_number_that_nobody_has_yet(self):
        self.customers.mobile = False
        self._happen("STOP A", "START B")
        newcomer = self._create_customer()
        self.assertEqual(self._textable(newcomer), "B")

    def test_a_new_location_is_stopped_too(self):
        self._happen("STOP A", "START A")
        new = self.env["res.company"].create({"name": "New"})
        self.locations = {**self.locations, "C": new}
        self.env.user.company_ids = [Command.link(new.id)]
        self.assertEqual(self._textable(self.customer), "A")

    def test_another_number_does_not_bring_him_back(self):
        self._happen("STOP A", "START A")
        self.customer.mobile = OTHER_NUMBER
        self.assertEqual(self._textable(self.customer), "A")
        self.customer.mobile = NUMBER
        self._start(location=self.other_company)
        self.customer.mobile = OTHER_NUMBER
        self.assertEqual(self._textable(self.customer), "AB")

    def test_one_line_of_two_locations(self):
        """What is texted to a Messaging Service is texted to all who send by it."""
        for location in self.locations.values():
            location.write(
                {
                    "sms_provider": "twilio",
                    "sms_twilio_account_sid": f"AC{'0' * 32}",
                    "sms_twilio_auth_token": "token",
                    "twilio_messaging_service_sid": SERVICE,
                }
            )
        self._happen("STOP A", "START A")
        self.assertEqual(self._textable(self.customer), "AB")
        self.other_company.twilio_messaging_service_sid = f"MG{'1' * 32}"
        self._happen("STOP A", "START A")
        self.assertEqual(self._textable(self.customer), "A")

    def test_the_sentence_names_the_location(self):
        self._happen("STOP A", "START A")
        stranger = self._create_customer(allow_texting=True)
        for customer in (self.customer, stranger):
            with self.subTest(customer=customer):
                reasons = customer._text_block_reasons(self.other_company)
                self.assertRegex(reasons[customer.id][1], "START.* to Airport Auto")

    def test_the_proof_says_which_location(self):
        self._happen("STOP A", "START B", "refused A")
        self.assertEqual(
            self.customer.consent_ids.sorted("id").mapped("location_id"),
            self.company | self.other_company | self.company,
        )

    # === WHO ASKS ===

    def test_badges_speak_for_the_location_of_the_record(self):
        self._happen("STOP A", "START A")
        for name, location in self.locations.items():
            order = self._create_order(self.customer, company_id=location.id)
            event = self.env["calendar.event"].create(
                {
                    "name": "Visit",
                    "customer_id": self.customer.id,
                    "company_id": location.id,
                    "shop_state": "booked",
                    "start": fields.Datetime.now(),
                    "stop": fields.Datetime.now() + timedelta(hours=1),
                }
            )
            invoice = self.env["account.move"].new(
                {"partner_id": self.customer.id, "company_id": location.id}
            )
            thread = self.env["customer.text.thread"]._get_thread(
                location, self.customer
            )
            for current in self.locations.values():
                with self.subTest(location=name, current=current.name):
                    can = name == "A"
                    for record in (order, event, invoice):
                        record = record.with_company(current)
                        self.assertEqual(record.can_be_texted, can)
                        self.assertEqual(bool(record.text_block_reason), not can)
                    thread = thread.with_company(current)
                    header = thread._get_conversation_header()
                    self.assertEqual(bool(header["block_reason"]), not can)
            if name == "A":
                self.assertTrue(thread.send_text("Hello"))
            else:
                with self.assertRaisesRegex(UserError, "Airport Auto"):
                    thread.send_text("Hello")

    def test_what_waits_is_looked_at_for_its_own_location(self):
        """In one batch, whatever location it is dispatched from."""
        help_purpose = self.env["customer.interaction.purpose"]._get("text_help")
        self._happen("STOP A", "START A")
        rows = self.env["customer.interaction"].create(
            [
                {
                    "company_id": location.id,
                    "partner_id": partner,
                    "number": NUMBER,
                    "channel": "sms",
                    **vals,
                }
                for location in self.locations.values()
                for partner, vals in (
                    (self.customer.id, {"body": "Ready"}),
                    # The answer to a word, to a customer and to a number.
                    (self.customer.id, {"purpose_id": help_purpose.id}),
                    (False, {"purpose_id": help_purpose.id}),
                )
            ]
        )
        for current in self.locations.values():
            reasons = rows.with_company(current)._block_reasons()
            self.assertEqual(
                [reasons.get(row.id, (None,))[0] for row in rows],
                [None] * 3 + ["opted_out"] * 3,
            )

    def test_texts_to_a_bare_number(self):
        self._happen("STOP A", "START A")
        for name, location in self.locations.items():
            with self.subTest(location=name):
                text = self.env["sms.sms"].create(
                    {
                        "number": NUMBER,
                        "body": "Hello",
                        "record_company_id": location.id,
                    }
                )
                blocked = text.with_company(location)._get_loose_block_reasons()
                self.assertEqual(not blocked, name == "A")

    def test_queries_do_not_grow_with_the_texts(self):
        counts = []
        for index, size in enumerate((10, 10, 100)):
            customers = self.env["res.partner"].create(
                [
                    {
                        "name": f"Customer {number}",
                        "mobile": f"512-557-{1000 * index + number:04d}",
                        "country_id": self.country_us.id,
                        "allow_texting": True,
                    }
                    for number in range(size)
                ]
            )
            for number in customers[::2].mapped("text_number"):
                self._stop(number)
                self._start(number)
            rows = self.env["customer.interaction"].create(
                [
                    {
                        "company_id": location.id,
                        "partner_id": customer.id,
                        "number": customer.text_number,
                        "channel": "sms",
                        "body": "Ready",
                    }
                    for location in self.locations.values()
                    for customer in customers
                ]
            )
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            self.assertEqual(len(rows._block_reasons()), size / 2)
            counts.append(self.env.cr.sql_log_count - before)
        self.assertLessEqual(counts[-1], counts[-2] + 2)

    # === NOBODY ELSE ===

    def test_staff_decide_where_the_customer_came_back_and_nowhere_else(self):
        self._happen("STOP A", "START A")
        customer = self.customer.with_user(self.staff)
        customer.allow_texting = False
        customer.allow_texting = True
        for user in (self.outsider, self.env.user):
            customer = self.customer.with_user(user).with_company(self.other_company)
            with self.assertRaisesRegex(UserError, "number of Airport Auto"):
                customer.allow_texting = True
        self.assertEqual(self._textable(self.customer), "A")

    def test_nobody_makes_up_a_start(self):
        self._happen("STOP A")
        link = [Command.link(self.other_company.id)]
        attempts = [
            lambda env: self.customer.with_env(env).write(
                {"sms_started_company_ids": link}
            ),
            lambda env: (
                self.customer.with_env(env)
                .sudo()
                .write({"sms_started_company_ids": link})
            ),
            lambda env: env["res.partner"].create(
                {"name": "Ann", "sms_started_company_ids": link}
            ),
            lambda env: (
                self._blocked()
                .with_env(env)
                .sudo()
                .write({"sms_started_company_ids": link})
            ),
            lambda env: (
                env["phone.blacklist"]
                .sudo()
                .create({"number": NUMBER, "sms_started_company_ids": link})
            ),
        ]
        for who, user in self._people().items():
            for index, attempt in enumerate(attempts):
                with self.subTest(who=who, attempt=index):
                    with self.assertRaises(UserError):
                        attempt(self.env(user=user))
        defaults = {"default_sms_started_company_ids": self.company.ids}
        newcomer = self.env["res.partner"].with_context(**defaults)
        newcomer = newcomer.create({"name": "Ann", "mobile": NUMBER})
        self.assertFalse(newcomer.sms_started_company_ids)
        self.assertEqual(self._textable(self.customer), "")

    def test_a_merge_keeps_the_strictest(self):
        # where the two came back to, and what is left; None never stopped
        cases = [
            ("A", "A", "A"),
            ("A", "B", ""),
            ("A", "", ""),
            ("AB", "B", "B"),
            ("A", None, "A"),
        ]
        merge = self.env["base.partner.merge.automatic.wizard"].with_user(self.admin)
        for index, (first, second, expected) in enumerate(cases):
            for turned in (False, True):
                with self.subTest(first=first, second=second, turned=turned):
                    contacts = self.env["res.partner"]
                    for place, starts in enumerate((first, second)):
                        number = f"+1512557{index}{place}{int(turned)}9"
                        contact = self._create_customer(mobile=number)
                        contacts += contact
                        if starts is not None:
                            self._stop(number)
                            for name in starts:
                                self._start(number, self.locations[name])
                    target = contacts[int(turned)]
                    merge._merge(contacts.ids, target.with_user(self.admin))
                    self.assertEqual(
                        "".join(
                            name
                            for name, location in self.locations.items()
                            if not target.with_company(location).text_stopped_at
                        ),
                        expected,
                    )

    # === BY TEXT ===

    def _receive(self, location, body, ref):
        return self.env["sms.sms"]._receive_text(location, NUMBER, "", body, ref)

    def test_by_text(self):
        self._receive(self.company, "STOP", "SM1")
        self.assertEqual(self._textable(self.customer), "")
        self._receive(self.company, "START", "SM2")
        self.assertEqual(self._textable(self.customer), "A")
        # YES means START to a location that is stopped, and "I confirm" to another.
        self._receive(self.company, "YES", "SM3")
        self.assertEqual(self._textable(self.customer), "A")
        self._receive(self.other_company, "YES", "SM4")
        self.assertEqual(self._textable(self.customer), "AB")

    def test_the_sandbox_plays_no_start_for_a_real_stop(self):
        def play(word, location=self.company):
            self.env["sms.sandbox.reply"].create(
                {"number": NUMBER, "body": word, "company_id": location.id}
            ).action_receive()

        (self.company | self.other_company).sms_provider = "sandbox"
        # Played in the sandbox it is as with real texts.
        play("STOP")
        play("START")
        self.assertEqual(self._textable(self.customer), "A")
        play("START", self.other_company)
        self.assertEqual(self._textable(self.customer), "AB")
        # A real START to one location is none to the other.
        self.other_company.sms_provider = "twilio"
        self._receive(self.other_company, "STOP", "SM1")
        self._receive(self.other_company, "START", "SM2")
        with self.assertRaises(UserError):
            play("START")
        self.assertEqual(self._textable(self.customer), "B")
        # What was only played does not bind a location where nobody can play.
        play("STOP")
        with self.assertRaises(UserError):
            play("START")
        self._receive(self.company, "START", "SM3")
        self._receive(self.other_company, "START", "SM4")
        play("STOP")
        self.assertEqual(self._textable(self.customer), "")
        play("START")
        self.assertEqual(self._textable(self.customer), "AB")
