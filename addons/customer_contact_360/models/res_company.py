# Copyright 2026 Auto Shop Suite
# License LGPL-3.0 or later (https://www.gnu.org/licenses/lgpl).
from odoo import api, models

from odoo.addons.auto_shop.tools.phone import normalize_number

# What a postal address in the footer of an e-mail consists of.
ADDRESS_FIELDS = ("street", "street2", "city", "zip", "state_id")


class ResCompany(models.Model):
    _inherit = "res.company"

    @api.model
    def _get_shop_manager_fields(self):
        """The CRM Setup asks for the postal address of the location."""
        return super()._get_shop_manager_fields() | set(ADDRESS_FIELDS)

    def _get_letterhead(self):
        """The signature of the CRM Setup, for every e-mail of the location."""
        shop = super()._get_letterhead()
        setup = self.env["customer.contact.setup"]._get(self)
        if setup.business_name:
            shop["name"] = setup.business_name
        if setup.phone:
            shop["phone"] = normalize_number(setup.phone, self.country_id.code)
            shop["phone_label"] = setup._get_phone_label()
        if setup.email:
            shop["email"] = setup.email
        return shop

    def _get_postcard_provider(self):
        """Whoever prints the postcards by the CRM Setup."""
        setup = self.env["customer.contact.setup"]._get(self)
        return setup.post_provider or super()._get_postcard_provider()
