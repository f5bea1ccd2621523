# Copyright 2026 Auto Shop Suite
# License LGPL-3.0 or later (https://www.gnu.org/licenses/lgpl).
from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from .common import Contact360Common


@tagged("post_install", "-at_install")
class TestContactList(Contact360Common):
    """The next seven days: what they show, and what a manager does there."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.dues = cls.env["customer.contact.due"]
        cls.manager.email = "manager@example.com"
        cls._set_rule("inactive", 90, interval=90, dead=365)

    def _open(self, day="2026-03-30", user=None):
        with self.at(day):
            self._as(self.dues, user or self.manager).action_open()
        return self._as(self.dues, user or self.manager).search([])

    def test_seven_days(self):
        for day in ("2025-12-20", "2025-12-30", "2026-01-05", "2026-01-06"):
            self._invoice(day, vehicle=self._create_vehicle(self.ann))
        # Before the run of today it is among them, afterwards it is not.
        rows = self._open("2026-03-30")
        self.assertEqual(
            rows.mapped(lambda row: str(row.due_date)), ["2026-03-30", "2026-04-05"]
        )
        self._run("2026-03-30")
        rows = self._open("2026-03-30")
        self.assertEqual(
            rows.mapped(lambda row: str(row.due_date)), ["2026-04-05", "2026-04-06"]
        )

    def test_late_message_goes_with_the_next(self):
        """What the missed run of yesterday would have sent goes today."""
        self._invoice("2025-12-28")
        rows = self._open("2026-03-29")
        self.assertEqual(str(rows.due_date), "2026-03-29")
        self.assertEqual(str(rows.fell_due_on), "2026-03-28")

    def test_what_is_no_longer_due_goes(self):
        self._invoice("2026-01-01")
        self.assertTrue(self._open())
        self._book("2026-04-20")
        self.assertFalse(self._open())

    def test_whom_nobody_reached_stays(self):
        self.ann.email = False
        self._invoice("2026-01-01")
        self._run("2026-04-01")
        rows = self._open("2026-04-20")
        self.assertEqual(
            (rows.state, str(rows.due_date), rows.reason),
            ("unreachable", "2026-04-01", "No e-mail address"),
        )
        # An address within the days of grace: it is sent, and nobody is missed.
        self._forget()
        self._run("2026-04-02")
        self.ann.email = "ann@example.com"
        self.assertEqual(len(self._run("2026-04-03")), 1)
        self.assertFalse(self._open("2026-04-03"))

    def test_list_and_plan_agree(self):
        """What the list promises for a day is what that day plans."""
        self._set_rule("reminder_2", 3)
        self._set_rule("deferred", 5)
        self._create_inactive(5, "2026-01-01")
        self._invoice("2026-03-27")
        self._defer("2026-03-27")
        self._book("2026-04-04", vehicle=self._create_vehicle(self.ann))
        rows = self._open()
        promised = {(row.dedupe_key, row.channel, row.partner_id) for row in rows}
        planned = self._run("2026-04-01")
        self.assertEqual(
            promised,
            {(row.dedupe_key, row.channel, row.partner_id) for row in planned},
        )
        self.assertEqual(len(planned), 7)

    # --- actions ---

    def test_block_and_unblock(self):
        self._invoice("2026-01-01")
        self._invoice("2026-01-01", vehicle=self._create_vehicle(self.ann))
        rows = self._open()
        with self.at("2026-03-30"):
            rows[0].action_block()
        self.assertEqual(rows.mapped("state"), ["blocked", "due"])
        rows = self._open("2026-03-31")
        self.assertEqual(sorted(rows.mapped("state")), ["blocked", "due"])
        self.assertEqual(len(self._run("2026-04-01")), 1)
        # The next one of the series goes.
        self.assertEqual(len(self._run("2026-06-30")), 2)

    def test_unblock(self):
        self._invoice("2026-01-01")
        row = self._open()
        key = row.dedupe_key
        with self.at("2026-03-30"):
            row.action_block()
            row.action_unblock()
        self.assertEqual(self._open("2026-03-31").state, "due")
        self._run("2026-04-01")
        sent = self.env["customer.interaction"].search([("dedupe_key", "=", key)])
        self.assertEqual((sent.state, len(sent)), ("planned", 1))

    def test_block_again_and_again(self):
        self._invoice("2026-01-01")
        row = self._open()
        with self.at("2026-03-30"):
            for _again in range(3):
                row.action_block()
                row.action_unblock()
            row.action_block()
        self.assertFalse(self._run("2026-04-01"))
        interaction = row._get_interactions_sudo()
        self.assertEqual(
            (interaction.state, interaction.reason_code), ("cancelled", "blocked")
        )
        self.assertIn(self.manager.name, interaction.failure_reason)

    def test_too_late_to_unblock(self):
        self._invoice("2026-01-01")
        row = self._open()
        with self.at("2026-03-30"):
            row.action_block()
        with self.at("2026-04-05"), self.assertRaisesRegex(UserError, "is over"):
            row.action_unblock()

    def test_list_that_stood_open_over_the_run(self):
        """Another manager, or the night, was faster: a sentence, no crash."""
        self._invoice("2026-01-01")
        row = self._open()
        self._run("2026-04-01")
        with self.at("2026-04-01", 10, 5):
            for action in ("action_block", "action_unsubscribe", "action_send_to_me"):
                with self.subTest(action), self.assertRaisesRegex(UserError, "Refresh"):
                    getattr(row, action)()

    def test_block_what_was_planned_already(self):
        """Planned by hand of another way, and the list still shows it."""
        self._invoice("2026-01-01")
        row = self._open()
        sent = self.env["customer.interaction"]._plan(row._prepare_interactions())
        with self.at("2026-03-30"):
            row.action_block()
        self.assertEqual((sent.state, sent.reason_code), ("cancelled", "blocked"))

    def test_unsubscribe(self):
        self._invoice("2026-01-01")
        row = self._open()
        with self.at("2026-03-30"):
            row.action_unsubscribe()
        self.assertTrue(self.ann.do_not_mail)
        rows = self._as(self.dues, self.manager).search([])
        self.assertEqual((rows.state, rows.reason_code), ("unreachable", "do_not_mail"))
        consent = self.env["customer.consent"].search(
            [("partner_id", "=", self.ann.id), ("field_name", "=", "do_not_mail")]
        )
        self.assertEqual((consent.user_id, consent.granted), (self.manager, False))

    def test_send_to_me(self):
        self._invoice("2026-01-01")
        row = self._open()
        mails = self.env["mail.mail"].search([])
        interactions = self.env["customer.interaction"].search_count([])
        messages = self.env["mail.message"].search_count(
            [("model", "=", "res.partner"), ("res_id", "=", self.ann.id)]
        )
        with self.at("2026-03-30"):
            row.action_send_to_me()
        mail = self.env["mail.mail"].search([]) - mails
        self.assertEqual(mail.email_to, "manager@example.com")
        self.assertTrue(mail.subject.startswith("[Test] "))
        self.assertIn("This is a test", mail.body_html)
        self.assertIn("Dear Ann Miller", mail.body_html)
        self.assertFalse(mail.interaction_id or mail.res_id or mail.recipient_ids)
        self.assertEqual(
            self.env["customer.interaction"].search_count([]), interactions
        )
        self.assertEqual(
            self.env["mail.message"].search_count(
                [("model", "=", "res.partner"), ("res_id", "=", self.ann.id)]
            ),
            messages,
        )
        self.assertEqual(row.state, "due")
        self.manager.email = False
        with self.assertRaisesRegex(UserError, "no e-mail address"):
            row.action_send_to_me()

    def test_every_kind_can_be_tried_out(self):
        for kind, _label in self.dues._fields["kind"].selection:
            for channel in ("email", "post"):
                with self.subTest(kind=kind, channel=channel), self._undone():
                    row = self.dues.create(
                        {
                            "company_id": self.company.id,
                            "kind": kind,
                            "channel": channel,
                            "partner_id": self.ann.id,
                            "vehicle_id": self.vehicle.id,
                            "event_id": self._book("2026-04-20").id,
                            "due_date": "2026-04-01",
                            "dedupe_key": "x",
                        }
                    )
                    self.assertIn("Ann Miller", row.message_html)
                    self._as(row, self.manager).action_send_to_me()

    def test_queries_do_not_grow_with_rows(self):
        counts = []
        for size in (3, 60):
            with self._undone():
                self._create_inactive(size, "2026-01-01")
                self._open()
                self.env.invalidate_all()
                numbers = []
                for action in ("action_refresh", "action_block", "action_unblock"):
                    rows = self._as(self.dues, self.manager).search([])
                    self.assertEqual(len(rows), size)
                    with self.at("2026-03-30"):
                        self.env.flush_all()
                        before = self.env.cr.sql_log_count
                        getattr(rows, action)()
                        self.env.flush_all()
                        numbers.append(self.env.cr.sql_log_count - before)
                counts.append(numbers)
        for few, many in zip(*counts, strict=True):
            self.assertLessEqual(many, few + 2, counts)

    # --- who may ---

    def test_staff_reads_and_only_managers_act(self):
        self._invoice("2026-01-01")
        rows = self._open(user=self.staff)
        self.assertEqual(rows.partner_id, self.ann)
        self.assertTrue(rows.message_html)
        for action in (
            "action_block",
            "action_unblock",
            "action_unsubscribe",
            "action_send_to_me",
        ):
            with self.subTest(action), self.assertRaises(AccessError):
                getattr(rows, action)()
        for method, args in (
            ("write", ({"state": "blocked"},)),
            ("create", ({"partner_id": self.ann.id},)),
            ("unlink", ()),
        ):
            for user in (self.staff, self.manager):
                with (
                    self.subTest(method=method, user=user.login),
                    self.assertRaises(AccessError),
                ):
                    getattr(self._as(rows, user), method)(*args)
        with self.assertRaises(AccessError):
            self._as(self.dues, self.employee).action_open()
        with self.assertRaises(AccessError):
            self._as(self.dues, self.employee).search([])

    def test_other_location(self):
        self._invoice("2026-01-01")
        row = self._open()
        self.assertFalse(self._open(user=self.outsider))
        other = self._create_user(
            "other_manager", "auto_shop.group_manager", company=self.other_company
        )
        for action in ("action_block", "action_send_to_me", "action_unsubscribe"):
            with self.subTest(action), self.assertRaises(AccessError):
                getattr(self._as(row, other), action)()
