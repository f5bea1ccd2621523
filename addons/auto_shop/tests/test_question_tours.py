# Copyright 2026 Auto Shop Suite
# License LGPL-3.0 or later (https://www.gnu.org/licenses/lgpl).
from datetime import timedelta

from odoo import fields
from odoo.tests import HttpCase, tagged

from .common import AutoShopCommon
from .test_schedule import NOTICES


@tagged("post_install", "-at_install")
class TestQuestionTours(AutoShopCommon, HttpCase):
    """The questions in a browser, with a wording made for the test."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.staff.tz = "UTC"
        cls.customer = cls._create_customer()
        cls.vehicle = cls.env["customer.vehicle"].create(
            {
                "owner_id": cls.customer.id,
                "license_plate": "ABC 123",
                "company_id": cls.company.id,
            }
        )
        cls.env["customer.interaction.purpose"].create(
            [
                {
                    "code": f"appointment_{notice}",
                    "name": f"Test: {notice}",
                    "channel": "sms",
                    "sms_body": f"You are {notice}.",
                    "company_id": cls.company.id,
                }
                for notice in NOTICES
            ]
        )

    def _create_event(self, **vals):
        # The same weekday of the next week: one click away in the calendar.
        start = fields.Datetime.now().replace(hour=10, minute=0, second=0)
        return self.env["calendar.event"].create(
            {
                "shop_state": "booked",
                "customer_id": self.customer.id,
                "start": start + timedelta(days=7),
                **vals,
            }
        )

    def _codes(self, events):
        interactions = self.env["customer.interaction"].search(
            [("event_id", "in", events.ids)], order="id"
        )
        return [
            interaction.purpose_id.code.removeprefix("appointment_")
            for interaction in interactions
        ]

    def test_form(self):
        event = self._create_event()
        self.start_tour(
            f"/odoo/schedule/{event.id}", "auto_shop_question_form", login="shop_staff"
        )
        self.assertEqual(self._codes(event), ["scheduled", "rescheduled", "completed"])
        self.assertEqual(event.shop_state, "completed")
        self.assertEqual(str(event.told_start), "2040-12-03 10:00:00")
        self.assertEqual(str(event.start), "2040-12-05 10:00:00")

    def test_automatic_save_asks_nothing_and_loses_nothing(self):
        event = self._create_event(notify_customer=True)
        self.start_tour(
            f"/odoo/schedule/{event.id}",
            "auto_shop_question_automatic_save",
            login="shop_staff",
        )
        self.assertEqual(str(event.start), "2040-12-06 10:00:00")
        self.assertEqual(self._codes(event), ["scheduled"])
        self.assertEqual(event.pending_notice, "rescheduled")

    def test_drag_and_drop(self):
        event = self._create_event(notify_customer=True)
        booked = event.start
        self.start_tour(
            "/odoo/schedule", "auto_shop_question_calendar", login="shop_staff"
        )
        self.assertEqual(self._codes(event), ["scheduled", "rescheduled"])
        told = self.env["customer.interaction"].search(
            [("event_id", "=", event.id)], order="id"
        )
        self.assertEqual(told.mapped("told_start"), [booked, event.told_start])
        self.assertEqual(len({booked, event.told_start, event.start}), 3)
        self.assertEqual(event.pending_notice, "rescheduled")

    def test_quick_create(self):
        self.start_tour(
            "/odoo/schedule", "auto_shop_question_quick_create", login="shop_staff"
        )
        event = self.env["calendar.event"].search(
            [("customer_id", "=", self.customer.id)]
        )
        self.assertRecordValues(
            event, [{"shop_state": "booked", "vehicle_id": self.vehicle.id}]
        )
        self.assertEqual(self._codes(event), ["scheduled"])
