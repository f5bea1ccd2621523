# Copyright 2026 Auto Shop Suite
# License LGPL-3.0 or later (https://www.gnu.org/licenses/lgpl).
from odoo import api, fields, models


class CustomerDataFeedOmission(models.Model):
    """A repair order that was left out of a file, to be corrected.

    It goes with the first file that is made after it was put right.
    """

    _name = "customer.data.feed.omission"
    _description = "Repair Order Left Out of a Data Feed"
    _order = "id desc"
    _rec_name = "move_id"

    feed_id = fields.Many2one(
        "customer.data.feed", required=True, readonly=True, ondelete="cascade"
    )
    company_id = fields.Many2one(related="feed_id.company_id", store=True)
    run_id = fields.Many2one(
        "customer.data.feed.run",
        string="Left Out Of",
        readonly=True,
        index=True,
        ondelete="cascade",
    )
    move_id = fields.Many2one(
        "account.move",
        string="Repair Order",
        required=True,
        readonly=True,
        index=True,
        ondelete="cascade",
    )
    vehicle_id = fields.Many2one(related="move_id.vehicle_id")
    reason_code = fields.Char(required=True, readonly=True)
    reason = fields.Char(compute="_compute_reason")
    sent_run_id = fields.Many2one(
        "customer.data.feed.run",
        string="Put Right and Sent With",
        readonly=True,
        index="btree_not_null",
        ondelete="set null",
    )

    _move_unique = models.UniqueIndex("(feed_id, move_id)")

    @api.depends("reason_code", "feed_id")
    def _compute_reason(self):
        for omission in self:
            rules = omission.feed_id._call_provider("omissions")
            omission.reason = next(
                (rule.label for rule in rules if rule.code == omission.reason_code),
                omission.reason_code,
            )
