# Copyright 2026 Auto Shop Suite
# License LGPL-3.0 or later (https://www.gnu.org/licenses/lgpl).
from uuid import uuid4

from odoo import api, fields, models
from odoo.exceptions import UserError


class SmsSandboxReply(models.TransientModel):
    """Plays the customer: takes in a text as if the provider had delivered it."""

    _name = "sms.sandbox.reply"
    _description = "Reply of a Customer in the Sandbox"

    company_id = fields.Many2one(
        "res.company",
        string="Location",
        required=True,
        default=lambda self: self.env.company,
    )
    partner_id = fields.Many2one(
        "res.partner",
        string="Customer",
        default=lambda self: self._default_partner_id(),
    )
    number = fields.Char(compute="_compute_number", store=True, readonly=False)
    body = fields.Text("Text", required=True)

    @api.model
    def _default_partner_id(self):
        if self.env.context.get("active_model") == "res.partner":
            return self.env.context.get("active_id")
        return False

    @api.depends("partner_id")
    def _compute_number(self):
        for wizard in self:
            wizard.number = wizard.partner_id.text_number or wizard.number

    def action_receive(self):
        """Take the text in.

        :raises UserError: outside the sandbox, where only customers speak for customers
        """
        self.ensure_one()
        if self.company_id not in self.env.companies:
            raise UserError(
                self.env._(
                    "You do not work for %s at the moment.", self.company_id.name
                )
            )
        if self.company_id.sudo().sms_provider != "sandbox":
            raise UserError(
                self.env._(
                    "%s sends real texts: only customers themselves can reply.",
                    self.company_id.name,
                )
            )
        if not self.number:
            raise UserError(self.env._("From which number? Give one."))
        self.env["sms.sms"]._receive_text(
            self.company_id, self.number, "", self.body, f"SB{uuid4().hex}"
        )
        return {"type": "ir.actions.act_window_close"}
