# Copyright 2026 Auto Shop Suite
# License LGPL-3.0 or later (https://www.gnu.org/licenses/lgpl).
from odoo import api, fields, models


class VehicleDeferredWork(models.Model):
    """Work that a vehicle needs and that its owner has put off.

    Written by hand on the vehicle card or by addons (declined estimate lines),
    read by addons that remind the customer of it.
    """

    _name = "vehicle.deferred.work"
    _description = "Deferred Work"
    _order = "date desc, id desc"
    _rec_name = "description"
    _check_company_auto = True

    vehicle_id = fields.Many2one(
        "customer.vehicle",
        required=True,
        index=True,
        ondelete="cascade",
        check_company=True,
    )
    owner_id = fields.Many2one(related="vehicle_id.owner_id", string="Owner")
    order_line_id = fields.Many2one(
        "sale.order.line",
        index="btree_not_null",
        ondelete="set null",
        check_company=True,
        help="The line of the estimate that the customer put off.",
    )
    description = fields.Char(string="Work", required=True)
    date = fields.Date(
        string="Recommended On", required=True, default=fields.Date.context_today
    )
    state = fields.Selection(
        [("open", "Open"), ("done", "Done"), ("declined", "Declined")],
        required=True,
        default="open",
        index=True,
    )
    closed_date = fields.Date(
        string="Closed On", compute="_compute_closed_date", store=True
    )
    amount = fields.Monetary(help="What the customer was quoted, if anything.")
    company_id = fields.Many2one(
        "res.company",
        compute="_compute_company_id",
        store=True,
        index=True,
        precompute=True,
        help="The location that recommended the work.",
    )
    currency_id = fields.Many2one(
        "res.currency", compute="_compute_currency_id", store=True, precompute=True
    )

    _amount_positive = models.Constraint(
        "CHECK (amount >= 0)", "The amount of deferred work cannot be below zero."
    )
    _vehicle_open = models.Index("(vehicle_id, date) WHERE state = 'open'")

    @api.depends("state")
    def _compute_closed_date(self):
        today = fields.Date.context_today(self)
        for work in self:
            if work.state == "open":
                work.closed_date = False
            else:
                work.closed_date = work.closed_date or today

    @api.depends("vehicle_id.company_id")
    def _compute_company_id(self):
        # Work on a vehicle that all locations share stays with one of them.
        for work in self:
            work.company_id = (
                work.vehicle_id.company_id
                or work.company_id
                or work.order_line_id.company_id
                or self.env.company
            )

    @api.depends("company_id")
    def _compute_currency_id(self):
        for work in self:
            work.currency_id = work.company_id.currency_id

    def action_done(self):
        self.write({"state": "done"})

    def action_decline(self):
        self.write({"state": "declined"})

    def action_reopen(self):
        self.write({"state": "open"})
