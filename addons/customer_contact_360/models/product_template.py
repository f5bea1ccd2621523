# Copyright 2026 Auto Shop Suite
# License LGPL-3.0 or later (https://www.gnu.org/licenses/lgpl).
from odoo import api, fields, models


class ProductTemplate(models.Model):
    _inherit = "product.template"

    is_service_package = fields.Boolean(
        string="Service Package",
        compute="_compute_is_service_package",
        store=True,
        readonly=False,
        precompute=True,
        help="What a customer asks for, such as an oil change. Its name may be passed "
        "on to CARFAX. Take the tick away for labor.",
    )

    @api.depends("type")
    def _compute_is_service_package(self):
        for product in self:
            product.is_service_package = product.type == "service"
