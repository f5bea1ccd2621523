# Copyright 2026 Auto Shop Suite
# License LGPL-3.0 or later (https://www.gnu.org/licenses/lgpl).
from odoo import api, fields, models


class LinkTracker(models.Model):
    _inherit = "link.tracker"

    interaction_id = fields.Many2one(
        "customer.interaction",
        string="Message to a Customer",
        readonly=True,
        index="btree_not_null",
        ondelete="set null",
        # Every employee may read links; this one names a customer of a location.
        groups="base.group_system",
        help="The message that this link was made for.",
    )


class LinkTrackerClick(models.Model):
    _inherit = "link.tracker.click"

    @api.model_create_multi
    def create(self, vals_list):
        clicks = super().create(vals_list)
        # As superuser: whoever clicks is not logged in.
        rows = clicks.sudo().link_id.interaction_id
        rows.filtered(lambda row: not row.clicked_at).write(
            {"clicked_at": fields.Datetime.now()}
        )
        return clicks
