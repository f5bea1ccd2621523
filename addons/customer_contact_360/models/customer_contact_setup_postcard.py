# Copyright 2026 Auto Shop Suite
# License LGPL-3.0 or later (https://www.gnu.org/licenses/lgpl).
from odoo import fields, models


class CustomerContactSetup(models.Model):
    """Postcards: their size, and who prints them."""

    _inherit = "customer.contact.setup"

    post_size = fields.Selection(related="company_id.postcard_size", readonly=False)
