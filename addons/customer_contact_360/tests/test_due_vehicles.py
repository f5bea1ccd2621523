# Copyright 2026 Auto Shop Suite
# License LGPL-3.0 or later (https://www.gnu.org/licenses/lgpl).
from datetime import timedelta

from odoo import fields
from odoo.fields import Command
from odoo.tests import tagged

from .common import Contact360Common


@tagged("post_install", "-at_install")
class TestDueVehicles(Contact360Common):
    """Thank You, Deferred and Inactive: what visits bring, and on which day."""

    def _offsets(self, first, last, since):
        since = fields.Date.to_date(since)
        return [
            (fields.Date.to_date(day) - since).days
            for day in self._run_days(first, last)
        ]

    # --- Thank You ---

    def test_thank_you(self):
        self._set_rule("thank_you", 3)
        self._invoice("2026-03-10", posted_on="2026-03-11")
        self.assertEqual(self._run_days("2026-03-08", "2026-03-20"), ["2026-03-14"])

    def test_posted_late_in_the_evening(self):
        self._set_rule("thank_you", 1)
        move = self._invoice("2026-03-10")
        move.posted_at = self._local("2026-03-10", 23, 30)
        self.assertEqual(self._run_days("2026-03-10", "2026-03-13"), ["2026-03-11"])

    def test_posted_around_a_clock_change(self):
        self._set_rule("thank_you", 1)
        move = self._invoice("2026-10-31")
        for hour, expected in ((0, "2026-11-02"), (23, "2026-11-02")):
            with self.subTest(hour=hour):
                move.posted_at = self._local("2026-11-01", hour, 30)
                self.assertEqual(self._run_days("2026-10-31", "2026-11-04"), [expected])
                self._forget()

    def test_whom_nobody_thanks(self):
        cases = {
            "invoice of today": ({}, True),
            "entered ten days late": ({"invoice_date": "2026-02-28"}, True),
            "history of ten years": ({"invoice_date": "2016-03-10"}, False),
            "without a vehicle": ({"vehicle_id": False}, False),
            "a bill": ({"move_type": "in_invoice"}, False),
        }
        self._set_rule("thank_you", 1)
        for name, (vals, expected) in cases.items():
            with self.subTest(name), self._undone():
                move = self._invoice("2026-03-10")
                self.env.flush_all()
                for column, value in vals.items():
                    self.env.cr.execute(
                        f"UPDATE account_move SET {column} = %s WHERE id = %s",
                        (value or None, move.id),
                    )
                found = self._run_days("2026-03-11", "2026-03-11")
                self.assertEqual(bool(found), expected)

    def test_reversed_invoice(self):
        self._set_rule("thank_you", 2)
        move = self._invoice("2026-03-10")
        self.env["account.move.reversal"].with_context(
            active_model="account.move", active_ids=move.ids
        ).create({"journal_id": move.journal_id.id}).refund_moves()
        move.reversal_move_ids.action_post()
        self.assertEqual(move.payment_state, "reversed")
        self.assertFalse(self._run_days("2026-03-10", "2026-03-14"))
        self.assertFalse(self.vehicle.last_invoice_id)

    def test_one_visit_is_thanked_for_once(self):
        self._set_rule("thank_you", 1)
        first = self._invoice("2026-03-10")
        self._invoice("2026-03-10")
        self.assertEqual(self._run_days("2026-03-10", "2026-03-13"), ["2026-03-11"])
        first.button_draft()
        first.action_post()
        first.posted_at = self._local("2026-03-13", 15)
        self.assertFalse(self._run_days("2026-03-13", "2026-03-16"))

    def test_parts_of_one_work_order(self):
        """A down payment is no visit; two invoices of one order are one."""
        self._set_rule("thank_you", 1)
        order = self._create_order(
            self.ann,
            vehicle_id=self.vehicle.id,
            order_line=[
                Command.create({"product_id": self.product.id, "product_uom_qty": 2})
            ],
        )
        order.action_confirm()
        wizard = (
            self.env["sale.advance.payment.inv"]
            .with_context(active_ids=order.ids, active_model="sale.order")
            .create({"advance_payment_method": "fixed", "fixed_amount": 10})
        )
        wizard.create_invoices()
        deposit = order.invoice_ids
        self._post(deposit, "2026-03-10")
        self.assertFalse(self._run_days("2026-03-11", "2026-03-12"))
        final = order._create_invoices(final=True)
        self._post(final, "2026-03-14")
        self.assertEqual(self._run_days("2026-03-13", "2026-03-16"), ["2026-03-15"])
        row = self.env["customer.interaction"].search(
            [("dedupe_key", "=like", "360:thank_you:%")]
        )
        self.assertEqual(row.work_order_id, order)
        order.order_line[0].product_uom_qty = 3
        rest = order._create_invoices()
        self._post(rest, "2026-03-16")
        self.assertFalse(self._run_days("2026-03-16", "2026-03-19"))

    def _post(self, move, day):
        move.write({"invoice_date": day, "vehicle_id": self.vehicle.id})
        move.action_post()
        move.posted_at = self._local(day, 15)

    # --- Deferred ---

    def test_deferred(self):
        self._set_rule("deferred", 5)
        self._defer("2026-03-10")
        self._invoice("2026-03-10")
        self.assertEqual(self._run_days("2026-03-08", "2026-04-20"), ["2026-03-15"])
        # After the next visit once more.
        self._invoice("2026-04-22")
        self.assertEqual(self._run_days("2026-04-20", "2026-05-10"), ["2026-04-27"])

    def test_one_visit_under_two_dates(self):
        """Work completed on the 10th, invoiced on the 16th, after the reminder."""
        self._set_rule("deferred", 5)
        self._defer("2026-03-10")
        with self.at("2026-03-10"):
            self._book("2026-03-10", booked_on="2026-03-01").action_complete()
        self.assertEqual(self._run_days("2026-03-10", "2026-03-15"), ["2026-03-15"])
        self._invoice("2026-03-14", posted_on="2026-03-16")
        self.assertFalse(self._run_days("2026-03-16", "2026-03-25"))

    def test_what_stops_deferred_and_inactive(self):
        other = self._create_customer(name="Bob", email="bob@example.com")
        cases = {
            "nothing": (lambda: None, ["deferred", "inactive"]),
            "booked": (lambda: self._book("2026-03-25"), []),
            "booked, then cancelled": (
                lambda: self._book("2026-03-25").action_cancel_appointment(),
                ["deferred", "inactive"],
            ),
            "booked for a time that is over": (
                lambda: self._book("2026-03-14"),
                ["deferred", "inactive"],
            ),
            "the owner booked, no vehicle named": (
                lambda: self._book("2026-03-25", vehicle_id=False),
                [],
            ),
            "the owner booked another vehicle": (
                lambda: self._book(
                    "2026-03-25", vehicle=self._create_vehicle(self.ann)
                ),
                ["deferred", "inactive"],
            ),
            "sold": (lambda: self.vehicle.write({"disposition": "sold"}), []),
            "scrapped": (lambda: self.vehicle.write({"disposition": "scrapped"}), []),
            "card archived": (lambda: self.vehicle.write({"active": False}), []),
            "customer archived": (lambda: self.ann.write({"active": False}), []),
            "passed to another owner": (
                lambda: self.vehicle.write({"owner_id": other.id}),
                [],
            ),
            "work done": (
                lambda: self.vehicle.deferred_work_ids.action_done(),
                ["inactive"],
            ),
            "work declined": (
                lambda: self.vehicle.deferred_work_ids.action_decline(),
                ["inactive"],
            ),
            "invoiced since": (lambda: self._invoice("2026-03-13"), []),
            "invoice taken back": (
                lambda: self.vehicle.invoice_ids.button_draft(),
                ["deferred"],
            ),
        }
        self._set_rule("deferred", 5)
        self._set_rule("inactive", 5)
        self._defer("2026-03-10")
        self._invoice("2026-03-10")
        for name, (change, expected) in cases.items():
            with self.subTest(name), self.at("2026-03-14", 12), self._undone():
                change()
                with self.at("2026-03-15"):
                    due = self.env["customer.contact.due"]
                    due._plan_due(self.setup, self.setup._get_today())
                rows = self.env["customer.interaction"].search(
                    [("dedupe_key", "=like", "360:%")], order="id"
                )
                kinds = [row._get_contact_kind() for row in rows]
                self.assertEqual(kinds, expected)

    # --- Inactive: both worked examples, day by day over two years ---

    def test_example_90_90_365(self):
        self._set_rule("inactive", 90, interval=90, dead=365)
        self._invoice("2026-01-01")
        self.assertEqual(
            self._offsets("2026-01-01", "2027-12-31", "2026-01-01"),
            [90, 180, 270, 360],
        )

    def test_example_90_60_180(self):
        self._set_rule("inactive", 90, interval=60, dead=180)
        self._invoice("2026-01-01")
        self.assertEqual(
            self._offsets("2026-01-01", "2027-12-31", "2026-01-01"), [90, 150]
        )

    def test_series(self):
        """(Inactive, Interval, Dead) -> days within 400"""
        cases = [
            ((90, 0, 365), [90]),
            ((90, 0, 0), [90]),
            ((90, 90, 0), [90, 180, 270, 360]),
            ((90, 91, 181), [90]),
            ((90, 91, 182), [90, 181]),
            ((90, 90, 91), [90]),
            ((365, 30, 0), [365, 395]),
        ]
        self._invoice("2026-01-01")
        self.setup.grace_days = 0
        for (days, interval, dead), expected in cases:
            with self.subTest(days=days, interval=interval, dead=dead), self._undone():
                rule = self._set_rule("inactive", days, interval=interval, dead=dead)
                self.assertEqual([day for _n, day in rule._get_offsets(400)], expected)
                found = []
                for offset in (90, 180, 181, 270, 272, 360, 365, 395):
                    today = fields.Date.to_date("2026-01-01") + timedelta(days=offset)
                    found += [offset] * len(self._run_days(today, today))
                self.assertEqual(found, expected)

    def test_a_visit_begins_a_new_series(self):
        self._set_rule("inactive", 90, interval=90, dead=365)
        self._invoice("2026-01-01")
        self.assertEqual(self._run_days("2026-03-25", "2026-04-10"), ["2026-04-01"])
        self._invoice("2026-04-10")
        self.assertEqual(self._run_days("2026-04-10", "2026-07-12"), ["2026-07-09"])

    def test_each_vehicle_by_itself(self):
        self._set_rule("inactive", 90, interval=90, dead=365)
        self._invoice("2026-01-01")
        self._invoice("2026-01-01", vehicle=self._create_vehicle(self.ann))
        self.assertEqual(len(self._run("2026-04-01")), 2)

    def test_ten_years_of_history(self):
        """Imported today: only who is due today is written to."""
        self._set_rule("inactive", 90, interval=90, dead=365)
        self._set_rule("thank_you", 1)
        self._set_rule("no_show", 1)
        for year in range(2016, 2026):
            move = self._invoice(
                f"{year}-07-01", vehicle=self._create_vehicle(self.ann)
            )
            move.posted_at = self._local("2026-01-05", 15)
            self._book(f"{year}-07-01", booked_on="2026-01-05").action_complete()
        self.assertFalse(self._run_days("2026-01-05", "2026-03-20"))
        # 270 days after July 1, 2025.
        self.assertEqual(self._run_days("2026-03-21", "2026-03-31"), ["2026-03-28"])

    def test_two_locations(self):
        """A card that both share belongs to the one whose invoice is the last."""
        self.env["account.chart.template"].try_loading(
            "generic_coa", company=self.other_company, install_demo=False
        )
        self.other_company.shop_tz = "America/Chicago"
        other = self._create_setup(self.other_company)
        for setup in (self.setup, other):
            self._set_rule("inactive", 90, setup=setup)
        self.vehicle.company_id = False
        self._invoice("2026-01-01")
        self._invoice("2026-01-03", company=self.other_company)
        self.assertFalse(self._run_days("2026-03-30", "2026-04-05"))
        self.assertEqual(
            self._run_days("2026-03-30", "2026-04-05", setup=other), ["2026-04-03"]
        )

    def test_deferred_work_of_another_location(self):
        other = self._create_setup(self.other_company)
        for setup in (self.setup, other):
            self._set_rule("deferred", 5, setup=setup)
        self.vehicle.company_id = False
        self._invoice("2026-03-10")
        work = self.env["vehicle.deferred.work"].with_company(self.other_company)
        work.create({"vehicle_id": self.vehicle.id, "description": "Struts"})
        self.assertFalse(self._run_days("2026-03-12", "2026-03-18"))
        self.assertEqual(
            len(self._run_days("2026-03-12", "2026-03-18", setup=other)), 1
        )

    def test_card_that_moved_to_another_location(self):
        """Its customer is not written to in the name of the old one any more."""
        self._set_rule("inactive", 90)
        self._set_rule("reminder_2", 3)
        self._invoice("2026-01-01")
        self._book("2026-06-20")
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE customer_vehicle SET company_id = %s WHERE id = %s",
            (self.other_company.id, self.vehicle.id),
        )
        self.env.invalidate_all()
        self.assertFalse(self._run_days("2026-04-01", "2026-04-01"))
        row = self._run("2026-06-17")
        self.assertEqual((row.partner_id, row.vehicle_id.ids), (self.ann, []))

    def test_customer_of_another_location(self):
        self._set_rule("inactive", 90)
        self._invoice("2026-01-01")
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE res_partner SET company_id = %s WHERE id = %s",
            (self.other_company.id, self.ann.id),
        )
        self.env.invalidate_all()
        self.assertFalse(self._run_days("2026-04-01", "2026-04-01"))
