# Copyright 2026 Auto Shop Suite
# License LGPL-3.0 or later (https://www.gnu.org/licenses/lgpl).
from odoo import fields, models


class CustomerContactSetup(models.Model):
    _inherit = "customer.contact.setup"

    attribution_days = fields.Integer(
        string="A Visit Counts for",
        required=True,
        default=30,
        help="So many days after a message, an invoice is taken for its result.",
    )

    _attribution_days_check = models.Constraint(
        "CHECK (attribution_days > 0)",
        "Enter one day or more within which a visit counts as the result of a message.",
    )

    def action_show_statistics(self):
        """Open the dashboard of this location."""
        return self.env["ir.actions.actions"]._for_xml_id(
            "customer_contact_360.customer_contact_statistics_action_dashboard"
        )
