# Copyright 2026 Auto Shop Suite
# License LGPL-3.0 or later (https://www.gnu.org/licenses/lgpl).
from odoo.tests import tagged

from .common import Contact360Common


@tagged("post_install", "-at_install")
class TestDue(Contact360Common):
    """Which day each kind of message falls due on."""

    def test_reminders(self):
        self._set_rule("reminder_1", 14)
        self._set_rule("reminder_2", 3)
        self._book("2026-03-20")
        self.assertEqual(
            self._run_days("2026-03-01", "2026-03-25"), ["2026-03-06", "2026-03-17"]
        )

    def test_reminder_of_an_appointment_that_was_made_late(self):
        cases = [
            # booked on, appointment, days on which something is sent
            ("2026-03-10", "2026-03-15", ["2026-03-12"]),
            ("2026-03-10", "2026-03-13", ["2026-03-11"]),
            ("2026-03-10", "2026-03-12", ["2026-03-11"]),
            ("2026-03-10", "2026-03-11", []),
            ("2026-03-10", "2026-03-10", []),
        ]
        self._set_rule("reminder_1", 14)
        self._set_rule("reminder_2", 3)
        for booked, day, expected in cases:
            with self.subTest(booked=booked, day=day):
                event = self._book(day, hour=18, booked_on=booked)
                self.assertEqual(
                    self._run_days("2026-03-10", "2026-03-17"), expected
                )
                event.sudo().active = False

    def test_no_show(self):
        self._set_rule("no_show", 2)
        self._book("2026-03-10")
        self.assertEqual(self._run_days("2026-03-08", "2026-03-20"), ["2026-03-12"])

    def test_thank_you(self):
        self._set_rule("thank_you", 3)
        self._invoice("2026-03-10", posted_on="2026-03-11")
        self.assertEqual(self._run_days("2026-03-08", "2026-03-20"), ["2026-03-14"])

    def test_deferred(self):
        self._set_rule("deferred", 5)
        self.env["vehicle.deferred.work"].create(
            {
                "vehicle_id": self.vehicle.id,
                "description": "Rear brakes",
                "date": "2026-03-10",
            }
        )
        self._invoice("2026-03-10")
        self.assertEqual(self._run_days("2026-03-08", "2026-03-20"), ["2026-03-15"])

    def test_inactive(self):
        self._set_rule("inactive", 90, interval=90, dead=365)
        self._invoice("2026-01-01")
        self.assertEqual(
            self._run_days("2026-03-25", "2026-04-05"), ["2026-04-01"]
        )

    def test_dispatch(self):
        self._set_rule("inactive", 90, interval=90, dead=365)
        self._invoice("2026-01-01")
        row = self._run("2026-04-01")
        with self.at("2026-04-01", 11):
            row._dispatch()
        self.assertEqual(row.state, "queued", row.failure_reason)
        self.assertIn("your last visit on", row.body)

    def test_list_of_the_next_days(self):
        self._set_rule("inactive", 90, interval=90, dead=365)
        self._invoice("2026-01-01")
        bob = self._create_customer(name="Bob", email=False)
        self._invoice("2026-01-02", vehicle=self._create_vehicle(bob))
        due = self.env["customer.contact.due"]
        with self.at("2026-03-30"):
            due.with_user(self.manager).action_open()
        rows = due.search([("company_id", "=", self.company.id)])
        self.assertEqual(
            rows.mapped(lambda row: (row.partner_id.name, row.state, row.reason_code)),
            [("Ann Miller", "due", False), ("Bob", "unreachable", "no_email")],
        )
        with self.at("2026-03-30"):
            rows[0].with_user(self.manager).action_block()
        self.assertFalse(self._run("2026-04-01"))
