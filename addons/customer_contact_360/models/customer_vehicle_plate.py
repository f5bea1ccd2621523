# Copyright 2026 Auto Shop Suite
# License LGPL-3.0 or later (https://www.gnu.org/licenses/lgpl).
from odoo import api, fields, models
from odoo.exceptions import UserError


class CustomerVehicle(models.Model):
    _inherit = "customer.vehicle"

    plate_lookup_enabled = fields.Boolean(compute="_compute_plate_lookup_enabled")

    @api.depends("company_id")
    @api.depends_context("company")
    def _compute_plate_lookup_enabled(self):
        for company, vehicles in self.grouped("company_id").items():
            setup = self.env["customer.contact.setup"]._get(company or self.env.company)
            vehicles.plate_lookup_enabled = bool(setup.plate_lookup_provider)

    def action_lookup_plate(self):
        """Fetch the VIN of the license plate and fill the card from it.

        :raise UserError: why that was not possible; nothing was changed
        """
        self.ensure_one()
        self.check_access("write")
        if not self.license_plate_key or not self.license_state_id:
            raise UserError(self.env._("Enter the license plate and its state first."))
        setup = self.env["customer.contact.setup"]._get(
            self.company_id or self.env.company
        )
        if not setup:
            raise UserError(
                self.env._(
                    "The plate look-up is off. A manager turns it on in the CRM Setup, "
                    "CARFAX."
                )
            )
        # Before anything is written: nobody waits for us while we wait.
        vin = setup._lookup_plate(self.license_plate_key, self.license_state_id)
        if self.vin and self.vin != vin:
            raise UserError(
                self.env._(
                    "The card has the VIN %(vin)s, but plate %(plate)s belongs to "
                    "%(found)s. Correct the plate, or clear the VIN and look again.",
                    vin=self.vin,
                    plate=self.license_plate,
                    found=vin,
                )
            )
        self.vin = vin
        return self.action_decode_vin()
