# Copyright 2026 Auto Shop Suite
# License LGPL-3.0 or later (https://www.gnu.org/licenses/lgpl).
# Methods of the system write past the guards of this model's own write and create.
# pylint: disable=super-method-mismatch, missing-return
from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import format_date

from ..tools.phone import is_e164


class PhoneBlacklist(models.Model):
    _inherit = "phone.blacklist"

    stop_received_at = fields.Datetime(
        string="STOP Received",
        readonly=True,
        copy=False,
        help="The holder of this number texted STOP. Only a START from the same "
        "number lifts it.",
    )

    def _search_number(self, operator, value):
        """Numbers that are E.164 already are looked up as they are: parsing one costs a
        millisecond, and each group of texts asks for its numbers."""
        if operator in ("in", "not in") and all(map(is_e164, value)):
            return [("number", operator, value)]
        return super()._search_number(operator, value)

    @api.model_create_multi
    def create(self, vals_list):
        if any("stop_received_at" in vals for vals in vals_list):
            self._refuse_stop_date()
        # Given, so that no default fills it in.
        blocked = super().create(
            [{**vals, "stop_received_at": False} for vals in vals_list]
        )
        self._forget_text_blocks()
        return blocked

    def write(self, vals):
        """Refuse, for everybody, what would lift a STOP.

        The guard looks at the row alone: neither superuser nor context get round it.
        """
        if "stop_received_at" in vals:
            self._refuse_stop_date()
        if "number" in vals or not vals.get("active", True):
            self._check_no_stop()
        result = super().write(vals)
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

    def _refuse_stop_date(self):
        raise UserError(
            self.env._("Only a STOP from the customer sets when it was received.")
        )

    @api.model
    def _stop(self, number):
        """Block ``number`` (E.164) because its holder texted STOP."""
        blocked = self._add([number])
        # Past our own guards: this is the one method that may set the date.
        super(PhoneBlacklist, blocked).write(
            {"stop_received_at": fields.Datetime.now()}
        )
        return blocked

    @api.model
    def _start(self, number):
        """Lift the block of ``number`` (E.164) because its holder texted START."""
        blocked = self.search([("number", "=", number)])
        # Past our own guards: this is the one method that may lift a STOP.
        super(PhoneBlacklist, blocked).write(
            {"stop_received_at": False, "active": False}
        )
        self._forget_text_blocks()
        return blocked

    def _forget_text_blocks(self):
        """Whether a customer can be texted is computed from these rows."""
        self.env["res.partner"].invalidate_model(
            ["can_be_texted", "text_block_reason"], flush=False
        )
