# Copyright 2026 Auto Shop Suite
# License LGPL-3.0 or later (https://www.gnu.org/licenses/lgpl).
from datetime import timedelta

from odoo import fields
from odoo.tests import HttpCase, tagged
from odoo.tools import mute_logger

from .common import AutoGlassCommon, AutoGlassInvoicingCommon


class TourCommon(AutoGlassCommon, HttpCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.staff.tz = "UTC"
        cls.company.shop_tz = "UTC"

    def _tour(self, record, name):
        actions = {
            "sale.order": "auto_shop.sale_order_action",
            "calendar.event": "auto_shop.calendar_event_action",
        }
        self.start_tour(
            f"/odoo/action-{actions[record._name]}/{record.id or ''}",
            name,
            login="shop_staff",
        )
        self.env.invalidate_all()

    def _book_next_week(self, order, **vals):
        # The same weekday of the next week: one click away in the calendar.
        start = fields.Datetime.now().replace(hour=10, minute=0, second=0)
        start += timedelta(days=7)
        return self._book(
            order, **{"start": start, "stop": start + timedelta(hours=1), **vals}
        )

    def _codes(self):
        return self._texts().mapped("purpose_id.code")


@tagged("post_install", "-at_install")
class TestTours(TourCommon):
    def test_send_to_crm(self):
        self.customer.email = False
        order = self._create_glass_order()
        self._tour(order, "auto_glass_send_to_crm")
        self.assertTrue(order.sent_to_crm_at)
        self.assertEqual(order.client_order_ref, "fourth")
        self.assertEqual(self._codes(), ["glass_welcome"])

    def test_send_button(self):
        order = self._create_glass_order()
        self._tour(order, "auto_glass_send_button")
        self.assertTrue(order.opportunity_id)
        self.assertEqual(self._codes(), ["glass_welcome"])

    def test_new_quote(self):
        self._tour(self.env["sale.order"], "auto_glass_new_quote")
        order = self.env["sale.order"].search([("partner_id", "=", self.customer.id)])
        self.assertTrue(order.sent_to_crm_at)

    def test_automatic_save_asks_nothing_and_loses_nothing(self):
        order = self._create_glass_order()
        self._tour(order, "auto_glass_automatic_save")
        self.assertEqual(order.client_order_ref, "left")
        self.assertFalse(order.sent_to_crm_at)
        self.assertTrue(order.customer_question())
        self.assertFalse(self._codes())

    def test_no_consent(self):
        self.customer.allow_texting = False
        order = self._create_glass_order()
        self._tour(order, "auto_glass_no_consent")
        self.assertEqual(order.client_order_ref, "quiet")
        self.assertFalse(self._codes())

    def test_refused_and_sent(self):
        order = self._create_glass_order()
        # The refusal is what is tested; the server logs each.
        with mute_logger("odoo.http"):
            self._tour(order, "auto_glass_refused_and_sent")
        self.assertEqual(len(order.event_ids), 1)
        self.assertEqual(self._codes(), ["glass_welcome", "appointment_scheduled"])
        self.assertEqual(order.opportunity_id.stage_id, self._stage("scheduled"))

    def test_drag_and_drop(self):
        order = self._create_sent_order()
        event = self._book_next_week(order, notify_customer=True)
        booked = event.start
        self._tour(self.env["calendar.event"], "auto_glass_drag_and_drop")
        self.assertEqual(
            self._codes(),
            ["glass_welcome", "appointment_scheduled", "appointment_rescheduled"],
        )
        self.assertEqual(len({booked, event.told_start, event.start}), 3)
        self.assertFalse(event.pending_notice)

    def test_complete(self):
        for value, texts in (("ok", 1), ("cancel", 0)):
            with self.subTest(value=value):
                order = self._create_sent_order()
                event = self._book_next_week(order, notify_customer=True)
                before = len(self._texts("appointment_completed"))
                self._tour(event, f"auto_glass_complete_{value}")
                self.assertEqual(event.shop_state, "completed")
                self.assertEqual(
                    len(self._texts("appointment_completed")) - before, texts
                )

    def test_void(self):
        for value, texts in (("ok", 1), ("cancel", 0)):
            with self.subTest(value=value):
                order = self._create_sent_order()
                event = self._book_next_week(order, notify_customer=True)
                before = len(self._texts("appointment_cancelled"))
                self._tour(order, f"auto_glass_void_{value}")
                self.assertEqual(order.state, "cancel")
                self.assertEqual(event.shop_state, "cancelled")
                self.assertEqual(
                    len(self._texts("appointment_cancelled")) - before, texts
                )


@tagged("post_install", "-at_install")
class TestExperienceTours(TourCommon, AutoGlassInvoicingCommon):
    def test_smile(self):
        order = self._create_confirmed_order()
        self._tour(order, "auto_glass_smile")
        self.assertEqual(order.customer_experience, "smile")
        self.assertEqual(self._codes(), ["glass_welcome", "experience_smile"])
        self.assertFalse(order.activity_ids)

    def test_close_and_frown_later(self):
        order = self._create_confirmed_order()
        self._tour(order, "auto_glass_close_and_frown_later")
        self.assertEqual(order.customer_experience, "frown")
        self.assertEqual(self._codes(), ["glass_welcome", "experience_frown"])
        self.assertEqual(len(order.activity_ids), 1)
