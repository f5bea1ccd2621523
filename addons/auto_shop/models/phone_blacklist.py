# Copyright 2026 Auto Shop Suite
# License LGPL-3.0 or later (https://www.gnu.org/licenses/lgpl).
# Methods of the system write past the guards of this model's own write and create.
# pylint: disable=super-method-mismatch, missing-return
from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Command
from odoo.tools import format_date

from ..tools.phone import is_e164

STOP_FIELDS = ("stop_received_at", "sms_started_company_ids")


class PhoneBlacklist(models.Model):
    _inherit = "phone.blacklist"

    stop_received_at = fields.Datetime(
        string="STOP Received",
        readonly=True,
        copy=False,
        help="The holder of this number texted STOP. Only a START from the same "
        "number lifts it.",
    )
    sms_started_company_ids = fields.Many2many(
        "res.company",
        "phone_blacklist_sms_started_rel",
        string="Texted START To",
        readonly=True,
        copy=False,
        help="The holder of this number texted START to these locations since: they "
        "may text it again, the others not.",
    )

    def _search_number(self, operator, value):
        """Numbers that are E.164 already are looked up as they are: parsing one costs a
        millisecond, and each group of texts asks for its numbers."""
        if operator in ("in", "not in") and all(map(is_e164, value)):
            return [("number", operator, value)]
        return super()._search_number(operator, value)

    @api.model_create_multi
    def create(self, vals_list):
        if any(fname in vals for vals in vals_list for fname in STOP_FIELDS):
            self._refuse_stop_fields()
        # Given, so that no default fills them in.
        blocked = super().create(
            [{**vals, **dict.fromkeys(STOP_FIELDS, False)} for vals in vals_list]
        )
        blocked._forget_starts()
        return blocked

    def write(self, vals):
        """Refuse, for everybody, what would lift a STOP.

        The guard looks at the row alone: neither superuser nor context get round it.
        """
        if any(fname in vals for fname in STOP_FIELDS):
            self._refuse_stop_fields()
        if "number" in vals or not vals.get("active", True):
            self._check_no_stop()
        result = super().write(vals)
        if vals.get("active"):
            self._forget_starts()
        self._forget_text_blocks()
        return result

    @api.ondelete(at_uninstall=False)
    def _unlink_except_stop(self):
        self._check_no_stop()
        self._forget_text_blocks()

    def _check_no_stop(self):
        """:raises UserError: when one of the numbers was blocked by a STOP."""
        for blocked in self.sudo().filtered("stop_received_at"):
            raise UserError(
                self.env._(
                    "%(number)s texted STOP on %(date)s. Nobody here can lift that: "
                    "ask the customer to text START from this number.",
                    number=blocked.number,
                    date=format_date(self.env, blocked.stop_received_at),
                )
            )

    def _refuse_stop_fields(self):
        raise UserError(
            self.env._("Only STOP and START from the customer change what they did.")
        )

    @api.model
    def _stop(self, number):
        """Block ``number`` (E.164) everywhere because its holder texted STOP."""
        blocked = self._add([number])
        # Past our own guards: this is the one method that may set the date.
        super(PhoneBlacklist, blocked).write(
            {"stop_received_at": fields.Datetime.now()}
        )
        return blocked

    @api.model
    def _start(self, number, companies):
        """Let ``companies`` text ``number`` (E.164): its holder texted them START.

        The number stays on Odoo's own list as long as one location may not text it, so
        that nothing which knows no locations goes to it.
        """
        blocked = self.search([("number", "=", number)])
        started = blocked.sudo().sms_started_company_ids | companies
        # Past our own guards: this is the one method that may lift a STOP.
        super(PhoneBlacklist, blocked).write(
            {
                "stop_received_at": False,
                "active": False,
                "sms_started_company_ids": [Command.clear()],
            }
            if started._are_all_locations()
            else {"sms_started_company_ids": [Command.set(started.ids)]}
        )
        self._forget_text_blocks()
        return blocked

    def _forget_starts(self):
        """Who is blocked anew is blocked for every location."""
        restarted = self.sudo().filtered("sms_started_company_ids")
        if restarted:
            super(PhoneBlacklist, restarted).write(
                {"sms_started_company_ids": [Command.clear()]}
            )
        self._forget_text_blocks()

    def _forget_text_blocks(self):
        """Whether a customer can be texted is computed from these rows."""
        self.env["res.partner"].invalidate_model(
            ["can_be_texted", "text_block_reason"], flush=False
        )
