# Copyright 2026 Auto Shop Suite
# License LGPL-3.0 or later (https://www.gnu.org/licenses/lgpl).
from datetime import date, timedelta

from odoo.fields import Command
from odoo.tests import tagged

from .common import Contact360Common


@tagged("post_install", "-at_install")
class TestDueOnce(Contact360Common):
    """One message a kind, vehicle and occasion: nothing twice, and nothing lost."""

    def test_planning_twice_plans_once(self):
        self._set_rule("inactive", 90)
        self._invoice("2026-01-01")
        self.assertEqual(len(self._run("2026-04-01")), 1)
        self.assertFalse(self._run("2026-04-01"))
        self.assertFalse(self._run("2026-04-02"))

    def test_merged_customers(self):
        self._set_rule("inactive", 90, interval=90)
        self._set_rule("reminder_1", 14)
        self._invoice("2026-01-01")
        self._book("2026-06-20", vehicle_id=False)
        self.assertEqual(self._run_days("2026-06-01", "2026-06-07"), ["2026-06-06"])
        event = self.env["calendar.event"].search([("customer_id", "=", self.ann.id)])
        event.active = False
        self.assertEqual(self._run_days("2026-04-01", "2026-04-01"), ["2026-04-01"])
        event.active = True
        twin = self._create_customer(name="Ann B. Miller", email="annb@example.com")
        self.env["base.partner.merge.automatic.wizard"].create(
            {
                "partner_ids": [Command.set((self.ann | twin).ids)],
                "dst_partner_id": twin.id,
            }
        ).action_merge()
        self.assertEqual(self.vehicle.owner_id, twin)
        self.assertFalse(self._run_days("2026-04-02", "2026-04-04"))
        self.assertFalse(self._run_days("2026-06-07", "2026-06-08"))
        event.active = False
        row = self._run("2026-06-30")
        self.assertEqual(row.partner_id, twin)

    def test_merge_between_plan_and_dispatch(self):
        self._set_rule("inactive", 90)
        self._invoice("2026-01-01")
        row = self._run("2026-04-01")
        twin = self._create_customer(name="Ann B. Miller", email="annb@example.com")
        self.env["base.partner.merge.automatic.wizard"].create(
            {
                "partner_ids": [Command.set((self.ann | twin).ids)],
                "dst_partner_id": twin.id,
            }
        ).action_merge()
        with self.at("2026-04-01", 11):
            row._dispatch()
        self.assertEqual((row.state, row.partner_id), ("queued", twin))

    def test_manager_changes_the_inactive_series(self):
        """(numbers, days run, new numbers) -> days run in all"""
        cases = [
            # A little later: it went out a week ago.
            ((90, 90, 0), 97, (100, 90, 0), [90, 190, 280]),
            # A shorter interval holds from the last message on.
            ((90, 90, 0), 97, (90, 30, 0), [90, 120, 150, 180, 210, 240, 270, 300]),
            # A longer one too.
            ((90, 30, 0), 185, (90, 90, 0), [90, 120, 150, 180, 270]),
            # Another series altogether: first when its interval is over.
            ((90, 30, 0), 185, (100, 100, 0), [90, 120, 150, 180, 300]),
            # Once: he had it.
            ((90, 0, 0), 97, (100, 0, 0), [90]),
            # Off and on again.
            ((90, 90, 0), 97, (0, 90, 0), [90]),
            # Dead comes nearer.
            ((90, 90, 0), 97, (90, 90, 180), [90]),
        ]
        self._invoice("2026-01-01")
        for before, until, after, expected in cases:
            with self.subTest(before=before, until=until, after=after), self._undone():
                self._set_rule(
                    "inactive", before[0], interval=before[1], dead=before[2]
                )
                found = self._run_offsets(85, until)
                self._set_rule("inactive", after[0], interval=after[1], dead=after[2])
                found += self._run_offsets(until + 1, 300)
                self.assertEqual(found, expected)

    def _run_offsets(self, first, last):
        start = date(2026, 1, 1)
        found = self._run_days(
            start + timedelta(days=first), start + timedelta(days=last)
        )
        return [(date.fromisoformat(day) - start).days for day in found]

    def test_manager_changes_other_numbers(self):
        """(kind, days, run until, new days) -> days on which something went"""
        cases = [
            ("thank_you", 3, "2026-03-14", 8, ["2026-03-13"]),
            ("thank_you", 8, "2026-03-14", 5, ["2026-03-15"]),
            ("deferred", 3, "2026-03-14", 8, ["2026-03-13"]),
            ("deferred", 8, "2026-03-14", 5, ["2026-03-15"]),
            ("no_show", 3, "2026-03-14", 8, ["2026-03-13"]),
            ("no_show", 8, "2026-03-14", 5, ["2026-03-15"]),
        ]
        for kind, days, until, new_days, expected in cases:
            with self.subTest(kind=kind, days=days, new_days=new_days), self._undone():
                if kind == "no_show":
                    self._book("2026-03-10")
                else:
                    self._invoice("2026-03-10")
                    self._defer("2026-03-10")
                self._set_rule(kind, days)
                found = self._run_days("2026-03-10", until)
                self._set_rule(kind, new_days)
                found += self._run_days("2026-03-15", "2026-03-20")
                self.assertEqual(found, expected)

    def test_more_days_for_a_reminder(self):
        """Appointments that are closer already are reminded of on the day of the
        change; who was reminded before is not."""
        self._set_rule("reminder_1", 3)
        reminded = self._book("2026-03-12")
        near = self._book("2026-03-16", vehicle=self._create_vehicle(self.ann))
        far = self._book("2026-03-30", vehicle=self._create_vehicle(self.ann))
        self.assertEqual(len(self._run("2026-03-09")), 1)
        rule = self.setup._get_rule("email", "reminder_1")
        with self.at("2026-03-10", 12):
            rule.write({"days": 14})
        self.assertEqual(str(rule.changed_on), "2026-03-10")
        rows = self._run("2026-03-11")
        self.assertEqual(rows.event_id, near)
        self.assertNotIn(reminded, rows.event_id)
        self.assertEqual(self._run("2026-03-16").event_id, far)
        with self.at("2026-03-17", 12):
            rule.write({"days": 2})
        self.assertFalse(self._run_days("2026-03-17", "2026-03-30"))

    def test_last_invoice_whose_date_was_corrected(self):
        self._set_rule("inactive", 90, interval=90)
        move = self._invoice("2026-01-01")
        self.assertEqual(self._run_days("2026-03-30", "2026-04-02"), ["2026-04-01"])
        move.button_draft()
        move.invoice_date = "2026-01-03"
        move.action_post()
        self.assertEqual(str(self.vehicle.last_invoice_date), "2026-01-03")
        self.assertEqual(self._run_days("2026-04-03", "2026-07-05"), ["2026-07-02"])

    def test_visit_that_was_entered_late(self):
        """He was here on March 20, which was entered after he had been written to."""
        self._set_rule("inactive", 90, interval=90)
        self._invoice("2026-01-01")
        self.assertEqual(self._run_days("2026-03-30", "2026-04-02"), ["2026-04-01"])
        self._invoice("2026-03-20", posted_on="2026-04-05")
        self.assertEqual(self._run_days("2026-04-03", "2026-06-20"), ["2026-06-18"])

    # --- what fell at dispatch ---

    def test_moved_away_and_back(self):
        self._set_rule("reminder_2", 3)
        event = self._book("2026-03-20")
        row = self._run("2026-03-17")
        with self.at("2026-03-17", 11):
            event.write({"start": self._local("2026-03-25"), "notify_customer": False})
            row._dispatch()
            self.assertEqual((row.state, row.reason_code), ("cancelled", "superseded"))
            event.write({"start": self._local("2026-03-20"), "notify_customer": False})
        self._run("2026-03-18")
        self.assertEqual((row.state, row.reason_code), ("planned", False))
        with self.at("2026-03-18", 11):
            row._dispatch()
        self.assertEqual(row.state, "queued")

    def test_blocked_by_a_person_stays_blocked(self):
        self._set_rule("inactive", 90)
        self._invoice("2026-01-01")
        row = self._run("2026-04-01")
        row.with_user(self.manager).action_cancel()
        self._run("2026-04-02")
        self.assertEqual((row.state, row.reason_code), ("cancelled", "blocked"))
        self.assertFalse(self._list("2026-04-02").filtered(lambda d: d.state == "due"))

    def test_unsubscribed_at_dispatch_and_back_again(self):
        self._set_rule("inactive", 90)
        self._invoice("2026-01-01")
        row = self._run("2026-04-01")
        self.ann.do_not_mail = True
        with self.at("2026-04-01", 11):
            row._dispatch()
        self.assertEqual(row.state, "cancelled")
        self._run("2026-04-02")
        self.assertEqual(row.state, "cancelled")
        self.ann.do_not_mail = False
        self.assertEqual(self._list("2026-04-02").state, "due")
        self._run("2026-04-03")
        self.assertEqual(row.state, "planned")

    def test_reversal_brings_no_old_message_back(self):
        """The invoice of June falls away: the series of January goes on where it is."""
        self._set_rule("inactive", 90, interval=90, dead=365)
        self._invoice("2026-01-01")
        june = self._invoice("2026-06-01")
        june.button_draft()
        self.assertEqual(self._run_days("2026-06-10", "2026-06-30"), ["2026-06-30"])
