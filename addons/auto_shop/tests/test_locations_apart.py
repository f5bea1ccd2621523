# Copyright 2026 Auto Shop Suite
# License LGPL-3.0 or later (https://www.gnu.org/licenses/lgpl).
from freezegun import freeze_time

from odoo import fields
from odoo.tests import tagged

from .common import AutoShopCommon


@tagged("post_install", "-at_install")
class TestLocationsApart(AutoShopCommon):
    """Two locations that share a customer do not share what they write to him."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.customer = cls._create_customer()

    def test_emails_in_the_log_of_a_shared_customer(self):
        rows = self.env["customer.interaction"].create(
            [
                {
                    "company_id": company.id,
                    "partner_id": self.customer.id,
                    "channel": "email",
                    "subject": f"Estimate of {company.name}",
                    "body": "<p>Brakes</p>",
                }
                for company in (self.company, self.other_company)
            ]
        )
        with freeze_time("2026-06-03 17:00:00"):
            rows.planned_at = fields.Datetime.now()
            rows._dispatch()
        note = self.customer.message_post(body="A note for all")
        reading = [
            (self.staff, [rows[0].subject]),
            (self.manager, [rows[0].subject]),
            (self.outsider, [rows[1].subject]),
        ]
        for user, subjects in reading:
            with self.subTest(user=user.login):
                self.env.invalidate_all()
                messages = self._as(self.env["mail.message"], user).search(
                    [("model", "=", "res.partner"), ("res_id", "=", self.customer.id)]
                )
                self.assertIn(note, messages)
                found = (messages - note).filtered("subject")
                self.assertEqual(found.mapped("subject"), subjects)
                self.assertEqual(
                    self._as(self.customer, user).message_ids.filtered("subject"),
                    found,
                )
                both = self._as(
                    self.env["mail.message"].search(
                        [("subject", "in", rows.mapped("subject"))]
                    ),
                    user,
                )
                self.assertEqual(both._filtered_access("read"), found)

    def test_texts_in_the_log_of_a_shared_customer(self):
        for user in (self.staff, self.outsider):
            self._as(self.customer, user)._message_sms(f"By {user.login}")
        for user in (self.staff, self.outsider):
            messages = self._as(self.env["mail.message"], user).search(
                [
                    ("model", "=", "res.partner"),
                    ("res_id", "=", self.customer.id),
                    ("message_type", "=", "sms"),
                ]
            )
            with self.subTest(user=user.login):
                self.assertIn(user.login, messages.body)
