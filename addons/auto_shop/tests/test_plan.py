# Copyright 2026 Auto Shop Suite
# License LGPL-3.0 or later (https://www.gnu.org/licenses/lgpl).
from datetime import timedelta

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from .common import AutoShopCommon


@tagged("post_install", "-at_install")
class TestPlan(AutoShopCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.interactions = cls.env["customer.interaction"]
        cls.purpose = cls.env["customer.interaction.purpose"].create(
            {
                "code": "test_hello",
                "name": "Hello",
                "sms_body": "Hello {{ first_name }}",
            }
        )
        cls.customer = cls._create_customer()

    def _vals(self, **vals):
        return {"partner_id": self.customer.id, "purpose": "test_hello", **vals}

    def test_planning_twice_plans_once(self):
        first = self.interactions._plan([self._vals(dedupe_key="a")])
        second = self.interactions._plan(
            [self._vals(dedupe_key="a"), self._vals(dedupe_key="b")]
        )
        third = self.interactions._plan(
            [self._vals(dedupe_key="c"), self._vals(dedupe_key="c")]
        )
        self.assertEqual([len(first), len(second), len(third)], [1, 1, 1])
        self.assertEqual(second.dedupe_key, "b")
        self.assertEqual(first.purpose_id, self.purpose)
        self.assertEqual((first.channel, first.state), ("sms", "planned"))

    def test_keys_belong_to_the_company(self):
        mine = self.interactions._plan([self._vals(dedupe_key="a")])
        theirs = self.interactions._plan(
            [self._vals(dedupe_key="a", company_id=self.other_company.id)]
        )
        self.assertTrue(mine and theirs)

    def test_without_key_each_is_new(self):
        rows = self.interactions._plan([self._vals(), self._vals()])
        self.assertEqual(len(rows), 2)

    def test_order_is_kept_over_many(self):
        keys = [str(number) for number in range(2500)]
        rows = self.interactions._plan([self._vals(dedupe_key=key) for key in keys])
        self.assertEqual(rows.mapped("dedupe_key"), keys)

    def test_queries_do_not_grow_with_rows(self):
        self.interactions._plan([self._vals(dedupe_key="warm")])
        counts = []
        for size in (10, 500):
            vals_list = [self._vals(dedupe_key=f"{size}-{n}") for n in range(size)]
            before = self.env.cr.sql_log_count
            self.interactions._plan(vals_list)
            counts.append(self.env.cr.sql_log_count - before)
        self.assertEqual(counts[0], counts[1])

    def test_wakes_the_dispatcher(self):
        cron = self.env.ref("auto_shop.ir_cron_dispatch_interactions")
        triggers = self.env["ir.cron.trigger"].sudo()
        triggers.search([("cron_id", "=", cron.id)]).unlink()
        self.interactions._plan([self._vals()])
        self.assertTrue(triggers.search([("cron_id", "=", cron.id)]))
        later = fields.Datetime.now() + timedelta(days=2)
        self.interactions._plan([self._vals(planned_at=later)])
        self.assertTrue(
            triggers.search(
                [
                    ("cron_id", "=", cron.id),
                    ("call_at", ">", later - timedelta(minutes=2)),
                ]
            )
        )

    def test_refused_plans(self):
        with self.assertRaises(ValueError):
            self.interactions._plan(
                [{"partner_id": self.customer.id, "channel": "sms"}]
            )
        with self.assertRaises(ValueError):
            self.interactions._plan([self._vals(no_such_column=1)])
        staff = self.interactions.with_user(self.staff)
        with self.assertRaisesRegex(AccessError, "Airport Auto"):
            staff._plan([self._vals(company_id=self.other_company.id)])
        with self.assertRaises(AccessError):
            self.interactions.with_user(self.employee)._plan([self._vals()])

    def test_history_cannot_be_rewritten_or_deleted(self):
        row = self.interactions._plan([self._vals(user_id=self.staff.id)])
        for user in (self.staff, self.manager):
            for vals in (
                {"state": "delivered"},
                {"partner_id": self._create_customer(name="Other").id},
                {"dedupe_key": "x"},
                {"direction": "in"},
                {"sent_at": "2026-01-01"},
            ):
                with self.subTest(user=user.login, vals=vals):
                    with self.assertRaises(AccessError):
                        row.with_user(user).write(vals)
        with self.assertRaises(AccessError):
            row.with_user(self.staff).unlink()
        with self.assertRaises(UserError):
            row.with_user(self.manager).unlink()

    def test_staff_enter_calls_and_memos_only_as_done(self):
        create = self.interactions.with_user(self.staff).create
        memo = {"partner_id": self.customer.id, "body": "Called", "state": "sent"}
        self.assertTrue(create({**memo, "channel": "phone", "direction": "in"}))
        self.assertTrue(create({**memo, "channel": "memo"}))
        for vals in (
            {**memo, "channel": "sms"},
            {**memo, "channel": "email"},
            {**memo, "channel": "sms", "state": "planned", "direction": "in"},
            {**memo, "channel": "sms", "state": "planned", "provider_ref": "SM1"},
            {**memo, "channel": "memo", "dedupe_key": "x"},
        ):
            with self.subTest(vals=vals), self.assertRaises(AccessError):
                create(vals)

    def test_locations_are_apart(self):
        row = self.interactions._plan([self._vals(dedupe_key="a")])
        seen = self.interactions.with_user(self.outsider).search([])
        self.assertNotIn(row, seen)
        with self.assertRaises(AccessError):
            row.with_user(self.outsider).read(["body"])
        with self.assertRaises(AccessError):
            row.with_user(self.outsider).action_cancel()
        with self.assertRaises(AccessError):
            row.with_user(self.employee).read(["body"])

    def test_late_reports_change_nothing(self):
        """(state, report) -> state afterwards."""
        cases = {
            ("delivered", "sent"): "delivered",
            ("delivered", "failed"): "delivered",
            ("failed", "sent"): "failed",
            ("cancelled", "delivered"): "cancelled",
            ("sent", "queued"): "sent",
            ("sent", "sending"): "sent",
            ("sent", "delivered"): "delivered",
            ("sent", "failed"): "failed",
            ("unknown", "delivered"): "delivered",
            ("unknown", "sent"): "sent",
            ("sending", "queued"): "queued",
            ("queued", "delivered"): "delivered",
            ("delivered", "planned"): "delivered",
            ("sent", "planned"): "sent",
            ("unknown", "planned"): "planned",
        }
        for (state, report), expected in cases.items():
            with self.subTest(state=state, report=report):
                row = self.interactions.create(
                    {"channel": "sms", "state": state, "partner_id": self.customer.id}
                )
                row._set_state(report)
                self.assertEqual(row.state, expected)
