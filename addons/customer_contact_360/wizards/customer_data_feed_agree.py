# Copyright 2026 Auto Shop Suite
# License LGPL-3.0 or later (https://www.gnu.org/licenses/lgpl).
from odoo import fields, models
from odoo.exceptions import UserError


class CustomerDataFeedAgree(models.TransientModel):
    """Shows what is agreed to before a feed is turned on."""

    _name = "customer.data.feed.agree"
    _description = "Agree to a Data Feed"

    feed_id = fields.Many2one("customer.data.feed", required=True, ondelete="cascade")
    version = fields.Char(required=True)
    text = fields.Text(readonly=True)
    agreed = fields.Boolean(string="I have read this and agree")

    def action_agree(self):
        self.ensure_one()
        if not self.agreed:
            raise UserError(
                self.env._("Tick that you have read the text and agree, or close.")
            )
        self.feed_id.action_agree(self.version)
        return {"type": "ir.actions.act_window_close"}
