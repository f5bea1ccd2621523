# Copyright 2026 Auto Shop Suite
# License LGPL-3.0 or later (https://www.gnu.org/licenses/lgpl).
from datetime import timedelta

from freezegun import freeze_time
from lxml import etree

from odoo import fields
from odoo.exceptions import UserError
from odoo.tests import Form, tagged

from .common_texts import AutoShopTextsCommon


@tagged("post_install", "-at_install")
class TestSmsComposer(AutoShopTextsCommon):
    """Odoo's own window for texts."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.company.shop_tz = "America/Chicago"
        cls.texts = cls.env["sms.sms"]

    def _compose(self, records, user=None, **vals):
        composers = self._as(self.env["sms.composer"], user or self.staff)
        if len(records) == 1:
            target = {"composition_mode": "comment", "res_id": records.id}
        else:
            target = {"composition_mode": "mass", "res_ids": repr(records.ids)}
        composer = composers.create(
            {"res_model": records._name, "body": "Hello", **target, **vals}
        )
        composer.flush_recordset()
        return composer

    def _history(self, partners):
        return self.env["customer.interaction"].search(
            [("partner_id", "in", partners.ids)], order="partner_id, id"
        )

    def _at_hour(self, hour):
        """An hour of yesterday, UTC; 10 is four in the morning in Texas.

        Not of tomorrow: rows are created by the clock of the database, and what is due
        long after that was planned ahead.
        """
        return f"{fields.Date.today() - timedelta(days=1)} {hour}:00:00"

    def test_why_not_is_said_before_sending(self):
        """(customer, words of the reason); nothing is put in the queue."""
        stopped, blocked = self._create_customers(2)
        stopped._text_stop(stopped.text_number, "text")
        self.env["phone.blacklist"].sudo()._add([blocked.text_number])
        [unasked] = self._create_customers(1, first=2, allow_texting=False)
        [landline] = self._create_customers(1, first=3, mobile="+442079460000")
        cases = [
            (stopped, "Texted STOP on"),
            (blocked, "blocked phone numbers"),
            (unasked, "Allow Texting is off"),
            (landline, "cannot get texts"),
        ]
        self.texts.search([]).unlink()
        for customer, words in cases:
            order = self._create_order(customer)
            for record, users in (
                (customer, (self.staff, self.manager, self.employee)),
                (order, (self.staff, self.manager)),
            ):
                for user in users:
                    composer = self._compose(record, user)
                    with self.subTest(words, model=record._name, user=user.login):
                        self.assertIn(words, composer.text_block_reason)
                        with self.assertRaisesRegex(UserError, words):
                            composer.action_send_sms()
        self.assertFalse(self.texts.search([]))
        self.assertFalse(self._history(stopped | blocked | unasked | landline))

    def test_form_says_it_at_once(self):
        willing, unasked = self._create_customers(2)
        unasked.allow_texting = False
        composers = self._as(self.env["sms.composer"], self.staff)
        for customer, words in ((willing, ""), (unasked, "Allow Texting is off")):
            form = Form(
                composers.with_context(
                    default_composition_mode="comment",
                    default_res_model="res.partner",
                    default_res_id=customer.id,
                )
            )
            with self.subTest(customer.name):
                self.assertIn(words, form.text_block_reason or "")
                self.assertEqual(bool(form.text_block_reason), bool(words))
        view = self.env.ref("sms.sms_composer_view_form")
        arch = etree.fromstring(composers.get_view(view.id)["arch"])
        active, disabled = arch.xpath("//footer/button[@string='Send']")
        self.assertIn("or text_block_reason", active.get("invisible"))
        self.assertTrue(disabled.get("disabled"))
        self.assertIn("and not text_block_reason", disabled.get("invisible"))

    def test_a_number_typed_here(self):
        """What is about to become the customer's number is looked at as that."""
        [customer] = self._create_customers(1, mobile=False)
        composer = self._compose(customer)
        self.assertIn("No phone number", composer.text_block_reason)
        composer.recipient_single_number_itf = "+15125567777"
        self.assertFalse(composer.text_block_reason)
        composer.action_send_sms()
        self.assertEqual(customer.text_number, "+15125567777")
        self.assertEqual(self._history(customer).number, "+15125567777")
        self.env["phone.blacklist"].sudo()._stop("+15125567778")
        composer = self._compose(customer)
        composer.recipient_single_number_itf = "+15125567778"
        self.assertIn("STOP was texted", composer.text_block_reason)
        with self.assertRaises(UserError):
            composer.action_send_sms()
        self.assertEqual(customer.text_number, "+15125567777")

    def test_bare_number(self):
        [willing] = self._create_customers(1)
        for number, words in (
            (willing.text_number, None),
            ("+15125559999", "belongs to no customer"),
        ):
            composer = self._as(self.env["sms.composer"], self.staff).create(
                {"composition_mode": "numbers", "numbers": number, "body": "Hello"}
            )
            with self.subTest(number):
                if words:
                    self.assertIn(words, composer.text_block_reason)
                    with self.assertRaisesRegex(UserError, words):
                        composer.action_send_sms()
                else:
                    self.assertFalse(composer.text_block_reason)
                    composer.action_send_sms()
        self.assertEqual(self._history(willing).body, "Hello")

    def test_many_are_counted(self):
        self._open_all_hours()
        customers = self._create_customers(4)
        customers[:2].allow_texting = False
        composer = self._compose(customers)
        self.assertFalse(composer.text_block_reason)
        self.assertIn("2 of 4 cannot be texted", composer.text_block_summary)
        self.assertIn("Customer 0: The customer has not", composer.text_block_summary)
        result = composer.action_send_sms()
        self.assertEqual(result["tag"], "display_notification")
        self.assertIn("2 of 4", result["params"]["message"])
        self._run_queue()
        self.assertEqual(
            self._history(customers).mapped("state"),
            ["cancelled", "cancelled", "sent", "sent"],
        )
        customers[:2].allow_texting = True
        composer = self._compose(customers)
        self.assertFalse(composer.text_block_summary)
        self.assertFalse(composer.action_send_sms())

    def test_looking_costs_the_same_for_many(self):
        def count(customers):
            composer = self._compose(customers)
            composer.text_block_summary  # noqa: B018 - warms the caches
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            self.assertFalse(composer.text_block_summary)
            return self.env.cr.sql_log_count - before

        few, many = self._create_customers(3), self._create_customers(60, first=100)
        count(few)
        self.assertEqual(count(few), count(many))

    def test_typed_to_one_goes_at_night_and_to_many_waits(self):
        one, *many = self._create_customers(4)
        many = self.env["res.partner"].union(*many)
        with freeze_time(self._at_hour(10), tick=True):
            self._compose(one).action_send_sms()
            self._compose(many).action_send_sms()
            self._run_queue()
            single, mass = self._history(one), self._history(many)
            self.assertEqual((single.state, single.automatic), ("sent", False))
            self.assertEqual(set(mass.mapped("state")), {"queued"})
            self.assertEqual(set(mass.mapped("automatic")), {True})
            waiting = self.texts.search([("interaction_id", "in", mass.ids)])
            self.assertGreater(
                min(waiting.mapped("next_try_at")), fields.Datetime.now()
            )
        with freeze_time(self._at_hour(18), tick=True):
            self._run_queue()
        self.assertEqual(set(mass.mapped("state")), {"sent"})

    def test_what_the_system_sends_by_this_window_waits(self):
        """Nobody has typed it: a server action, a context of a client."""
        customers = self._create_customers(4)
        bodies = ("system", "action", "forged", "posted")
        with freeze_time(self._at_hour(10), tick=True):
            self.env["sms.composer"].create(
                {
                    "res_model": "res.partner",
                    "res_id": customers[0].id,
                    "composition_mode": "comment",
                    "body": bodies[0],
                }
            ).action_send_sms()
            template = self.env["sms.template"].create(
                {
                    "name": "T",
                    "model_id": self.env["ir.model"]._get_id("res.partner"),
                    "body": bodies[1],
                }
            )
            self.env["ir.actions.server"].create(
                {
                    "name": "Text",
                    "model_id": self.env["ir.model"]._get_id("res.partner"),
                    "state": "sms",
                    "sms_method": "comment",
                    "sms_template_id": template.id,
                }
            ).with_context(
                active_model="res.partner", active_ids=customers[1].ids
            ).run()
            self._compose(customers[2:4], body=bodies[2]).with_context(
                text_by_hand=True
            ).action_send_sms()
            self._as(customers[3], self.staff).message_post(
                body=bodies[3], message_type="sms", partner_ids=customers[3].ids
            )
            self._run_queue()
        rows = self._history(customers)
        self.assertEqual(set(rows.mapped("body")), set(bodies))
        self.assertEqual(set(rows.mapped("automatic")), {True})
        self.assertEqual(set(rows.mapped("state")), {"queued"})

    def test_daily_limit_of_texts_to_many(self):
        self._open_all_hours()
        self.company.automatic_message_limit = 2
        customers = self._create_customers(2)
        for _attempt in range(3):
            self._compose(customers).action_send_sms()
        self._run_queue()
        for customer in customers:
            self.assertEqual(
                self._history(customer).mapped("state"), ["sent", "sent", "queued"]
            )
        last = self._history(customers[0])[-1]
        text = self.texts.search([("interaction_id", "=", last.id)])
        self.assertGreater(text.next_try_at, fields.Datetime.now())
        self.assertFalse(last.dispatched_at)
        # A person may still write to one of them.
        self._compose(customers[0], body="By hand").action_send_sms()
        self._run_queue()
        self.assertEqual(self._history(customers[0])[-1].state, "sent")
        with freeze_time(text.next_try_at + timedelta(seconds=1), tick=True):
            self._run_queue()
        self.assertEqual(last.state, "sent")

    def test_bare_numbers_of_customers_join_their_history(self):
        """A list of numbers is no way past the hours either."""
        first, second = self._create_customers(2)
        [foreign] = self._create_customers(1, first=2, company_id=self.other_company.id)
        numbers = [first.text_number, second.text_number, foreign.text_number]
        with freeze_time(self._at_hour(10), tick=True):
            self._as(self.env["sms.composer"], self.staff).create(
                {
                    "composition_mode": "numbers",
                    "numbers": ",".join(numbers),
                    "body": "Hello",
                }
            ).action_send_sms()
            self._run_queue()
        rows = self._history(first | second | foreign)
        self.assertEqual(rows.partner_id, first | second)
        self.assertEqual(set(rows.mapped("state")), {"queued"})
        self.assertFalse(self.twilio.requests)
        loose = self.texts.search([("number", "=", foreign.text_number)])
        self.assertEqual(loose.state, "canceled")
