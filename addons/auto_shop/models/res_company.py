# Copyright 2026 Auto Shop Suite
# License LGPL-3.0 or later (https://www.gnu.org/licenses/lgpl).
from odoo import fields, models
from odoo.addons.base.models.res_partner import _tz_get


class ResCompany(models.Model):
    _inherit = "res.company"

    # === Messages to customers ===

    shop_tz = fields.Selection(
        _tz_get,
        string="Time Zone of the Location",
        help="Appointments are told in it, and days and quiet hours are counted in it "
        "for customers whose own time zone is not known. Empty: the time zone of the "
        "location's contact.",
    )
    automatic_message_limit = fields.Integer(
        string="Automatic Messages per Customer and Day",
        default=2,
        help="What is due beyond it waits for the next day. 0: no limit.",
    )

    _automatic_message_limit_check = models.Constraint(
        "CHECK (automatic_message_limit >= 0)",
        "The number of automatic messages a day cannot be negative; 0 means no limit.",
    )

    def _get_shop_tz(self):
        """Return the name of the location's time zone."""
        self.ensure_one()
        return self.shop_tz or self.partner_id.tz or self.env.user.tz or "UTC"

    def _get_address_line(self):
        """Return the postal address in one line, as a text message says it."""
        self.ensure_one()
        place = " ".join(filter(None, (self.state_id.code, self.zip)))
        return ", ".join(filter(None, (self.street, self.street2, self.city, place)))
