# Copyright 2026 Auto Shop Suite
# License LGPL-3.0 or later (https://www.gnu.org/licenses/lgpl).
from odoo import fields, models


class ResConfigSettings(models.TransientModel):
    _inherit = "res.config.settings"

    # === Texting ===

    twilio_messaging_service_sid = fields.Char(
        related="company_id.twilio_messaging_service_sid", readonly=False
    )
    text_keyword_answers = fields.Boolean(
        related="company_id.text_keyword_answers", readonly=False
    )
    twilio_inbound_url = fields.Char(related="company_id.twilio_inbound_url")

    # === Messages to customers ===

    shop_tz = fields.Selection(related="company_id.shop_tz", readonly=False)
    automatic_message_limit = fields.Integer(
        related="company_id.automatic_message_limit", readonly=False
    )
