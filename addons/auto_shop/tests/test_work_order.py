# Copyright 2026 Auto Shop Suite
# License LGPL-3.0 or later (https://www.gnu.org/licenses/lgpl).
from datetime import date

import psycopg2

from odoo.exceptions import UserError
from odoo.fields import Command
from odoo.tests import Form, new_test_user, tagged
from odoo.tools import mute_logger

from odoo.addons.account.tests.common import AccountTestInvoicingCommon

from .common import AutoShopCommon


@tagged("post_install", "-at_install")
class TestWorkOrder(AutoShopCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.customer = cls._create_customer()
        cls.other = cls._create_customer(name="Zoe Other", allow_texting=False)
        cls.vehicle = cls._create_vehicle(license_plate="ABC 123")

    @classmethod
    def _create_vehicle(cls, **vals):
        return cls.env["customer.vehicle"].create(
            {
                "owner_id": cls.customer.id,
                "company_id": cls.company.id,
                "odometer_unit": "mi",
                **vals,
            }
        )

    def _readings(self, vehicle=None):
        vehicle = vehicle or self.vehicle
        return [
            (reading.value, reading.unit, reading.source)
            for reading in vehicle.odometer_reading_ids
        ]

    def test_odometer_is_kept_at_confirmation_once(self):
        order = self._create_order(
            self.customer, vehicle_id=self.vehicle.id, odometer=52000
        )
        self.assertFalse(self._readings())
        order.with_user(self.staff).action_confirm()
        self.assertEqual(self._readings(), [(52000, "mi", "order")])
        order.write({"odometer": 52000, "client_order_ref": "A"})
        self.assertEqual(self._readings(), [(52000, "mi", "order")])
        order.odometer = 52100
        self.assertEqual(self._readings(), [(52100, "mi", "order")])
        order._action_cancel()
        order.action_draft()
        order.action_confirm()
        self.assertEqual(self._readings(), [(52100, "mi", "order")])

    @mute_logger("odoo.sql_db")
    def test_odometer_below_zero_is_refused_at_once(self):
        """Not when the customer confirms, who could do nothing about it."""
        with self.assertRaises(psycopg2.errors.CheckViolation):
            self._create_order(
                self.customer, vehicle_id=self.vehicle.id, odometer=-5
            ).flush_recordset()

    def test_odometer_after_confirmation(self):
        order = self._create_order(self.customer, vehicle_id=self.vehicle.id)
        order.action_confirm()
        self.assertFalse(self._readings())
        order.with_user(self.staff).odometer = 61000
        self.assertEqual(self._readings(), [(61000, "mi", "order")])

    def test_odometer_follows_the_vehicle(self):
        order = self._create_order(
            self.customer, vehicle_id=self.vehicle.id, odometer=52000
        )
        order.action_confirm()
        right = self._create_vehicle(odometer_unit="km")
        order.vehicle_id = right
        self.assertFalse(self._readings())
        self.assertEqual(self._readings(right), [(52000, "km", "order")])

    def test_odometer_when_sales_staff_confirm(self):
        seller = new_test_user(
            self.env,
            "plain_seller",
            groups="sales_team.group_sale_salesman_all_leads",
            company_id=self.company.id,
            company_ids=[Command.set(self.company.ids)],
        )
        order = self._create_order(
            self.customer, vehicle_id=self.vehicle.id, odometer=52000
        )
        order.with_user(seller).action_confirm()
        self.assertEqual(self._readings(), [(52000, "mi", "order")])

    def test_only_vehicle_of_the_customer_is_chosen(self):
        driven = self._create_vehicle(
            owner_id=self.other.id, driver_id=self.customer.id
        )
        form = Form(self.env["sale.order"].with_user(self.staff))
        form.partner_id = self.other
        self.assertEqual(form.vehicle_id, driven)
        # The customer has two: nothing is chosen for him, but his own stays.
        form.partner_id = self.customer
        self.assertEqual(form.vehicle_id, driven)
        form.vehicle_id = self.vehicle
        form.partner_id = self.other
        self.assertEqual(form.vehicle_id, driven)

    def test_vehicles_of_the_customer_come_first(self):
        foreign = self._create_vehicle(owner_id=self.other.id, license_plate="ABC 1")
        driven = self._create_vehicle(
            owner_id=self.other.id,
            driver_id=self.customer.id,
            license_plate="ABC 2",
        )
        vehicles = self.env["customer.vehicle"].with_user(self.staff)
        for partner, first in (
            (self.customer, self.vehicle | driven),
            (self.other, foreign | driven),
        ):
            with self.subTest(partner.name):
                found = vehicles.with_context(first_partner_id=partner.id).name_search(
                    "ABC"
                )
                ids = [vehicle_id for vehicle_id, _name in found]
                self.assertEqual(set(ids[:2]), set(first.ids))
                self.assertEqual(len(ids), 3)
        found = vehicles.with_context(first_partner_id=self.other.id).name_search(
            "ABC", limit=1
        )
        self.assertIn(found[0][0], (foreign | driven).ids)

    def test_new_vehicle_belongs_to_the_customer(self):
        form = Form(
            self.env["customer.vehicle"]
            .with_user(self.staff)
            .with_context(default_owner_id=self.customer.id)
        )
        form.license_plate = "NEW 1"
        self.assertEqual(form.save().owner_id, self.customer)

    def test_vehicle_of_another_location_refused(self):
        vehicle = self._create_vehicle(
            owner_id=self.customer.id, company_id=self.other_company.id
        )
        with self.assertRaises(UserError):
            self._create_order(self.customer, vehicle_id=vehicle.id)

    def test_badge_says_why_not(self):
        for partner, can in ((self.customer, True), (self.other, False)):
            with self.subTest(partner.name):
                order = self._create_order(partner)
                self.assertEqual(order.can_be_texted, can)
                self.assertEqual(bool(order.text_block_reason), not can)

    def test_buttons(self):
        order = self._create_order(self.customer, vehicle_id=self.vehicle.id)
        order = order.with_user(self.staff)
        context = order.action_open_schedule()["context"]
        self.assertEqual(context["default_work_order_id"], order.id)
        event = (
            self.env["calendar.event"]
            .with_user(self.staff)
            .create({"work_order_id": order.id, "start": "2030-01-01 10:00:00"})
        )
        action = order.action_open_appointments()
        self.assertEqual(action["res_id"], event.id)
        # Found again by its address, with the same form: not Odoo's form of meetings.
        window = self.env["ir.actions.act_window"].browse(action["id"])
        self.assertTrue(window.path)
        self.assertIn(tuple(action["views"][0]), window.views)
        event.copy()
        action = order.action_open_appointments()
        self.assertEqual(action["domain"], [("work_order_id", "=", order.id)])
        self.assertEqual(order.event_count, 2)


@tagged("post_install", "-at_install")
class TestWorkOrderInvoice(AccountTestInvoicingCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env.user.group_ids += cls.env.ref("auto_shop.group_user")
        cls.vehicle = cls.env["customer.vehicle"].create(
            {
                "owner_id": cls.partner_a.id,
                "company_id": cls.company_data["company"].id,
            }
        )

    def _create_move(self, move_type, day):
        return self.env["account.move"].create(
            {
                "move_type": move_type,
                "partner_id": self.partner_a.id,
                "vehicle_id": self.vehicle.id,
                "invoice_date": day,
                "invoice_line_ids": [
                    Command.create({"product_id": self.product_a.id, "price_unit": 9})
                ],
            }
        )

    def test_invoice_carries_the_vehicle_and_is_a_visit(self):
        order = self.env["sale.order"].create(
            {
                "partner_id": self.partner_a.id,
                "vehicle_id": self.vehicle.id,
                "order_line": [
                    Command.create(
                        {
                            "product_id": self.product_a.id,
                            "product_uom_qty": 1,
                            "qty_delivered": 1,
                        }
                    )
                ],
            }
        )
        order.action_confirm()
        invoice = order._create_invoices(final=True)
        self.assertEqual(invoice.vehicle_id, self.vehicle)
        self.assertFalse(self.vehicle.last_visit_date)
        invoice.invoice_date = date(2026, 2, 1)
        invoice.action_post()
        self.assertEqual(self.vehicle.last_visit_date, date(2026, 2, 1))

    def test_what_counts_as_a_visit(self):
        cases = [
            ("out_invoice", "2026-02-01", date(2026, 2, 1)),
            ("out_invoice", "2026-01-01", date(2026, 2, 1)),
            ("out_refund", "2026-03-01", date(2026, 2, 1)),
            ("out_invoice", "2026-03-02", date(2026, 3, 2)),
        ]
        for move_type, day, expected in cases:
            with self.subTest(move_type=move_type, day=day):
                self._create_move(move_type, day).action_post()
                self.assertEqual(self.vehicle.last_visit_date, expected)

    def test_bookkeeper_posts(self):
        bookkeeper = new_test_user(
            self.env,
            "bookkeeper",
            groups="account.group_account_invoice",
            company_id=self.env.company.id,
            company_ids=[Command.set(self.env.company.ids)],
        )
        self._create_move("out_invoice", "2026-02-01").with_user(
            bookkeeper
        ).action_post()
        self.assertEqual(self.vehicle.last_visit_date, date(2026, 2, 1))
