# Copyright 2026 Auto Shop Suite
# License LGPL-3.0 or later (https://www.gnu.org/licenses/lgpl).
from odoo.tests import tagged

from .common import Contact360Common


@tagged("post_install", "-at_install")
class TestReminderDispatch(Contact360Common):
    """Between plan and dispatch the world goes on: each kind is looked at once more."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.company.write({"email": "shop@example.com"})
        cls.bob = cls._create_customer(name="Bob", email="bob@example.com")

    def _plan(self, kind):
        """A message of a kind that is due on March 17, 2026."""
        self._set_rule(kind, 3)
        if kind in ("reminder_1", "reminder_2"):
            self.event = self._book("2026-03-20")
        elif kind == "no_show":
            self.event = self._book("2026-03-14")
        else:
            self._invoice("2026-03-14")
            self._defer("2026-03-14")
        row = self._run("2026-03-17")
        self.assertEqual(row._get_contact_kind(), kind)
        return row

    def _move(self):
        self.event.write({"start": self._local("2026-03-26"), "notify_customer": False})

    def test_what_makes_it_fall(self):
        changes = {
            "nothing": lambda: None,
            "moved": self._move,
            "cancelled": lambda: self.event.action_cancel_appointment(),
            "arrived": lambda: self.event.action_arrived(),
            "booked": lambda: self._book("2026-03-30", booked_on="2026-03-17"),
            "invoiced": lambda: self._invoice("2026-03-17"),
            "reset": lambda: self.vehicle.invoice_ids.button_draft(),
            "sold": lambda: self.vehicle.write({"disposition": "sold"}),
            "owner": lambda: self.vehicle.write({"owner_id": self.bob.id}),
            "done": lambda: self.vehicle.deferred_work_ids.action_done(),
            "off": lambda: self.setup.write({"email_enabled": False}),
            "zero": lambda: self.setup.rule_ids.write({"days": 0}),
        }
        falls = {
            "reminder_1": {"moved", "cancelled", "arrived", "off", "zero"},
            "reminder_2": {"moved", "cancelled", "arrived", "off", "zero"},
            "no_show": {
                "moved",
                "cancelled",
                "arrived",
                "booked",
                "invoiced",
                "sold",
                "off",
                "zero",
            },
            "thank_you": {"reset", "owner", "off", "zero"},
            "deferred": {
                "booked",
                "invoiced",
                "sold",
                "owner",
                "done",
                "off",
                "zero",
            },
            "inactive": {
                "booked",
                "invoiced",
                "reset",
                "sold",
                "owner",
                "off",
                "zero",
            },
        }
        for kind, falling in falls.items():
            row = None
            for name, change in changes.items():
                about_event = kind in ("reminder_1", "reminder_2", "no_show")
                if name in ("moved", "cancelled", "arrived") and not about_event:
                    continue
                if name in ("reset", "done") and about_event:
                    continue
                with self.subTest(kind=kind, change=name), self._undone():
                    row = self._plan(kind)
                    with self.at("2026-03-17", 10, 30):
                        change()
                        row._dispatch()
                    self.assertEqual(
                        (row.state, row.reason_code),
                        ("cancelled", "superseded")
                        if name in falling
                        else ("queued", False),
                    )

    def test_whom_it_goes_to_now(self):
        """The driver was entered, or his address went: the next one gets it."""
        self.setup.post_enabled = True
        self._set_rule("inactive", 3, channel="post")
        address = {
            "street": "1 Elm St",
            "city": "Austin",
            "zip": "78701",
            "state_id": self.state_texas.id,
        }
        cases = {
            "driver entered": (
                lambda: self.vehicle.write({"driver_id": self.bob.id}),
                ("Bob", "email", "queued"),
            ),
            "address gone, postcard": (
                lambda: self.ann.write({"email": False, **address}),
                ("Ann Miller", "post", "queued"),
            ),
            "bounced, postcard": (
                lambda: (
                    self.ann.write(address),
                    self.env["res.partner"]._flag_hard_bounce(self.ann.email),
                ),
                ("Ann Miller", "post", "queued"),
            ),
            "unsubscribed": (
                lambda: self.ann.write({"do_not_mail": True}),
                ("Ann Miller", "email", "cancelled"),
            ),
            "nobody left": (
                lambda: self.ann.write({"email": False}),
                ("Ann Miller", "email", "cancelled"),
            ),
        }
        for name, (change, expected) in cases.items():
            with self.subTest(name), self._undone():
                row = self._plan("inactive")
                with self.at("2026-03-17", 10, 30):
                    change()
                    row._dispatch()
                self.assertEqual(
                    (row.partner_id.name, row.channel, row.state), expected
                )

    def test_waiting_is_not_being_late(self):
        """Three vehicles, one message a day: all go, though there is no grace."""
        self.company.automatic_message_limit = 1
        self.setup.grace_days = 0
        self._set_rule("inactive", 3)
        for _number in range(3):
            self._invoice("2026-03-14", vehicle=self._create_vehicle(self.ann))
        rows = self._run("2026-03-17")
        sent = []
        for day in ("2026-03-17", "2026-03-18", "2026-03-19"):
            with self.at(day, 12):
                due = rows.filtered(lambda row: row.state == "planned")
                due = due.filtered(
                    lambda row: row.planned_at <= self._local("2026-03-19", 12)
                )
                due._dispatch()
            sent.append(len(rows.filtered(lambda row: row.state == "queued")))
        self.assertEqual(sent, [1, 2, 3])

    def test_put_off_until_the_hour_of_the_location(self):
        """What waits for the next day does not go at midnight."""
        self.company.automatic_message_limit = 1
        self._set_rule("inactive", 3)
        for _number in range(2):
            self._invoice("2026-03-14", vehicle=self._create_vehicle(self.ann))
        rows = self._run("2026-03-17")
        with self.at("2026-03-17", 12):
            rows._dispatch()
        waiting = rows.filtered(lambda row: row.state == "planned")
        with self.at("2026-03-18", 0, 30):
            waiting._dispatch()
        self.assertEqual(waiting.state, "planned")
        self.assertEqual(waiting.planned_at, self._local("2026-03-18", 9))
        with self.at("2026-03-18", 9):
            waiting._dispatch()
        self.assertEqual(waiting.state, "queued")

    def test_machine_that_was_down_after_the_plan(self):
        self._set_rule("inactive", 3)
        self._invoice("2026-03-14")
        row = self._run("2026-03-17")
        with self.at("2026-03-25"):
            row._dispatch()
        self.assertEqual((row.state, row.reason_code), ("cancelled", "superseded"))

    def test_dispatch_does_not_grow_with_rows(self):
        self._set_rule("inactive", 3)
        counts = []
        for size in (5, 50):
            with self._undone():
                self._create_inactive(size, "2026-03-14")
                rows = self._run("2026-03-17")
                with self.at("2026-03-17", 11):
                    self.env.flush_all()
                    self.env.invalidate_all()
                    before = self.env.cr.sql_log_count
                    rows._get_reach_now()
                    rows._merge_values(
                        ["business_name", "business_phone", "deferred_items"]
                    )
                    counts.append(self.env.cr.sql_log_count - before)
                self.assertEqual(len(rows), size)
        self.assertLessEqual(counts[1], counts[0])
