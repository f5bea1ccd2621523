# Copyright 2026 Auto Shop Suite
# License LGPL-3.0 or later (https://www.gnu.org/licenses/lgpl).
from datetime import timedelta

from odoo.tests import HttpCase, tagged

from .common import Contact360Common


@tagged("post_install", "-at_install")
class TestContactSetupTour(HttpCase, Contact360Common):
    def test_from_nothing_to_a_previewed_first_week(self):
        """A manager sets up a location by himself, and nothing goes out meanwhile."""
        self.manager.write({"email": "manager@example.com", "password": "shop_manager"})
        today = self.setup._get_today()
        bob = self._create_customer(name="Bob Unreachable", email=False)
        for partner, days in ((self.ann, 88), (bob, 87)):
            self._invoice(
                today - timedelta(days=days), vehicle=self._create_vehicle(partner)
            )
        # Invoices of today's posting bring a Thank You as well: not what is shown here.
        self.env["account.move"].search(
            [("company_id", "=", self.company.id)]
        ).posted_at = today - timedelta(days=87)
        self.setup.unlink()
        self.env["ir.cron"].search([]).active = False
        self.start_tour(
            "/odoo/vehicles", "customer_contact_360_setup", login="shop_manager"
        )
        setup = self.env["customer.contact.setup"]._get(self.company)
        self.assertTrue(setup.email_enabled)
        self.assertEqual(setup.owner_name, "Ann Owner")
        self.assertEqual(setup._get_rule("email", "inactive").dead, 400)
        due = self.env["customer.contact.due"].search(
            [("company_id", "=", self.company.id)]
        )
        self.assertEqual(sorted(due.mapped("state")), ["blocked", "unreachable"])
        mail = self.env["mail.mail"].search([("email_to", "=", "manager@example.com")])
        self.assertTrue(mail.subject.startswith("[Test]"))
        sent = self.env["customer.interaction"].search(
            [("company_id", "=", self.company.id)]
        )
        self.assertEqual(sent.mapped("reason_code"), ["blocked"])
