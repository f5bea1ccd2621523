# Copyright 2026 Auto Shop Suite
# License LGPL-3.0 or later (https://www.gnu.org/licenses/lgpl).
from datetime import date

import psycopg2
from freezegun import freeze_time

from odoo.fields import Command
from odoo.tests import tagged
from odoo.tools import mute_logger

from .test_vehicle import VehicleCommon


@tagged("post_install", "-at_install")
class TestVehicleDeferredWork(VehicleCommon):
    @freeze_time("2026-11-21 12:00:00")
    def test_close_and_reopen(self):
        vehicle = self._create_vehicle()
        vehicle.deferred_work_ids = [
            Command.create({"description": "Front brakes", "amount": 380}),
            Command.create({"description": "Timing belt", "date": "2026-05-01"}),
        ]
        brakes, belt = vehicle.deferred_work_ids.sorted("id")
        self.assertEqual(brakes.date, date(2026, 11, 21))
        self.assertEqual(vehicle.open_work_count, 2)
        brakes.action_done()
        belt.action_decline()
        self.assertRecordValues(
            brakes | belt,
            [
                {"state": "done", "closed_date": date(2026, 11, 21)},
                {"state": "declined", "closed_date": date(2026, 11, 21)},
            ],
        )
        self.assertEqual(vehicle.open_work_count, 0)
        belt.action_reopen()
        self.assertFalse(belt.closed_date)
        self.assertEqual(vehicle.open_work_count, 1)

    def test_company_is_the_vehicles_else_the_orders_else_ours(self):
        Work = self.env["vehicle.deferred.work"].with_user(self.staff)
        own = Work.create(
            {"vehicle_id": self._create_vehicle().id, "description": "Brakes"}
        )
        self.assertEqual(own.company_id, self.company)
        shared = self._create_vehicle(company_id=False)
        work = Work.create({"vehicle_id": shared.id, "description": "Brakes"})
        self.assertEqual(work.company_id, self.company)
        self.assertEqual(work.currency_id, self.company.currency_id)
        theirs = self._as_outsider(Work).create(
            {"vehicle_id": shared.id, "description": "Oil"}
        )
        self.assertEqual(theirs.company_id, self.other_company)
        self.assertEqual(Work.search([("vehicle_id", "=", shared.id)]), work)

    def test_order_line_of_the_same_location(self):
        order = self.env["sale.order"].create(
            {
                "partner_id": self.owner.id,
                "company_id": self.company.id,
                "order_line": [Command.create({"product_id": self.product.id})],
            }
        )
        work = self.env["vehicle.deferred.work"].create(
            {
                "vehicle_id": self._create_vehicle().id,
                "description": "Brakes",
                "order_line_id": order.order_line.id,
            }
        )
        order.order_line.unlink()
        self.assertTrue(work.exists())
        self.assertFalse(work.order_line_id)

    def test_amount_below_zero_is_refused(self):
        with (
            mute_logger("odoo.sql_db"),
            self.assertRaises(psycopg2.errors.CheckViolation),
        ):
            self.env["vehicle.deferred.work"].create(
                {
                    "vehicle_id": self._create_vehicle().id,
                    "description": "Brakes",
                    "amount": -1,
                }
            )
