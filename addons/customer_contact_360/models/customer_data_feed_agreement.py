# Copyright 2026 Auto Shop Suite
# License LGPL-3.0 or later (https://www.gnu.org/licenses/lgpl).
from odoo import fields, models


class CustomerDataFeedAgreement(models.Model):
    """Who agreed that data is passed on, when, and to what.

    Written by ``customer.data.feed.action_agree`` alone, and never changed but for
    ``withdrawn_at``.
    """

    _name = "customer.data.feed.agreement"
    _description = "Agreement to a Data Feed"
    _order = "id desc"
    _rec_name = "version"

    feed_id = fields.Many2one(
        "customer.data.feed",
        required=True,
        readonly=True,
        index=True,
        ondelete="cascade",
    )
    company_id = fields.Many2one(related="feed_id.company_id", store=True)
    user_id = fields.Many2one(
        "res.users", string="Agreed By", required=True, readonly=True
    )
    agreed_at = fields.Datetime(
        string="Agreed On", required=True, readonly=True, default=fields.Datetime.now
    )
    version = fields.Char(required=True, readonly=True)
    text = fields.Text(required=True, readonly=True, help="What was agreed to, whole.")
    withdrawn_at = fields.Datetime(
        readonly=True, help="When the feed was turned off again."
    )
