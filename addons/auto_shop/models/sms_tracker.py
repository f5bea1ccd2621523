# Copyright 2026 Auto Shop Suite
# License LGPL-3.0 or later (https://www.gnu.org/licenses/lgpl).
from odoo import models


class SmsTracker(models.Model):
    _inherit = "sms.tracker"

    def _action_update_from_sms_state(
        self, sms_state, failure_type=False, failure_reason=False
    ):
        result = super()._action_update_from_sms_state(
            sms_state, failure_type=failure_type, failure_reason=failure_reason
        )
        self._report_to_history(sms_state, failure_reason)
        return result

    def _action_update_from_provider_error(self, provider_error):
        result = super()._action_update_from_provider_error(provider_error)
        _error_status, _failure_type, failure_reason = result
        self._report_to_history("error", failure_reason)
        return result

    def _report_to_history(self, state, reason):
        """Reports of Odoo's own service come to the tracker: carry them on.

        The queue and the webhooks set this key themselves, for the chatter's sake:
        they have written the history set by set.
        """
        if not self.env.context.get("sms_skip_msg_notification"):
            for tracker in self:
                self.env["sms.sms"].sudo()._receive_report(
                    tracker.sms_uuid, state, reason or None
                )
