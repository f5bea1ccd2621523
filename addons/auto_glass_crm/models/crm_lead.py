# Copyright 2026 Auto Shop Suite
# License LGPL-3.0 or later (https://www.gnu.org/licenses/lgpl).
from odoo import api, fields, models
from odoo.fields import Domain

from .res_company import GLASS_STAGES

# Only sending an order writes these; a client that does changes nothing.
PROTECTED_FIELDS = ("glass_day_key", "glass_sent_at")


class CrmLead(models.Model):
    _inherit = "crm.lead"

    glass_day_key = fields.Char(
        readonly=True,
        copy=False,
        help="Location, customer and day: what a customer orders on one day is one "
        "lead.",
        groups="base.group_user",
    )
    glass_sent_at = fields.Datetime(
        string="Sent by the Shop",
        readonly=True,
        copy=False,
        index="btree_not_null",
        help="When an order of this lead was last sent to the CRM.",
        groups="base.group_user",
    )
    vehicle_id = fields.Many2one(
        "customer.vehicle",
        compute="_compute_from_orders",
        store=True,
        readonly=False,
        check_company=True,
        index="btree_not_null",
        ondelete="set null",
    )
    partner_mobile = fields.Char(
        related="partner_id.mobile", string="Mobile", groups="base.group_user"
    )
    partner_mobile_display = fields.Char(related="partner_id.mobile_display")
    glass_summary = fields.Char(
        string="Glass", compute="_compute_glass_summary", groups="base.group_user"
    )
    shown_stage_ids = fields.Many2many(
        "crm.stage",
        compute="_compute_shown_stage_ids",
        help="The stages to choose from: a glass lead has those of its own pipeline.",
        groups="base.group_user",
    )
    expected_revenue = fields.Monetary(
        compute="_compute_from_orders", store=True, readonly=False
    )

    _glass_day_unique = models.UniqueIndex(
        "(glass_day_key) WHERE glass_day_key IS NOT NULL",
        "This customer already has a lead of today.",
    )

    @api.depends(
        "glass_sent_at",
        "order_ids.amount_untaxed",
        "order_ids.currency_id",
        "order_ids.state",
        "order_ids.vehicle_id",
    )
    def _compute_from_orders(self):
        """Follow the orders of a lead that the shop sent; leave others alone."""
        for lead in self:
            live = lead.order_ids.filtered(lambda order: order.state != "cancel")
            if not lead.glass_sent_at or not live:
                lead.expected_revenue = lead.expected_revenue
                lead.vehicle_id = lead.vehicle_id
                continue
            currency = lead.company_currency or lead.env.company.currency_id
            lead.expected_revenue = sum(
                order.currency_id._convert(
                    order.amount_untaxed,
                    currency,
                    order.company_id,
                    order.date_order or fields.Date.context_today(order),
                )
                for order in live
            )
            latest = live.filtered("vehicle_id").sorted("id")[-1:]
            lead.vehicle_id = latest.vehicle_id or lead.vehicle_id

    @api.depends("order_ids.state", "order_ids.order_line.product_id")
    def _compute_glass_summary(self):
        for lead in self:
            live = lead.order_ids.filtered(lambda order: order.state != "cancel")
            lead.glass_summary = ", ".join(live._get_glass_names()) or False

    @api.depends("glass_sent_at", "team_id", "company_id")
    def _compute_shown_stage_ids(self):
        stages = self.env["crm.stage"]
        for lead in self:
            if lead.glass_sent_at:
                company = lead.company_id or self.env.company
                lead.shown_stage_ids = company._get_glass_pipeline()
            else:
                # As the stage field itself has it.
                common = Domain("team_ids", "=", False)
                own = Domain("team_ids", "in", lead.team_id.ids)
                lead.shown_stage_ids = stages.search(common | own)

    @api.model
    def _read_group_stage_ids(self, stages, domain):
        """The board of glass leads shows the columns of its own pipeline."""
        if self.env.context.get("glass_leads"):
            pipelines = [
                company._get_glass_pipeline() for company in self.env.companies
            ]
            return stages.union(*pipelines).sorted()
        return super()._read_group_stage_ids(stages, domain)

    @api.model_create_multi
    def create(self, vals_list):
        if not self.env.su:
            # Given, so that no default of the context or of the user fills them in.
            nothing = dict.fromkeys(PROTECTED_FIELDS, False)
            vals_list = [{**vals, **nothing} for vals in vals_list]
        return super().create(vals_list)

    def write(self, vals):
        return super().write(self._drop_glass_protected(vals))

    @api.model
    def _drop_glass_protected(self, vals):
        """Return ``vals`` without what only sending an order writes."""
        if self.env.su:
            return vals
        return {
            name: value for name, value in vals.items() if name not in PROTECTED_FIELDS
        }

    def _get_glass_kind(self):
        """Return which of ``GLASS_STAGES`` the lead is in, or ``False``."""
        self.ensure_one()
        company = self.company_id or self.env.company
        return next(
            (
                kind
                for kind in GLASS_STAGES
                if self.stage_id and company._get_glass_stage(kind) == self.stage_id
            ),
            False,
        )

    def _move_to_glass_stage_sudo(self, kind):
        """Move leads that the shop sent to the stage for ``kind``.

        As superuser: what happens on the schedule or to an order moves the lead,
        whoever did it and whatever rights on leads they have.
        """
        for lead in self.sudo():
            stage = (lead.company_id or self.env.company)._get_glass_stage(kind)
            if lead.glass_sent_at and stage and lead.stage_id != stage:
                lead.stage_id = stage
