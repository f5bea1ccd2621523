# Copyright 2026 Auto Shop Suite
# License LGPL-3.0 or later (https://www.gnu.org/licenses/lgpl).
from odoo import api, models
from odoo.tools import SQL


class CalendarAlarmManager(models.AbstractModel):
    _inherit = "calendar.alarm_manager"

    @api.model
    def _get_notify_alert_extra_conditions(self):
        # What the customer hears of an appointment in the shop goes through the
        # interactions, which know consent and quiet hours; Odoo's reminders do not.
        return SQL(
            "%s AND event.shop_state IS NULL",
            super()._get_notify_alert_extra_conditions(),
        )
