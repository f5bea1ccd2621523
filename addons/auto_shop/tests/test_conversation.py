# Copyright 2026 Auto Shop Suite
# License LGPL-3.0 or later (https://www.gnu.org/licenses/lgpl).
from ast import literal_eval
from datetime import datetime, timedelta

from freezegun import freeze_time

from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from .common import AutoShopCommon

NOW = datetime(2026, 5, 20, 15, 0)


@tagged("post_install", "-at_install")
class TestConversation(AutoShopCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.threads = cls.env["customer.text.thread"]
        cls.customer = cls._create_customer()
        cls.enterClassContext(freeze_time(NOW))

    @classmethod
    def _create_text(cls, partner=None, minutes_ago=0, **vals):
        row = cls.env["customer.interaction"].create(
            {
                "company_id": cls.company.id,
                "partner_id": partner.id if partner else False,
                "channel": "sms",
                "direction": "in",
                "state": "delivered",
                "body": "Hello",
                "number": partner.text_number if partner else "+15125550199",
                "planned_at": NOW - timedelta(minutes=minutes_ago),
                **vals,
            }
        )
        cls.threads._touch(row)
        return row

    def _get_thread(self, partner=None, company=None, user=None, number="+15125550199"):
        partner = partner or self.env["res.partner"]
        thread = self.threads._get_thread(company or self.company, partner, number)
        return self._as(thread, user or self.staff)

    # === THE LIST ===

    def test_unread_come_first_then_the_newest(self):
        others = [self._create_customer(name=n, mobile=False) for n in ("B", "C", "D")]
        self._create_text(others[0], minutes_ago=1)
        self._create_text(others[1], minutes_ago=60, is_unread=True)
        self._create_text(others[2], minutes_ago=5)
        self._create_text(self.customer, minutes_ago=600, is_unread=True)
        found = self._as(self.threads, self.staff).search([])
        self.assertEqual(found.mapped("title"), ["C", "Ann Miller", "B", "D"])

    def test_an_older_text_does_not_hide_the_newer_one(self):
        self._create_text(self.customer, minutes_ago=1, body="Newest")
        self._create_text(self.customer, minutes_ago=90, body="Old", is_unread=True)
        thread = self._get_thread(self.customer)
        self.assertEqual(thread.last_body, "Newest")
        self.assertEqual(thread.last_text_at, NOW - timedelta(minutes=1))
        self.assertEqual(thread.unread_count, 1)

    def test_search_by_name_and_by_number(self):
        self._create_text(self.customer)
        self._create_text()
        found = self._as(self.threads, self.staff)
        for value, title in (
            ("miller", "Ann Miller"),
            ("5550199", "(512) 555-0199"),
            ("(512) 555-0199", "(512) 555-0199"),
        ):
            with self.subTest(value=value):
                self.assertEqual(
                    found.search([("title", "ilike", value)]).mapped("title"), [title]
                )

    def test_counter_counts_own_location_only(self):
        self._create_text(self.customer, is_unread=True)
        self._create_text(is_unread=True)
        self._create_text(minutes_ago=3, number="+15125550111")
        for user, expected in ((self.staff, 2), (self.outsider, 0)):
            with self.subTest(user=user.login):
                counted = self._as(self.threads, user).get_unread_count()
                self.assertEqual(counted, expected)

    # === READING ===

    def test_shows_who_it_is_and_what_was_said(self):
        vehicle = self.env["customer.vehicle"].create(
            {
                "owner_id": self.customer.id,
                "license_plate": "ABC 123",
                "company_id": self.company.id,
            }
        )
        self._create_text(self.customer, minutes_ago=9, body="Is it ready?")
        self._create_text(
            self.customer,
            minutes_ago=5,
            direction="out",
            state="failed",
            body="Yes!",
            failure_reason="Landline",
            user_id=self.staff.id,
        )
        data = self._get_thread(self.customer).get_conversation()
        self.assertEqual(data["thread"]["title"], "Ann Miller")
        self.assertEqual(data["thread"]["number_label"], "(512) 555-0123")
        self.assertEqual(data["thread"]["vehicles"][0]["id"], vehicle.id)
        self.assertFalse(data["thread"]["block_reason"])
        self.assertFalse(data["has_more"])
        shown = [
            (
                text["direction"],
                text["body"],
                text["state"],
                text["reason"],
                text["author"],
            )
            for text in data["texts"]
        ]
        self.assertEqual(
            shown,
            [
                ("in", "Is it ready?", "delivered", "", ""),
                ("out", "Yes!", "failed", "Landline", self.staff.name),
            ],
        )

    def test_pages_of_a_long_conversation_join_without_gap(self):
        # Pairs within the same second: the order must not depend on the clock.
        for index in range(120):
            self._create_text(
                self.customer, body=str(index), minutes_ago=200 - index // 2
            )
        thread = self._get_thread(self.customer)
        page = thread.get_conversation()
        bodies = [text["body"] for text in page["texts"]]
        while page["has_more"]:
            page = thread.get_conversation(page["texts"][0]["id"])
            bodies = [text["body"] for text in page["texts"]] + bodies
        self.assertEqual(bodies, [str(index) for index in range(120)])

    def test_queries_do_not_grow_with_the_texts(self):
        def count(texts):
            for index in range(texts):
                self._create_text(
                    self.customer, minutes_ago=index, user_id=self.staff.id
                )
            thread = self._get_thread(self.customer)
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            thread.get_conversation()
            return self.env.cr.sql_log_count - before

        count(1)
        few = count(2)
        self.assertLessEqual(count(40), few)

    def test_reading_takes_it_off_the_unread_for_everybody(self):
        text = self._create_text(self.customer, is_unread=True)
        thread = self._get_thread(self.customer)
        thread.mark_read()
        self.assertFalse(text.is_unread)
        self.assertFalse(thread.is_unread)
        self.assertEqual(self._as(self.threads, self.manager).get_unread_count(), 0)
        thread.action_mark_unread()
        self.assertEqual(self._as(self.threads, self.manager).get_unread_count(), 1)

    # === WRITING ===

    def test_a_double_click_sends_once(self):
        thread = self._get_thread(self.customer)
        self.assertTrue(thread.send_text("On my way", "key-1"))
        self.assertFalse(thread.send_text("On my way", "key-1"))
        self.assertTrue(thread.send_text("On my way", "key-2"))
        texts = thread.get_conversation()["texts"]
        self.assertEqual([text["body"] for text in texts], ["On my way"] * 2)
        self.assertEqual({text["author"] for text in texts}, {self.staff.name})

    def test_refusals_say_what_to_do(self):
        silent = self._create_customer(name="Silent", allow_texting=False)
        cases = [
            (self.customer, "  \n ", "Write something"),
            (self.customer, "x" * 1601, "1600"),
            (None, "Hello", "Choose or create the customer"),
            (silent, "Hello", silent.text_block_reason),
        ]
        for partner, body, sentence in cases:
            with (
                self.subTest(sentence=sentence),
                self.assertRaises(UserError) as refusal,
            ):
                self._get_thread(partner).send_text(body, "key")
            self.assertIn(sentence, str(refusal.exception))
        self.assertFalse(
            self.env["customer.interaction"].search(
                [("channel", "=", "sms"), ("company_id", "=", self.company.id)]
            )
        )

    def test_the_header_says_why_not(self):
        silent = self._create_customer(name="Silent", allow_texting=False)
        for partner in (silent, None):
            with self.subTest(partner=partner and partner.name):
                header = self._get_thread(partner).get_conversation()["thread"]
                self.assertTrue(header["block_reason"])

    # === SANDBOX ===

    def test_the_customer_can_be_played_in_the_sandbox_only(self):
        for provider, partner, played in (
            ("sandbox", self.customer, True),
            ("sandbox", None, True),
            ("twilio", self.customer, False),
        ):
            with self.subTest(provider=provider, partner=partner and partner.name):
                self.company.sms_provider = provider
                thread = self._get_thread(partner)
                header = thread.get_conversation()["thread"]
                self.assertEqual(header["is_sandbox"], played)
                if not played:
                    with self.assertRaises(UserError):
                        thread.play_customer("Hello")
                    continue
                thread.play_customer("What does it cost?")
                [text] = thread.get_conversation()["texts"]
                self.assertEqual(text["body"], "What does it cost?")
                self.assertEqual(text["direction"], "in")

    def test_nobody_is_played_for_another_location(self):
        self.other_company.sms_provider = "sandbox"
        thread = self._get_thread(self.customer, company=self.other_company)
        with self.assertRaises(AccessError):
            thread.play_customer("STOP")
        self.assertFalse(self.customer.sms_stopped_at)

    # === UNKNOWN NUMBERS ===

    def test_assigning_moves_the_texts_and_learns_the_number(self):
        cases = [
            # mobile, phone, replace -> mobile, phone
            (False, False, False, "+15125550199", False),
            ("+15125550123", False, False, "+15125550123", "+15125550199"),
            (
                "+15125550123",
                "+15125550124",
                False,
                "+15125550123",
                "+15125550124",
            ),
            ("+15125550123", False, True, "+15125550199", False),
        ]
        for mobile, phone, replace, new_mobile, new_phone in cases:
            with self.subTest(mobile=mobile, phone=phone, replace=replace):
                partner = self._create_customer(
                    name="Owner", mobile=mobile, phone=phone
                )
                text = self._create_text(is_unread=True, body="Rock chip?")
                thread = self._get_thread()
                action = thread.action_assign_partner(partner.id, replace)
                self.assertFalse(thread.exists())
                self.assertEqual(text.partner_id, partner)
                self.assertEqual(
                    (partner.mobile, partner.phone), (new_mobile, new_phone)
                )
                joined = self._get_thread(partner)
                self.assertEqual(action["params"]["thread_id"], joined.id)
                self.assertEqual(joined.last_body, "Rock chip?")
                self.assertEqual(joined.unread_count, 1)

    def test_texts_of_a_customer_are_not_given_to_another(self):
        self._create_text(self.customer)
        thread = self._get_thread(self.customer)
        with self.assertRaisesRegex(UserError, "already belong to Ann Miller"):
            thread.action_assign_partner(self._create_customer(name="Other").id)

    def test_a_merge_loses_no_unread_text(self):
        double = self._create_customer(name="Anne Miller", mobile="+15125550150")
        self._create_text(self.customer, minutes_ago=60, body="Older")
        self._create_text(double, minutes_ago=5, body="Newer", is_unread=True)
        wizard = self.env["base.partner.merge.automatic.wizard"].create({})
        wizard._merge((self.customer | double).ids, self.customer)
        self.env.invalidate_all()
        thread = self._get_thread(self.customer)
        self.assertEqual(thread.last_body, "Newer")
        self.assertEqual(thread.unread_count, 1)
        self.assertEqual(len(thread.get_conversation()["texts"]), 2)

    # === WHO MAY ===

    def test_nobody_else_sees_or_writes(self):
        self._create_text(self.customer, body="Secret")
        calls = [
            lambda thread: thread.get_conversation(),
            lambda thread: thread.mark_read(),
            lambda thread: thread.send_text("Hi", "key"),
            lambda thread: thread.action_mark_unread(),
            lambda thread: thread.action_assign_partner(self.customer.id),
        ]
        for user in (self.outsider, self.employee):
            for call in calls:
                thread = self._get_thread(self.customer, user=user)
                with self.subTest(user=user.login), self.assertRaises(AccessError):
                    call(thread)
        self.assertFalse(self._as(self.threads, self.outsider).search([]))
        with self.assertRaises(AccessError):
            self._as(self.threads, self.employee).get_unread_count()

    def test_open_for_keeps_locations_apart(self):
        threads = self._as(self.threads, self.outsider)
        with self.assertRaisesRegex(AccessError, "Main Street Auto"):
            threads.action_open_for(self.customer.id, self.company.id)
        with self.assertRaises(AccessError):
            self._as(self.threads, self.employee).action_open_for(self.customer.id)
        self.assertFalse(self.threads.search([("partner_id", "=", self.customer.id)]))
        action = self._as(self.threads, self.staff).action_open_for(self.customer.id)
        again = self._as(self.threads, self.staff).action_open_for(self.customer.id)
        self.assertEqual(action["tag"], "auto_shop.conversation")
        self.assertEqual(action["params"], again["params"])
        # Opened, but nothing said: not a conversation of the list.
        domain = self.env["ir.actions.actions"]._for_xml_id(
            "auto_shop.customer_text_thread_action"
        )["domain"]
        self.assertIn("last_text_at", domain)


@tagged("post_install", "-at_install")
class TestInteractionHistory(AutoShopCommon):
    """What staff may do with the history from its screens."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.customer = cls._create_customer()
        cls.interactions = cls.env["customer.interaction"]

    def _create(self, **vals):
        row = self.interactions.create(
            {"partner_id": self.customer.id, "body": "As it was", **vals}
        )
        return self._as(row, self.staff)

    def test_what_was_said_stays_as_it_was(self):
        cases = [
            # channel, direction, state, may be edited
            ("sms", "out", "sent", False),
            ("sms", "out", "queued", False),
            ("sms", "in", "delivered", False),
            ("email", "out", "failed", False),
            ("sms", "out", "planned", True),
            ("memo", "out", "sent", False),
            ("phone", "in", "delivered", False),
            ("phone", "out", "planned", True),
        ]
        for channel, direction, state, editable in cases:
            row = self._create(channel=channel, direction=direction, state=state)
            with self.subTest(channel=channel, direction=direction, state=state):
                if editable:
                    row.body = "Changed"
                    self.assertEqual(row.body, "Changed")
                else:
                    with self.assertRaises(AccessError):
                        row.body = "Changed"

    def test_reading_replies_from_the_history(self):
        mail = self._create(
            channel="email", direction="in", state="delivered", is_unread=True
        )
        text = self._create(
            channel="sms", direction="in", state="delivered", is_unread=True
        )
        self.env["customer.text.thread"]._touch(text)
        (mail | text).action_mark_read()
        self.assertFalse(mail.is_unread)
        self.assertFalse(text.is_unread)
        threads = self._as(self.env["customer.text.thread"], self.staff)
        self.assertEqual(threads.get_unread_count(), 0)

    def test_needs_attention_shows_what_a_person_must_settle(self):
        cases = {
            ("out", "failed", False): True,
            ("out", "unknown", False): True,
            ("in", "delivered", True): True,
            ("in", "delivered", False): False,
            ("out", "delivered", False): False,
            ("out", "planned", False): False,
            ("out", "cancelled", False): False,
        }
        rows = {
            case: self._create(
                channel="sms", direction=case[0], state=case[1], is_unread=case[2]
            )
            for case in cases
        }
        action = self.env.ref("auto_shop.customer_interaction_action_attention")
        shown = self._as(self.interactions, self.staff).search(
            literal_eval(action.domain)
        )
        for case, expected in cases.items():
            with self.subTest(case=case):
                self.assertEqual(rows[case] in shown, expected)
