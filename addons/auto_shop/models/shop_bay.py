# Copyright 2026 Auto Shop Suite
# License LGPL-3.0 or later (https://www.gnu.org/licenses/lgpl).
from odoo import fields, models


class ShopBay(models.Model):
    """A place where one vehicle is worked on: a bay, a lift, a mobile van."""

    _name = "shop.bay"
    _description = "Bay"
    _order = "sequence, name, id"

    name = fields.Char(required=True)
    sequence = fields.Integer(default=10)
    company_id = fields.Many2one(
        "res.company",
        string="Location",
        required=True,
        index=True,
        default=lambda self: self.env.company,
    )
    color = fields.Integer(default=1, help="Colour of its appointments.")
    active = fields.Boolean(default=True)

    _name_company_unique = models.UniqueIndex(
        "(company_id, name) WHERE active",
        "This location already has a bay with that name.",
    )
