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
        number = normalize_number(self.number, self.company_id.country_id.code)
        others = self.env["res.company"]
        if keyword_of(self.body, stopped=True) == "start":
            free = self._get_locations_without_real_stop_sudo(number)
            if self.company_id not in free:
                raise UserError(
                    self.env._(
                        "%s was stopped with a real text. Only a real START of the "
                        "customer lifts that, not the sandbox.",
                        number,
                    )
                )
            others = free.filtered(lambda company: company.sms_provider != "sandbox")
        self.env["sms.sms"]._receive_text(
            self.company_id,
            self.number,
            "",
            self.body,
            f"{SANDBOX_PREFIX}{uuid4().hex}",
        )
        blacklist = self.env["phone.blacklist"].sudo()
        if others and blacklist.search_count([("number", "=", number)], limit=1):
            # A STOP that was played must not last where nobody can play START.
            self.env["res.partner"].sudo()._text_start(
                number, "text", note=self.body, locations=others
            )
        return {"type": "ir.actions.act_window_close"}

    def _get_locations_without_real_stop_sudo(self, number):
        """Return the locations for which a START may be played.

        What a customer really texted, nobody plays away: a STOP to any location counts
        (so as superuser), and so does a refusal of the provider, until a real START to
        the location itself.
        """
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
                ["body", "company_id", "planned_at"],
                order="planned_at, id",
            )
        )
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
        stopped = bool(refusal)
        started = {}
        for text in texts:
            word = keyword_of(text.body, stopped=True)
            if word == "stop":
                stopped = True
                started.clear()
            elif word == "start":
                started[text.company_id] = text.planned_at
        locations = self.env["res.company"].sudo().search([("active", "=", True)])
        if not stopped:
            return locations
        refused_at = refusal.date or datetime.min
        return locations.filtered(
            lambda location: location in started and started[location] >= refused_at
        )
