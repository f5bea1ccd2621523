# Copyright 2026 Auto Shop Suite
# License LGPL-3.0 or later (https://www.gnu.org/licenses/lgpl).
from odoo import fields, models


class AccountMove(models.Model):
    _name = "account.move"
    _inherit = ["account.move", "customer.text.badge.mixin"]

    vehicle_id = fields.Many2one(
        "customer.vehicle",
        check_company=True,
        index="btree_not_null",
        ondelete="restrict",
        help="The vehicle that was worked on.",
    )
    posted_at = fields.Datetime(
        string="Posted On",
        readonly=True,
        copy=False,
        index="btree_not_null",
        groups="base.group_user",
        help="When it was posted, whatever date it bears.",
    )

    def _post(self, soft=True):
        posted = super()._post(soft=soft)
        # The moment at which the transaction began, so that who reads up to the
        # oldest open transaction misses none that is committed later.
        posted.sudo().write({"posted_at": self.env.cr.now()})
        posted._register_visits_sudo()
        return posted

    def _register_visits_sudo(self):
        """Note the visits that posted customer invoices are proof of.

        As superuser: bookkeepers post invoices, and have no rights on vehicles.
        """
        invoices = self.sudo().filtered(
            lambda move: move.move_type == "out_invoice" and move.vehicle_id
        )
        for date, moves in invoices.grouped("invoice_date").items():
            moves.vehicle_id._register_visit(date)
