# Copyright 2026 Auto Shop Suite
# License LGPL-3.0 or later (https://www.gnu.org/licenses/lgpl).
from freezegun import freeze_time

from odoo import fields
from odoo.fields import Command
from odoo.tests import tagged

from .common import AutoShopCommon


@tagged("post_install", "-at_install")
class TestVehicleHistory(AutoShopCommon):
    """What reminders count from: the last invoice, the owner, the booking."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env["account.chart.template"].try_loading(
            "generic_coa", company=cls.company, install_demo=False
        )
        cls.customer = cls._create_customer()
        cls.vehicle = cls.env["customer.vehicle"].create(
            {"owner_id": cls.customer.id, "license_plate": "HST1"}
        )

    def _invoice(self, date, vehicle=None):
        move = self.env["account.move"].create(
            {
                "move_type": "out_invoice",
                "partner_id": self.customer.id,
                "vehicle_id": (vehicle or self.vehicle).id,
                "invoice_date": date,
                "invoice_line_ids": [
                    Command.create({"name": "Oil", "quantity": 1, "price_unit": 50})
                ],
            }
        )
        move.action_post()
        return move

    def test_last_invoice_is_the_latest_that_stands(self):
        self.assertFalse(self.vehicle.last_invoice_date)
        new = self._invoice("2026-03-10")
        self._invoice("2026-01-05")
        self.assertEqual(self.vehicle.last_invoice_id, new)
        new.button_draft()
        self.assertEqual(str(self.vehicle.last_invoice_date), "2026-01-05")
        new.action_post()
        self.assertEqual(str(self.vehicle.last_invoice_date), "2026-03-10")

    def test_last_invoice_moves_with_the_vehicle(self):
        other = self.env["customer.vehicle"].create(
            {"owner_id": self.customer.id, "license_plate": "HST2"}
        )
        move = self._invoice("2026-03-10")
        move.vehicle_id = other
        self.assertFalse(self.vehicle.last_invoice_date)
        self.assertEqual(str(other.last_invoice_date), "2026-03-10")

    def test_reversed_invoice_is_no_visit(self):
        move = self._invoice("2026-03-10")
        wizard = (
            self.env["account.move.reversal"]
            .with_context(active_model="account.move", active_ids=move.ids)
            .create({"journal_id": move.journal_id.id, "reason": "mistyped"})
        )
        wizard.modify_moves()
        self.assertEqual(move.payment_state, "reversed")
        self.assertFalse(self.vehicle.last_invoice_date)

    def test_posted_at_is_the_moment_of_posting(self):
        move = self._invoice("2020-03-10")
        self.assertEqual(move.posted_at, self.env.cr.now())
        self.assertFalse(move.copy().posted_at)

    def test_owner_since(self):
        self.assertFalse(self.vehicle.owner_since)
        self.vehicle.owner_id = self.customer
        self.assertFalse(self.vehicle.owner_since)
        self.vehicle.owner_id = self._create_customer(name="Next Owner")
        self.assertEqual(
            self.vehicle.owner_since, fields.Date.context_today(self.vehicle)
        )

    def test_booked_at_follows_the_time_of_the_appointment(self):
        events = self.env["calendar.event"].with_user(self.staff)
        with freeze_time("2026-03-01 15:00:00"):
            event = events.create(
                {
                    "shop_state": "booked",
                    "company_id": self.company.id,
                    "customer_id": self.customer.id,
                    "start": "2026-03-20 15:00:00",
                    "stop": "2026-03-20 16:00:00",
                    "notify_customer": False,
                }
            )
        self.assertEqual(str(event.booked_at), "2026-03-01 15:00:00")
        with freeze_time("2026-03-02 15:00:00"):
            event.write({"location": "Bay 3", "start": event.start})
        self.assertEqual(str(event.booked_at), "2026-03-01 15:00:00")
        with freeze_time("2026-03-03 15:00:00"):
            event.write({"start": "2026-03-21 15:00:00", "notify_customer": False})
        self.assertEqual(str(event.booked_at), "2026-03-03 15:00:00")
