# Copyright 2026 Auto Shop Suite
# License LGPL-3.0 or later (https://www.gnu.org/licenses/lgpl).
from odoo import fields
from odoo.tests import tagged

from .common import Contact360Common


@tagged("post_install", "-at_install")
class TestSharedPlan(Contact360Common):
    """Workers beside the scheduled action plan location by location."""

    def test_workers_take_locations(self):
        setups = self.env["customer.contact.setup"]
        setups.search([("id", "!=", self.setup.id)]).last_run_on = "2030-01-01"
        self.other_company.shop_tz = self.company.shop_tz
        other = self._create_setup(self.other_company)
        with self.at("2026-03-10", hour=5):
            self.assertEqual(setups._get_queue_shares(8), {})
        self._invoice("2026-03-08")
        self._set_rule("thank_you", 2)
        today = fields.Date.to_date("2026-03-10")
        with self.at("2026-03-10", hour=20):
            shares = {self.setup.id: 1, other.id: 1}
            self.assertEqual(setups._get_queue_shares(8), shares)
            for _time in range(2):
                self.assertFalse(setups._work_queue_share(self.setup.id))
                self.assertEqual(setups._get_queue_shares(8), {other.id: 1})
            self.assertEqual(self.setup.last_run_on, today)
            self.assertFalse(other.last_run_on)
            planned = self.env["customer.interaction"].search(
                [("company_id", "=", self.company.id), ("dedupe_key", "=like", "360:%")]
            )
            self.assertEqual(planned.partner_id, self.ann)
            self.assertEqual(len(planned), 1)
            # A location that is gone is no trouble.
            gone = other.id
            other.unlink()
            self.assertFalse(setups._work_queue_share(gone))
