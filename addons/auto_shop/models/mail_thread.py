# Copyright 2026 Auto Shop Suite
# License LGPL-3.0 or later (https://www.gnu.org/licenses/lgpl).
from odoo import models
from odoo.tools import html2plaintext
from odoo.tools.mail import mail_header_msgid_re


class MailThread(models.AbstractModel):
    """What comes back by e-mail reaches the customer's history."""

    _inherit = "mail.thread"

    def _routing_handle_bounce(self, email_message, message_dict):
        result = super()._routing_handle_bounce(email_message, message_dict)
        bounced = self._find_interactions(message_dict.get("bounced_msg_ids") or [])
        reason = html2plaintext(message_dict.get("body") or "").strip()[:500]
        if self._is_hard_bounce(email_message):
            self.env["res.partner"].sudo()._flag_hard_bounce(
                message_dict.get("bounced_email")
            )
        for row in bounced.sudo():
            # A server takes a mail in and refuses it later: the only report that may
            # follow "sent".
            row._set_state(
                "failed", reason or self.env._("The address does not exist"), "provider"
            )
        return result

    def _is_hard_bounce(self, email_message):
        """Whether the report says that the address itself is bad (RFC 3463: 5.1.x)."""
        return any(
            str(part.get("Status", "")).strip().startswith("5.1.")
            for part in email_message.walk()
        )

    def _message_route_process(self, message, message_dict, routes):
        result = super()._message_route_process(message, message_dict, routes)
        if routes:
            self._log_email_reply(message_dict)
        return result

    def _log_email_reply(self, message_dict):
        """Keep a customer's answer to one of our e-mails in his history.

        Whoever knows the name of an e-mail can answer it: only what comes from the
        customer is his. Other answers go where Odoo routes them.
        """
        references = " ".join(
            filter(
                None, (message_dict.get("in_reply_to"), message_dict.get("references"))
            )
        )
        answered_sudo = self._find_interactions(
            mail_header_msgid_re.findall(references)
        )._filter_sent_to(message_dict.get("email_from"))[:1]
        if not answered_sudo:
            return
        # On the log of a customer of several locations it belongs to this one.
        self.env["mail.message"].sudo().search(
            [
                ("message_id", "=", message_dict.get("message_id")),
                ("model", "=", "res.partner"),
            ]
        ).record_company_id = answered_sudo.company_id
        self.env["customer.interaction"]._log(
            [
                {
                    "company_id": answered_sudo.company_id.id,
                    "partner_id": answered_sudo.partner_id.id,
                    "vehicle_id": answered_sudo.vehicle_id.id,
                    "work_order_id": answered_sudo.work_order_id.id,
                    "event_id": answered_sudo.event_id.id,
                    "lead_id": answered_sudo.lead_id.id,
                    "channel": "email",
                    "subject": message_dict.get("subject"),
                    "body": message_dict.get("body"),
                    "email": message_dict.get("email_from"),
                    "provider_ref": message_dict.get("message_id"),
                    "is_unread": True,
                }
            ]
        )

    def _find_interactions(self, message_ids):
        if not message_ids:
            return self.env["customer.interaction"]
        return (
            self.env["customer.interaction"]
            .sudo()
            .search([("provider_ref", "in", message_ids), ("channel", "=", "email")])
        )
