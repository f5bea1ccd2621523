# Copyright 2026 Auto Shop Suite
# License LGPL-3.0 or later (https://www.gnu.org/licenses/lgpl).
from datetime import datetime
from uuid import uuid4

from odoo import api, fields, models
from odoo.exceptions import UserError

from ..tools.phone import normalize_number
from ..tools.text_keywords import keyword_of

# How the references of texts begin that were played here.
SANDBOX_PREFIX = "SB"


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
        if keyword_of(self.body, stopped=True) == "start":
            self._check_no_real_stop_sudo()
        self.env["sms.sms"]._receive_text(
            self.company_id,
            self.number,
            "",
            self.body,
            f"{SANDBOX_PREFIX}{uuid4().hex}",
        )
        return {"type": "ir.actions.act_window_close"}

    def _check_no_real_stop_sudo(self):
        """What a customer really texted, nobody plays away.

        As superuser: a STOP to any location counts.

        :raises UserError: when the last word of this number, outside the sandbox, was
            STOP, or the provider has refused it since
        """
        number = normalize_number(self.number, self.company_id.country_id.code)
        texts = (
            self.env["customer.interaction"]
            .sudo()
            .search_fetch(
                [
                    ("direction", "=", "in"),
                    ("channel", "=", "sms"),
                    ("number", "=", number),
                    ("provider_ref", "not =like", f"{SANDBOX_PREFIX}%"),
                ],
                ["body", "planned_at"],
                order="planned_at, id",
            )
        )
        said = {keyword_of(text.body, stopped=True): text.planned_at for text in texts}
        refusal = (
            self.env["customer.consent"]
            .sudo()
            .search(
                [
                    ("number", "=", number),
                    ("field_name", "=", "allow_texting"),
                    ("granted", "=", False),
                    ("source", "=", "provider"),
                ],
                limit=1,
            )
        )
        started = said.get("start", datetime.min)
        stopped = max(said.get("stop", datetime.min), refusal.date or datetime.min)
        if stopped > started:
            raise UserError(
                self.env._(
                    "%s was stopped with a real text. Only a real START of the "
                    "customer lifts that, not the sandbox.",
                    number,
                )
            )
