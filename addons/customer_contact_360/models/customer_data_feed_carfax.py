# Copyright 2026 Auto Shop Suite
# License LGPL-3.0 or later (https://www.gnu.org/licenses/lgpl).
from odoo import fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from odoo.addons.auto_shop.tools.vin import vin_valid_sql

from .customer_data_feed import OmissionRule

# Kilometres that two readings may be apart by rounding miles.
ROUNDING = 0.9


class CustomerDataFeed(models.Model):
    """CARFAX: the history of a vehicle, without anything about its owner.

    What is passed on is laid down in the terms of service: never lines of labor or
    parts, amounts, or personal data. The columns can be arranged, but hold nothing
    else than :meth:`_carfax_sources` names.
    """

    _inherit = "customer.data.feed"

    provider = fields.Selection(
        selection_add=[("carfax", "CARFAX")], ondelete={"carfax": "cascade"}
    )

    def _carfax_agreement(self):
        terms = self.env["customer.data.feed.terms"]._get_current(
            "carfax", self._get_today()
        )
        if not terms:
            raise UserError(
                self.env._(
                    "The terms of service of CARFAX are missing. Enter them under "
                    "Terms of Service."
                )
            )
        return terms.version, terms.text

    def _carfax_columns(self):
        # Names and order of columns are those that integrators publish; CARFAX
        # approves the file of each shop, so they can be changed.
        return [
            ("VIN", "vin_checked", 17),
            ("RO_CLOSE_DATE", "order_date", 10),
            ("MILEAGE", "odometer", 7),
            ("ODOMETER_MEASURE", "odometer_measure", 2),
            ("RO_INVOICE_NUMBER", "order_number", 20),
            ("SERVICE_DESCRIPTION", "service_packages", 200),
            ("MAKE", "make", 30),
            ("MODEL", "model", 30),
            ("SUBMODEL", "submodel", 30),
            ("ENGINE", "engine", 30),
            ("MODEL_YEAR", "year", 4),
            ("PLATE", "plate", 12),
            ("PLATE_STATE", "plate_state", 5),
            ("LOCATION_NAME", "shop_name", 40),
            ("ADDRESS", "shop_street", 40),
            ("CITY", "shop_city", 30),
            ("STATE", "shop_state", 5),
            ("POSTAL_CODE", "shop_zip", 10),
            ("PHONE", "shop_phone", 20),
        ]

    def _carfax_defaults(self):
        return {
            "file_pattern": "PROD_RO_{MM}{DD}{YYYY}.txt",
            "file_format": "pipe",
            "date_format": "MM/DD/YYYY",
        }

    def _carfax_missing(self):
        return self._get_missing_fields()

    def _carfax_sources(self):
        return {source for _header, source, _width in self._carfax_columns()} | {
            "shop_country",
        }

    def _carfax_omissions(self):
        return [
            OmissionRule(
                "not_identified",
                self.env._(
                    "No VIN with a right check digit, and no plate with its state"
                ),
                SQL(
                    """NOT (%s OR (COALESCE(vehicle.license_plate, '') <> ''
                            AND vehicle.license_state_id IS NOT NULL))""",
                    vin_valid_sql(SQL("vehicle.vin")),
                ),
                ("vehicle",),
            ),
            OmissionRule(
                "odometer",
                self.env._("The odometer is below an earlier reading"),
                SQL(
                    """EXISTS (
                       SELECT FROM vehicle_odometer_reading AS earlier
                        WHERE earlier.vehicle_id = move.vehicle_id
                          AND earlier.date < move.invoice_date
                          AND earlier.value
                              * CASE earlier.unit WHEN 'mi' THEN 1.609344 ELSE 1 END
                              > COALESCE(work_order.odometer, reading.value)
                              * CASE CASE WHEN work_order.odometer IS NULL
                                          THEN reading.unit
                                          ELSE vehicle.odometer_unit END
                                WHEN 'mi' THEN 1.609344 ELSE 1 END
                              + %s)""",
                    ROUNDING,
                ),
                ("vehicle", "work_order", "reading"),
            ),
        ]
