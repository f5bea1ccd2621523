# Copyright 2026 Auto Shop Suite
# License LGPL-3.0 or later (https://www.gnu.org/licenses/lgpl).
from odoo import fields, models


class CustomerDataFeed(models.Model):
    """CustomerLink: every repair order of the day in one file, by FTP.

    The layout of the file is not public: the columns are a beginning, which a manager
    changes to what CustomerLink asks for.
    """

    _inherit = "customer.data.feed"

    provider = fields.Selection(
        selection_add=[("customerlink", "CustomerLink")],
        ondelete={"customerlink": "cascade"},
    )

    def _customerlink_agreement(self):
        return "1", self.env._(
            "From now on every repair order of %(location)s is sent to CustomerLink "
            "each night: the order, the vehicle, and name, addresses and phone numbers "
            "of the customer. This is done because you ask for it. You answer for it "
            "that CustomerLink may have the data.",
            location=self.company_id.name,
        )

    def _customerlink_columns(self):
        return [
            ("AccountNumber", "account", 10),
            ("ShopName", "shop_name", 40),
            ("ShopPhone", "shop_phone", 20),
            ("OrderNumber", "order_number", 20),
            ("OrderDate", "order_date", 10),
            ("CustomerNumber", "customer_number", 10),
            ("CustomerName", "customer_name", 40),
            ("Street", "customer_street", 40),
            ("Street2", "customer_street2", 40),
            ("City", "customer_city", 30),
            ("State", "customer_state", 5),
            ("PostalCode", "customer_zip", 10),
            ("Phone", "customer_phone", 20),
            ("Mobile", "customer_mobile", 20),
            ("Email", "customer_email", 60),
            ("DoNotMail", "customer_do_not_mail", 1),
            ("VIN", "vin", 17),
            ("Plate", "plate", 12),
            ("PlateState", "plate_state", 5),
            ("Year", "year", 4),
            ("Make", "make", 30),
            ("Model", "model", 30),
            ("Odometer", "odometer", 7),
            ("Services", "services", 200),
            ("Total", "order_total", 12),
        ]

    def _customerlink_defaults(self):
        return {"file_pattern": "{account}{MM}{DD}.dat"}

    def _customerlink_missing(self):
        return self._get_missing_fields("account")

    def _customerlink_omissions(self):
        return []

    def _customerlink_sources(self):
        return None
