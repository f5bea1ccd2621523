# Copyright 2026 Auto Shop Suite
# License LGPL-3.0 or later (https://www.gnu.org/licenses/lgpl).
from odoo import api, fields, models


class CustomerMergedContact(models.Model):
    """Which contact a contact became that is gone since, by a merge.

    Links in e-mails name the contact of their day, and are used years later.
    """

    _name = "customer.merged.contact"
    _description = "Contact That Was Merged"
    _rec_name = "partner_id"

    merged_id = fields.Integer(
        string="Former ID", required=True, readonly=True, aggregator=None
    )
    # A later merge of this one moves it on, as every link to a contact.
    partner_id = fields.Many2one(
        "res.partner",
        string="Now",
        required=True,
        readonly=True,
        index=True,
        ondelete="cascade",
    )

    _merged_unique = models.UniqueIndex("(merged_id)")

    @api.model
    def _keep_sudo(self, sources, target):
        """Write down that ``sources`` are being merged into ``target``."""
        return self.sudo().create(
            [
                {"merged_id": source_id, "partner_id": target.id}
                for source_id in sources.ids
            ]
        )

    @api.model
    def _find_sudo(self, partner_id):
        """Return the contact that had this ID; an empty set when it is gone."""
        contacts = self.env["res.partner"].sudo()
        found = contacts.browse(partner_id).exists()
        return found or self.sudo().search([("merged_id", "=", partner_id)]).partner_id
