# Copyright 2026 Auto Shop Suite
# License LGPL-3.0 or later (https://www.gnu.org/licenses/lgpl).
from datetime import timedelta

from odoo.tests import tagged
from odoo.tests.common import freeze_time

from .common import NOW, TOMORROW, AutoGlassCommon


@tagged("post_install", "-at_install")
@freeze_time(NOW)
class TestVoid(AutoGlassCommon):
    def test_voiding_cancels_what_is_in_the_future(self):
        order = self._create_sent_order()
        done = self._book(order, notify_customer=True)
        with freeze_time(TOMORROW + timedelta(hours=2)):
            done.write({"shop_state": "completed", "notify_customer": False})
            later = TOMORROW + timedelta(days=3)
            coming = self._book(
                order,
                start=later,
                stop=later + timedelta(hours=1),
                notify_customer=True,
            )
            order.action_cancel()
            self.assertEqual(done.shop_state, "completed")
            self.assertEqual(coming.shop_state, "cancelled")
            self.assertEqual(order.opportunity_id.stage_id, self._stage("cancelled"))

    def test_the_customer_is_texted_if_the_user_says_so(self):
        cases = [("ok", 1), ("cancel", 0), (True, 1), (False, 0)]
        for answer, count in cases:
            with self.subTest(answer=answer):
                partner = self._create_customer()
                order = self._create_sent_order(partner)
                self._book(order, notify_customer=True)
                if isinstance(answer, str):
                    order.action_cancel()
                    question = order.customer_question()
                    self.assertIn("cancelled", question["message"])
                    self.assertTrue(question["preview"])
                    self.assertTrue(order.open_question)
                    order.customer_answer(question["key"], answer)
                else:
                    order.action_void(notify_customer=answer)
                self.assertFalse(order.customer_question())
                texts = self._texts("appointment_cancelled", partner)
                self.assertEqual(len(texts), count)
                self.assertEqual(
                    order.opportunity_id.stage_id, self._stage("cancelled")
                )

    def test_two_appointments_are_asked_about_one_by_one(self):
        order = self._create_sent_order()
        self._book(order, notify_customer=True)
        later = TOMORROW + timedelta(days=1)
        self._book(
            order, start=later, stop=later + timedelta(hours=1), notify_customer=True
        )
        order.action_cancel()
        first = order.customer_question()
        order.customer_answer(first["key"], "ok")
        second = order.customer_question()
        self.assertNotEqual(first["key"], second["key"])
        self.assertFalse(order.customer_answer(first["key"], "ok"))
        order.customer_answer(second["key"], "cancel")
        self.assertEqual(len(self._texts("appointment_cancelled")), 1)

    def test_without_an_appointment_the_lead_stays(self):
        order = self._create_sent_order()
        order.action_cancel()
        self.assertEqual(order.opportunity_id.stage_id, self._stage("new"))
        self.assertFalse(order.customer_question())

    def test_an_order_that_was_not_sent_frees_the_schedule(self):
        self.company.glass_unsent_appointment = "warn"
        order = self._create_glass_order()
        event = self._book(order, notify_customer=False)
        order.action_cancel()
        self.assertEqual(event.shop_state, "cancelled")
        self.assertFalse(order.opportunity_id)

    def test_lead_with_another_order_goes_on(self):
        first = self._create_sent_order()
        self._book(first, notify_customer=True)
        self._create_sent_order()
        first.action_cancel()
        lead = first.opportunity_id
        self.assertEqual(lead.stage_id, self._stage("scheduled"))
        self.assertEqual(lead.expected_revenue, 300)

    def test_salesperson_without_a_role_in_the_shop(self):
        seller = self._create_user(
            "glass_seller", "sales_team.group_sale_salesman_all_leads"
        )
        order = self._create_sent_order()
        event = self._book(order, notify_customer=True)
        order.with_user(seller).action_cancel()
        self.assertEqual(event.shop_state, "cancelled")
        self.assertEqual(order.opportunity_id.stage_id, self._stage("cancelled"))
        # The question waits for somebody of the shop.
        self.assertFalse(order.with_user(seller).customer_question())
        self.assertTrue(order.customer_question())

    def test_back_to_a_quotation(self):
        order = self._create_sent_order()
        self._book(order, notify_customer=True)
        order.action_cancel()
        order.action_draft()
        self.assertEqual(order.opportunity_id.stage_id, self._stage("new"))
