# Copyright 2026 Auto Shop Suite
# License LGPL-3.0 or later (https://www.gnu.org/licenses/lgpl).
from odoo import fields, models


class ResPartner(models.Model):
    _inherit = "res.partner"

    mobile = fields.Char(index="btree_not_null")
    allow_texting = fields.Boolean(copy=False)
    do_not_mail = fields.Boolean()
    do_not_call = fields.Boolean()
    preferred_channel = fields.Selection(
        [
            ("email", "E-mail"),
            ("sms", "Text"),
            ("post", "Post"),
            ("phone", "Phone"),
        ]
    )
    text_number = fields.Char(readonly=True)
    sms_stopped_at = fields.Datetime(readonly=True, copy=False)
