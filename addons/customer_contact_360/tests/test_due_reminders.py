# Copyright 2026 Auto Shop Suite
# License LGPL-3.0 or later (https://www.gnu.org/licenses/lgpl).
from odoo.tests import tagged

from .common import Contact360Common


@tagged("post_install", "-at_install")
class TestDueReminders(Contact360Common):
    """Reminder 1, Reminder 2 and No Show: what appointments bring, and on which day."""

    def test_so_many_days_before(self):
        self._set_rule("reminder_1", 14)
        self._set_rule("reminder_2", 3)
        self._book("2026-03-20")
        self.assertEqual(
            self._run_days("2026-03-01", "2026-03-25"), ["2026-03-06", "2026-03-17"]
        )

    def test_appointment_that_was_made_late(self):
        """(Reminder 1, Reminder 2, booked on, appointment) -> {day: kind}"""
        first, second = "contact_reminder_1", "contact_reminder_2"
        cases = [
            # Before the day of the second, which comes on its day.
            (14, 3, "2026-03-10", "2026-03-15", {"2026-03-12": second}),
            # After its day: on the day after it was made.
            (14, 3, "2026-03-10", "2026-03-13", {"2026-03-11": second}),
            (14, 3, "2026-03-10", "2026-03-12", {"2026-03-11": second}),
            # Not on the day of the appointment, nor on that on which it was made.
            (14, 3, "2026-03-10", "2026-03-11", {}),
            (14, 3, "2026-03-10", "2026-03-10", {}),
            # Only Reminder 1 is on: it does what the second would have done.
            (14, 0, "2026-03-10", "2026-03-15", {"2026-03-11": first}),
            (14, 0, "2026-03-10", "2026-03-11", {}),
            # Made in time for both, to the day.
            (
                14,
                3,
                "2026-03-10",
                "2026-03-25",
                {"2026-03-11": first, "2026-03-22": second},
            ),
            # One day later: too late for the first.
            (14, 3, "2026-03-10", "2026-03-24", {"2026-03-21": second}),
            # Both on one day: the second.
            (5, 5, "2026-03-10", "2026-03-20", {"2026-03-15": second}),
            # The numbers the wrong way round: as entered.
            (
                3,
                5,
                "2026-03-10",
                "2026-03-20",
                {"2026-03-15": second, "2026-03-17": first},
            ),
        ]
        for days_1, days_2, booked, visit, expected in cases:
            with (
                self.subTest(days=(days_1, days_2), booked=booked, visit=visit),
                self._undone(),
            ):
                self._set_rule("reminder_1", days_1)
                self._set_rule("reminder_2", days_2)
                self._book(visit, hour=18, booked_on=booked)
                found = {}
                for day in sorted({*expected, "2026-03-10", "2026-03-11", visit}):
                    for row in self._run(day):
                        found[day] = row.purpose_id.code
                self._forget()
                self.assertEqual(self._run_days("2026-03-10", visit), [*expected])
                self.assertEqual(found, expected)

    def test_what_stops_a_reminder(self):
        """What happens to the appointment -> the days on which something goes."""
        cases = {
            "nothing": (lambda event: None, ["2026-03-17"]),
            "cancelled": (lambda event: event.action_cancel_appointment(), []),
            "arrived": (lambda event: event.action_arrived(), []),
            "archived": (lambda event: event.write({"active": False}), []),
            "sold, but booked all the same": (
                lambda event: event.vehicle_id.write({"disposition": "sold"}),
                ["2026-03-17"],
            ),
            "moved within the day": (
                lambda event: event.write(
                    {"start": self._local("2026-03-20", 15), "notify_customer": False}
                ),
                ["2026-03-17"],
            ),
            "moved to another day": (
                lambda event: event.write(
                    {"start": self._local("2026-03-22", 15), "notify_customer": False}
                ),
                ["2026-03-19"],
            ),
            "moved close": (
                lambda event: event.write(
                    {"start": self._local("2026-03-14", 15), "notify_customer": False}
                ),
                ["2026-03-13"],
            ),
        }
        self._set_rule("reminder_2", 3)
        for name, (change, expected) in cases.items():
            with self.subTest(name), self._undone():
                event = self._book("2026-03-20")
                with self.at("2026-03-12"):
                    change(event)
                self.assertEqual(self._run_days("2026-03-12", "2026-03-24"), expected)

    def test_moved_after_it_was_reminded_of(self):
        self._set_rule("reminder_2", 3)
        event = self._book("2026-03-20")
        self.assertEqual(self._run_days("2026-03-15", "2026-03-17"), ["2026-03-17"])
        with self.at("2026-03-18"):
            event.write(
                {"start": self._local("2026-03-20", 16), "notify_customer": False}
            )
        self.assertFalse(self._run_days("2026-03-18", "2026-03-19"))
        with self.at("2026-03-19"):
            event.write(
                {"start": self._local("2026-03-25", 16), "notify_customer": False}
            )
        self.assertEqual(self._run_days("2026-03-19", "2026-03-25"), ["2026-03-22"])

    def test_midnight_is_that_of_the_location(self):
        """Late in the evening and early in the morning, UTC is another day."""
        self._set_rule("reminder_2", 3)
        for hour in (0, 23):
            with self.subTest(hour=hour), self._undone():
                self._book("2026-03-20", hour=hour)
                self.assertEqual(
                    self._run_days("2026-03-10", "2026-03-21"), ["2026-03-17"]
                )

    def test_clock_change(self):
        """Clocks went forward in Chicago on March 8, 2026, and back on November 1."""
        self._set_rule("reminder_2", 3)
        for visit, expected in (
            ("2026-03-08", ["2026-03-05"]),
            ("2026-03-10", ["2026-03-07"]),
            ("2026-03-11", ["2026-03-08"]),
            ("2026-11-01", ["2026-10-29"]),
            ("2026-11-03", ["2026-10-31"]),
            ("2026-11-04", ["2026-11-01"]),
        ):
            for hour in (0, 23):
                with self.subTest(visit=visit, hour=hour), self._undone():
                    self._book(visit, hour=hour)
                    self.assertEqual(self._run_days(expected[0], visit), expected)

    def test_vehicle_entered_after_the_reminder(self):
        """It is still the same appointment."""
        self._set_rule("reminder_1", 14)
        event = self._book(
            "2026-03-20", customer_id=self.ann.id, vehicle_id=False, work_order_id=False
        )
        self.assertEqual(self._run_days("2026-03-05", "2026-03-07"), ["2026-03-06"])
        event.vehicle_id = self.vehicle
        self.assertFalse(self._run_days("2026-03-07", "2026-03-09"))

    def test_appointment_that_passed_to_another_customer(self):
        self._set_rule("reminder_1", 14)
        event = self._book("2026-03-20", vehicle_id=False)
        self.assertEqual(self._run_days("2026-03-05", "2026-03-07"), ["2026-03-06"])
        bob = self._create_customer(name="Bob", email="bob@example.com")
        event.write({"customer_id": bob.id, "notify_customer": False})
        rows = self._run("2026-03-08")
        self.assertEqual(rows.partner_id, bob)

    # --- No Show ---

    def test_no_show(self):
        self._set_rule("no_show", 2)
        event = self._book("2026-03-10", hour=23)
        self.assertEqual(self._run_days("2026-03-08", "2026-03-20"), ["2026-03-12"])
        self._forget()
        with self.at("2026-03-11"):
            event.action_no_show()
        self.assertEqual(self._run_days("2026-03-11", "2026-03-20"), ["2026-03-12"])

    def test_what_is_no_no_show(self):
        """What happened since the appointment of March 10 -> whether he missed it."""
        later = {"booked_on": "2026-03-11"}
        elsewhere = self._create_vehicle(self.ann)
        cases = {
            "nothing": (lambda event: None, True),
            "cancelled": (lambda event: event.action_cancel_appointment(), False),
            "arrived, never closed": (lambda event: event.action_arrived(), False),
            "moved": (
                lambda event: event.write(
                    {"start": self._local("2026-03-25"), "notify_customer": False}
                ),
                False,
            ),
            "rebooked": (lambda event: self._book("2026-03-25", **later), False),
            "rebooked on the same day": (
                lambda event: self._book("2026-03-10", hour=16, **later),
                True,
            ),
            "had the later one before": (lambda event: self._book("2026-03-25"), False),
            "rebooked without naming the vehicle": (
                lambda event: self._book("2026-03-25", vehicle_id=False, **later),
                False,
            ),
            "another vehicle of his": (
                lambda event: self._book("2026-03-25", vehicle=elsewhere, **later),
                True,
            ),
            "rebooked and cancelled": (
                lambda event: self._book(
                    "2026-03-25", **later
                ).action_cancel_appointment(),
                True,
            ),
            "came without appointment": (
                lambda event: self._invoice("2026-03-11"),
                False,
            ),
            "sold": (lambda e: self.vehicle.write({"disposition": "sold"}), False),
        }
        self._set_rule("no_show", 2)
        self.setup.grace_days = 0
        for name, (change, expected) in cases.items():
            with self.subTest(name), self.at("2026-03-11", 12), self._undone():
                change(self._book("2026-03-10"))
                found = self._run_days("2026-03-12", "2026-03-12")
                self.assertEqual(bool(found), expected)

    def test_no_show_without_a_vehicle(self):
        self._set_rule("no_show", 1)
        self._book("2026-03-10", vehicle_id=False)
        row = self._run("2026-03-11")
        self.assertEqual((row.partner_id, row.vehicle_id.ids), (self.ann, []))
        self._forget()
        self._invoice("2026-03-10")
        self.assertFalse(self._run_days("2026-03-11", "2026-03-12"))

    def test_no_show_is_not_foreseen(self):
        """The list of the next days takes nobody for missing before his day is over."""
        self._set_rule("no_show", 1)
        self._book("2026-03-10")
        self.assertFalse(self._list("2026-03-09"))
        self.assertFalse(self._list("2026-03-10"))
        self.assertEqual(self._list("2026-03-11").kind, "no_show")
