# Copyright 2026 Auto Shop Suite
# License LGPL-3.0 or later (https://www.gnu.org/licenses/lgpl).
from odoo import fields, models


class SaleOrderLine(models.Model):
    _inherit = "sale.order.line"

    is_glass = fields.Boolean(related="product_id.is_glass", string="Glass")
    nags_number = fields.Char(related="product_id.nags_number")
    glass_opening = fields.Selection(related="product_id.glass_opening")
