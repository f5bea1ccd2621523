# Copyright 2026 Auto Shop Suite
# License LGPL-3.0 or later (https://www.gnu.org/licenses/lgpl).
from odoo import fields, models


class ResConfigSettings(models.TransientModel):
    _inherit = "res.config.settings"

    twilio_messaging_service_sid = fields.Char(
        related="company_id.twilio_messaging_service_sid", readonly=False
    )
    twilio_inbound_url = fields.Char(related="company_id.twilio_inbound_url")
