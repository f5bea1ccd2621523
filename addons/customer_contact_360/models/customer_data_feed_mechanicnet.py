# Copyright 2026 Auto Shop Suite
# License LGPL-3.0 or later (https://www.gnu.org/licenses/lgpl).
from odoo import fields, models


class CustomerDataFeed(models.Model):
    """MechanicNET: as CustomerLink; the shop is known by its name and an ID.

    MechanicNET tells the shop where the file goes and what is in it.
    """

    _inherit = "customer.data.feed"

    provider = fields.Selection(
        selection_add=[("mechanicnet", "MechanicNET")],
        ondelete={"mechanicnet": "cascade"},
    )

    def _mechanicnet_agreement(self):
        return "1", self.env._(
            "From now on every repair order of %(location)s is sent to MechanicNET "
            "each night: the order, the vehicle, and name, addresses and phone numbers "
            "of the customer. This is done because you ask for it. You answer for it "
            "that MechanicNET may have the data.",
            location=self.company_id.name,
        )

    def _mechanicnet_columns(self):
        return [
            ("ShopID", "account", 10),
            *[
                column
                for column in self._customerlink_columns()
                if column[1] not in ("account", "shop_phone")
            ],
        ]

    def _mechanicnet_defaults(self):
        return {"file_pattern": "{account}_{YYYY}{MM}{DD}.csv"}

    def _mechanicnet_missing(self):
        return self._get_missing_fields("account")

    def _mechanicnet_omissions(self):
        return []

    def _mechanicnet_sources(self):
        return None
