# Copyright 2026 Auto Shop Suite
# License LGPL-3.0 or later (https://www.gnu.org/licenses/lgpl).
from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.tools import format_date

from .customer_vehicle import ODOMETER_UNITS

KM_PER_MILE = 1.609344
# A reading converted between units may be off by the rounding.
_ROUNDING_KM = 1
_LAST = float("inf")


class VehicleOdometerReading(models.Model):
    _name = "vehicle.odometer.reading"
    _description = "Odometer Reading"
    _order = "date desc, id desc"
    _rec_name = "value"

    vehicle_id = fields.Many2one("customer.vehicle", required=True, ondelete="cascade")
    company_id = fields.Many2one(related="vehicle_id.company_id", store=True)
    date = fields.Date(required=True, default=fields.Date.context_today)
    value = fields.Integer(string="Reading", required=True, aggregator=None)
    unit = fields.Selection(
        ODOMETER_UNITS,
        compute="_compute_unit",
        store=True,
        readonly=False,
        required=True,
        precompute=True,
    )
    source = fields.Selection(
        [
            ("manual", "Typed In"),
            ("order", "Work Order"),
            ("inspection", "Inspection"),
            ("import", "Import"),
        ],
        required=True,
        default="manual",
    )
    is_suspect = fields.Boolean(
        string="Below an Earlier Reading",
        compute="_compute_is_suspect",
        store=True,
        help="The vehicle showed more at an earlier date: one of the two readings is "
        "mistyped, or the odometer was replaced. Such readings are left out when "
        "data is passed on.",
    )

    _value_positive = models.Constraint(
        "CHECK (value >= 0)", "An odometer reading cannot be below zero."
    )
    _vehicle_latest = models.Index("(vehicle_id, date DESC, id DESC)")
    _vehicle_suspect = models.Index("(vehicle_id) WHERE is_suspect IS TRUE")

    @api.depends("vehicle_id")
    def _compute_unit(self):
        for reading in self:
            reading.unit = (
                reading.unit
                or reading.vehicle_id.odometer_unit
                or self.env["customer.vehicle"]._default_odometer_unit()
            )

    @api.depends(
        "vehicle_id.odometer_reading_ids.date",
        "vehicle_id.odometer_reading_ids.unit",
        "vehicle_id.odometer_reading_ids.value",
    )
    def _compute_is_suspect(self):
        for reading, higher in self._get_higher_before().items():
            reading.is_suspect = bool(higher)

    @api.depends("value", "unit", "date")
    def _compute_display_name(self):
        units = dict(self._fields["unit"]._description_selection(self.env))
        for reading in self:
            reading.display_name = self.env._(
                "%(value)s %(unit)s on %(date)s",
                value=f"{reading.value:,}",
                unit=units.get(reading.unit, ""),
                date=format_date(self.env, reading.date),
            )

    @api.constrains("date")
    def _check_date(self):
        # One day of grace: the clerk may be ahead of the server's time zone.
        limit = fields.Date.today() + timedelta(days=1)
        for reading in self:
            if reading.date > limit:
                raise ValidationError(
                    self.env._(
                        "An odometer reading cannot be from the future (%(date)s). "
                        "Enter the date on which the odometer was read.",
                        date=format_date(self.env, reading.date),
                    )
                )

    @api.model
    def _convert(self, value, unit, to_unit):
        """Return ``value`` of ``unit`` in ``to_unit`` (``mi``, ``km``), not rounded."""
        if unit == to_unit:
            return value
        return value * KM_PER_MILE if unit == "mi" else value / KM_PER_MILE

    def _get_higher_before(self):
        """Return ``{reading: the highest earlier one}`` when that one is higher."""
        result = dict.fromkeys(self, self.browse())
        readings = self.vehicle_id.odometer_reading_ids
        for _vehicle, rows in readings.grouped("vehicle_id").items():
            highest, highest_km = self.browse(), 0
            for reading in rows.sorted(
                lambda row: (row.date, row._origin.id or 1 << 62)
            ):
                km = self._convert(reading.value, reading.unit, "km")
                if reading in result and km < highest_km - _ROUNDING_KM:
                    result[reading] = highest
                if km > highest_km:
                    highest, highest_km = reading, km
        return result
