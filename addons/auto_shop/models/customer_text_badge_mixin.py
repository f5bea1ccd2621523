# Copyright 2026 Auto Shop Suite
# License LGPL-3.0 or later (https://www.gnu.org/licenses/lgpl).
from odoo import api, fields, models


class CustomerTextBadgeMixin(models.AbstractModel):
    """Tells on a record of a location whether that location can text its customer.

    The record's location counts, not the one that the user works for at the moment: a
    customer who stopped texts may have come back to one location alone.
    """

    _name = "customer.text.badge.mixin"
    _description = "Whether the Customer Can Be Texted"
    # Name of the field that holds the customer.
    _text_badge_customer = "partner_id"

    # As superuser: who sees an order or an appointment may know this of its customer.
    can_be_texted = fields.Boolean(
        compute="_compute_can_be_texted",
        compute_sudo=True,
        groups="base.group_user",
    )
    text_block_reason = fields.Char(
        string="Why No Texts",
        compute="_compute_can_be_texted",
        compute_sudo=True,
        groups="base.group_user",
    )

    @api.depends(
        lambda self: (f"{self._text_badge_customer}.can_be_texted", "company_id")
    )
    @api.depends_context("company")
    def _compute_can_be_texted(self):
        for location, records in self.grouped("company_id").items():
            for record in records:
                customer = record[self._text_badge_customer].with_company(location)
                record.can_be_texted = customer.can_be_texted
                record.text_block_reason = customer.text_block_reason
