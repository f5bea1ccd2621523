# Copyright 2026 Auto Shop Suite
# License LGPL-3.0 or later (https://www.gnu.org/licenses/lgpl).
from datetime import datetime

from psycopg2 import IntegrityError

from odoo.exceptions import AccessError
from odoo.tests import tagged
from odoo.tools import mute_logger

from .common import AutoShopCommon

CHICAGO, NEW_YORK, PHOENIX = "America/Chicago", "America/New_York", "America/Phoenix"


@tagged("post_install", "-at_install")
class TestQuietHours(AutoShopCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.hours = cls.env["customer.quiet.hours"]
        cls.states = {
            state.code: state
            for state in cls.env["res.country.state"].search(
                [("country_id", "=", cls.country_us.id)]
            )
        }

    def _next(self, when, tz, state=None, channel="sms", country=None):
        return self.hours._next_allowed(
            datetime.fromisoformat(when),
            channel,
            tz,
            self.company,
            country or self.country_us,
            self.states[state] if state else None,
        )

    def test_shipped_hours(self):
        """(UTC moment, zone, state) -> when it may go, in UTC."""
        cases = [
            # 2026-06-17 is a Wednesday; Chicago is UTC-5, New York UTC-4.
            ("2026-06-17 13:00", CHICAGO, "IL", "2026-06-17 13:00"),  # 8:00
            ("2026-06-17 12:59", CHICAGO, "IL", "2026-06-17 13:00"),  # 7:59
            ("2026-06-18 01:59", CHICAGO, "IL", "2026-06-18 01:59"),  # 20:59
            ("2026-06-18 02:00", CHICAGO, "IL", "2026-06-18 13:00"),  # 21:00
            ("2026-06-18 00:00", NEW_YORK, "FL", "2026-06-18 12:00"),  # 20:00
            ("2026-06-17 23:59", NEW_YORK, "FL", "2026-06-17 23:59"),  # 19:59
            ("2026-06-17 12:30", NEW_YORK, "CT", "2026-06-17 13:00"),  # 8:30
            # Texas: 9-21, on Sundays from noon.
            ("2026-06-20 13:30", CHICAGO, "TX", "2026-06-20 14:00"),
            ("2026-06-21 16:59", CHICAGO, "TX", "2026-06-21 17:00"),
            ("2026-06-21 02:30", CHICAGO, "TX", "2026-06-21 17:00"),
            # Rhode Island: 9-18, weekends 10-17.
            ("2026-06-19 22:00", NEW_YORK, "RI", "2026-06-20 14:00"),
            ("2026-06-20 20:59", NEW_YORK, "RI", "2026-06-20 20:59"),
            ("2026-06-20 21:00", NEW_YORK, "RI", "2026-06-21 14:00"),
        ]
        for when, tz, state, expected in cases:
            with self.subTest(when=when, state=state):
                self.assertEqual(
                    self._next(when, tz, state), datetime.fromisoformat(expected)
                )

    def test_clock_changes(self):
        """The same local hour on both sides of the change."""
        cases = [
            # Spring forward 2026-03-08: Chicago UTC-6 -> UTC-5.
            ("2026-03-08 03:30", CHICAGO, "2026-03-08 13:00"),
            ("2026-03-07 03:30", CHICAGO, "2026-03-07 14:00"),
            # Back 2026-11-01: UTC-5 -> UTC-6.
            ("2026-11-01 03:30", CHICAGO, "2026-11-01 14:00"),
            ("2026-10-31 03:30", CHICAGO, "2026-10-31 13:00"),
            # No change in Arizona.
            ("2026-03-08 05:00", PHOENIX, "2026-03-08 15:00"),
        ]
        for when, tz, expected in cases:
            with self.subTest(when=when, tz=tz):
                self.assertEqual(self._next(when, tz), datetime.fromisoformat(expected))

    def test_hour_that_the_clock_skips_is_never_widened(self):
        self.hours.search([]).active = False
        self.hours.flush_model()
        self.hours.create({"hour_from": 2.5, "hour_to": 24.0})
        # 2:30 does not exist on 2026-03-08: the first allowed moment is 3:30 CDT.
        self.assertEqual(
            self._next("2026-03-08 07:00", CHICAGO), datetime(2026, 3, 8, 8, 30)
        )

    def test_emails_wait_only_where_said(self):
        self.assertEqual(
            self._next("2026-06-18 04:00", CHICAGO, "TX", channel="email"),
            datetime(2026, 6, 18, 4, 0),
        )
        self.hours.create({"channel": "email", "hour_from": 9, "hour_to": 17})
        self.assertEqual(
            self._next("2026-06-18 04:00", CHICAGO, "TX", channel="email"),
            datetime(2026, 6, 18, 14, 0),
        )

    def test_closed_days(self):
        self.hours.create(
            {
                "country_id": self.country_us.id,
                "weekday": "6",
                "hour_from": 0,
                "hour_to": 0,
            }
        )
        self.assertEqual(
            self._next("2026-06-21 15:00", CHICAGO, "IL"), datetime(2026, 6, 22, 13, 0)
        )
        self.hours.search([]).write({"hour_from": 0, "hour_to": 0})
        self.assertIsNone(self._next("2026-06-21 15:00", CHICAGO, "IL"))

    def test_own_hours_of_a_location(self):
        own = self.hours.create(
            {"company_id": self.company.id, "hour_from": 10, "hour_to": 16}
        )
        at_nine = "2026-06-17 14:00"
        self.assertEqual(self._next(at_nine, CHICAGO), datetime(2026, 6, 17, 15, 0))
        own.company_id = self.other_company
        self.assertEqual(self._next(at_nine, CHICAGO), datetime(2026, 6, 17, 14, 0))

    def test_refused_hours(self):
        for hours in ((9, 8), (-1, 8), (8, 25)):
            with (
                self.subTest(hours=hours),
                mute_logger("odoo.sql_db"),
                self.assertRaises(IntegrityError),
                self.env.cr.savepoint(),
            ):
                self.hours.create(
                    {"weekday": "2", "hour_from": hours[0], "hour_to": hours[1]}
                )
        with (
            mute_logger("odoo.sql_db"),
            self.assertRaises(IntegrityError),
            self.env.cr.savepoint(),
        ):
            self.hours.create({"hour_from": 1, "hour_to": 2})

    def test_only_managers_edit(self):
        rule = self.hours.search([], limit=1)
        with self.assertRaises(AccessError):
            rule.with_user(self.staff).hour_to = 23
        rule.with_user(self.manager).hour_to = 20
