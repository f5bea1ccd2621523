# Copyright 2026 Auto Shop Suite
# License LGPL-3.0 or later (https://www.gnu.org/licenses/lgpl).
from datetime import date, datetime

from freezegun import freeze_time

from odoo.tests import tagged

from .common import Contact360Common


@tagged("post_install", "-at_install")
class TestRun(Contact360Common):
    """When the messages of a day are planned, and what a late run does."""

    def setUp(self):
        super().setUp()
        self.interactions = self.env["customer.interaction"]
        self.setups = self.env["customer.contact.setup"]
        # Other locations of the database are not what is tested.
        self.setups.search([("id", "!=", self.setup.id)]).write(
            {"email_enabled": False, "post_enabled": False}
        )

    def _cron(self, moment):
        """Run the scheduled action at a moment (UTC); return what it planned."""
        before = self._get_planned()
        with freeze_time(moment), self.enter_registry_test_mode():
            self.env.ref(
                "customer_contact_360.ir_cron_run"
            ).sudo().method_direct_trigger()
        self.env.invalidate_all()
        return self._get_planned() - before

    def _get_planned(self):
        return self.interactions.search([("dedupe_key", "=like", "360:%")])

    # --- the hour ---

    def test_moment_of_a_day(self):
        """(zone, hour, day) -> moment in UTC"""
        cases = [
            ("America/Chicago", 9, "2026-03-07", "2026-03-07 15:00"),
            ("America/Chicago", 9, "2026-03-08", "2026-03-08 14:00"),
            # 2:30 is left out on that day: an hour later by the clock.
            ("America/Chicago", 2.5, "2026-03-08", "2026-03-08 08:30"),
            # 1:30 comes twice on that day: the first.
            ("America/Chicago", 1.5, "2026-11-01", "2026-11-01 06:30"),
            ("America/Chicago", 1.5, "2026-11-02", "2026-11-02 07:30"),
            ("Europe/Berlin", 0, "2026-03-29", "2026-03-28 23:00"),
            ("Europe/Berlin", 23.75, "2026-03-29", "2026-03-29 21:45"),
            ("Asia/Kolkata", 9, "2026-03-08", "2026-03-08 03:30"),
            ("Pacific/Kiritimati", 9, "2026-03-08", "2026-03-07 19:00"),
            # There is no midnight in Havana on that day.
            ("America/Havana", 0, "2026-03-08", "2026-03-08 05:00"),
        ]
        for zone, hour, day, expected in cases:
            with self.subTest(zone=zone, hour=hour, day=day):
                self.setup.write({"shop_tz": zone, "send_hour": hour})
                self.assertEqual(
                    self.setup._get_send_moment(date.fromisoformat(day)),
                    datetime.fromisoformat(expected),
                )

    def test_not_before_the_hour(self):
        self._set_rule("inactive", 90)
        self._invoice("2026-01-01")
        self.assertFalse(self._cron("2026-04-01 13:59:00"))
        self.assertEqual(len(self._cron("2026-04-01 14:00:00")), 1)
        self.assertEqual(str(self.setup.last_run_on), "2026-04-01")
        self._invoice("2026-01-01", vehicle=self._create_vehicle(self.ann))
        # Once a day; what turned up since comes with the next day.
        self.assertFalse(self._cron("2026-04-01 20:00:00"))
        self.assertEqual(len(self._cron("2026-04-02 14:00:00")), 1)

    def test_locations_in_several_zones(self):
        """Each at its own nine o'clock, on its own day."""
        self.env["account.chart.template"].try_loading(
            "generic_coa", company=self.other_company, install_demo=False
        )
        self.other_company.shop_tz = "Pacific/Auckland"
        other = self._create_setup(self.other_company)
        other_ann = self._create_customer(name="Anna", email="anna@example.com")
        card = self._create_vehicle(other_ann, company_id=self.other_company.id)
        for setup in (self.setup, other):
            self._set_rule("inactive", 90, setup=setup)
        self._invoice("2026-01-01")
        self._invoice("2026-01-01", vehicle=card, company=self.other_company)
        # April 1, 9:00 in Auckland, which is on summer time till April 5.
        self.assertFalse(self._cron("2026-03-31 19:59:00"))
        rows = self._cron("2026-03-31 20:00:00")
        self.assertEqual(rows.mapped("company_id"), self.other_company)
        rows = self._cron("2026-04-01 14:00:00")
        self.assertEqual(rows.mapped("company_id"), self.company)
        self.assertEqual(
            [str(self.setup.last_run_on), str(other.last_run_on)],
            ["2026-04-01", "2026-04-01"],
        )

    def test_days_of_the_clock_change(self):
        """Once on each day, also on the one of 23 and the one of 25 hours."""
        self._set_rule("inactive", 1, interval=1)
        for first, moments in (
            ("2026-03-07", ("03-07 15:00", "03-08 14:00", "03-09 14:00")),
            ("2026-10-31", ("10-31 14:00", "11-01 15:00", "11-02 15:00")),
        ):
            with self.subTest(first=first), self._undone():
                self._invoice(date.fromisoformat(first).replace(day=1))
                self.setup.grace_days = 0
                for moment in moments:
                    before, after = f"2026-{moment[:5]} 05:00", f"2026-{moment}"
                    self._cron(before)
                    self.assertEqual(len(self._cron(after)), 1, moment)

    def test_wakes_itself_at_the_hour_once(self):
        cron = self.env.ref("customer_contact_360.ir_cron_run")
        triggers = self.env["ir.cron.trigger"].sudo()
        triggers.search([("cron_id", "=", cron.id)]).unlink()
        for _again in range(3):
            self._cron("2026-04-01 10:00:00")
        found = triggers.search([("cron_id", "=", cron.id)])
        self.assertEqual(
            found.mapped("call_at"), [datetime.fromisoformat("2026-04-01 14:00")]
        )
        self._cron("2026-04-01 14:00:00")
        self.assertIn(
            datetime.fromisoformat("2026-04-02 14:00"),
            triggers.search([("cron_id", "=", cron.id)]).mapped("call_at"),
        )

    def test_archived_location(self):
        self._set_rule("inactive", 90)
        self._invoice("2026-01-01")
        self.env.user.company_id = self.env.ref("base.main_company")
        self.env["res.users"].search(
            [("company_id", "=", self.company.id)]
        ).active = False
        self.company.active = False
        self.assertFalse(self._cron("2026-04-01 14:00:00"))

    def test_location_that_fails_stops_no_other(self):
        other = self._create_setup(self.other_company, send_hour=0)
        self.other_company.shop_tz = "America/Chicago"
        self._set_rule("inactive", 90)
        self._invoice("2026-01-01")
        due = self.registry["customer.contact.due"]
        plan = due._plan_due

        def fail(model, setup, today):
            if setup == other:
                raise ValueError("odd data")
            return plan(model, setup, today)

        self.patch(due, "_plan_due", fail)
        with self.assertLogs("odoo.addons.customer_contact_360", "ERROR"):
            rows = self._cron("2026-04-01 14:00:00")
        self.assertEqual(len(rows), 1)
        self.assertFalse(other.last_run_on)

    # --- grace ---

    def test_missed_runs(self):
        """(grace, days without a run) -> days late of what is still sent"""
        cases = [
            (3, 1, [1]),
            (3, 3, [1, 2, 3]),
            (3, 10, [1, 2, 3]),
            (0, 5, []),
            (10, 5, [1, 2, 3, 4, 5]),
        ]
        self._set_rule("thank_you", 1)
        for grace, missed, expected in cases:
            with self.subTest(grace=grace, missed=missed), self._undone():
                self.setup.grace_days = grace
                # Those that fell due on each of the missed days.
                for late in range(1, missed + 1):
                    self._invoice(
                        date(2026, 3, 20 - late - 1),
                        vehicle=self._create_vehicle(self.ann),
                    )
                self._run(date(2026, 3, 20 - missed - 1))
                rows = self._run("2026-03-20")
                self.assertEqual(
                    sorted((date(2026, 3, 20) - row.due_date).days for row in rows),
                    expected,
                )

    def test_short_interval_after_a_breakdown(self):
        """Every day a message: after three days without one it is one, not four."""
        self._set_rule("inactive", 90, interval=1, dead=100)
        self._invoice("2026-01-01")
        self.assertEqual(
            self._run_days("2026-04-01", "2026-04-02"), ["2026-04-01", "2026-04-02"]
        )
        rows = self._run("2026-04-05")
        self.assertEqual([str(row.due_date) for row in rows], ["2026-04-05"])

    def test_reminder_that_is_late(self):
        """It still goes where the appointment is not today, and says so in time."""
        self._set_rule("reminder_2", 3)
        for visit, expected in (("2026-03-20", 0), ("2026-03-21", 1)):
            with self.subTest(visit=visit), self._undone():
                self._book(visit)
                self._run("2026-03-15")
                self.assertEqual(len(self._run("2026-03-20")), expected)

    def test_late_first_reminder_gives_way_to_the_second(self):
        self._set_rule("reminder_1", 5)
        self._set_rule("reminder_2", 3)
        self._book("2026-03-20")
        rows = self._run("2026-03-17")
        self.assertEqual(rows.mapped("purpose_id.code"), ["contact_reminder_2"])

    # --- switching on ---

    def test_first_switch_on(self):
        """Ten years of history: what falls due from that day on."""
        self.setup.write({"email_enabled": False})
        for name in ("reminder_1", "reminder_2", "no_show", "thank_you", "deferred"):
            self._set_rule(name, 3)
        self._set_rule("inactive", 90, interval=90)
        for year in range(2016, 2026):
            self._invoice(f"{year}-06-01", vehicle=self._create_vehicle(self.ann))
        for day in ("2026-03-05", "2026-03-06", "2026-03-07", "2026-03-08"):
            card = self._create_vehicle(self.ann)
            self._invoice(day, vehicle=card)
            self._defer(day, vehicle=card)
            self._book(day, vehicle=self._create_vehicle(self.ann))
        # Due yesterday, today and tomorrow, by Reminder 2.
        for visit in ("2026-03-12", "2026-03-13", "2026-03-14"):
            self._book(visit, vehicle=self._create_vehicle(self.ann))
        with self.at("2026-03-10"):
            self.setup.email_enabled = True
        rows = self._run("2026-03-10")
        self.assertEqual({str(row.due_date) for row in rows}, {"2026-03-10"})
        self.assertEqual(
            sorted(row._get_contact_kind() for row in rows),
            ["deferred", "no_show", "reminder_2", "thank_you"],
        )

    def test_one_message_switched_on(self):
        """From 0 to a number is a first switch-on too; by channel."""
        self._set_rule("thank_you", 0)
        self._set_rule("inactive", 90)
        for day in ("2026-03-05", "2026-03-06", "2026-03-07"):
            self._invoice(day, vehicle=self._create_vehicle(self.ann))
        rule = self.setup._get_rule("email", "thank_you")
        with self.at("2026-03-09"):
            rule.write({"days": 3})
        self.assertEqual(str(rule.started_on), "2026-03-09")
        rows = self._run("2026-03-10")
        self.assertEqual(
            sorted(str(row.due_date) for row in rows), ["2026-03-09", "2026-03-10"]
        )
        with self.at("2026-03-12"):
            rule.write({"days": 4})
        self.assertEqual(str(rule.started_on), "2026-03-09")

    def test_postcards_switched_on_later(self):
        """The e-mails have been on since long; a postcard goes from that day on."""
        bob = self._create_customer(
            name="Bob",
            email=False,
            street="1 Elm St",
            city="Austin",
            zip="78701",
            state_id=self.state_texas.id,
        )
        for channel in ("email", "post"):
            self._set_rule("thank_you", 3, channel=channel)
        for day in ("2026-03-05", "2026-03-06"):
            self._invoice(day, vehicle=self._create_vehicle(bob))
        self._run("2026-03-08")
        with self.at("2026-03-09", 15):
            self.setup.post_enabled = True
        rows = self._run("2026-03-10")
        self.assertEqual(
            rows.mapped(lambda row: (row.channel, str(row.due_date))),
            [("post", "2026-03-09")],
        )
