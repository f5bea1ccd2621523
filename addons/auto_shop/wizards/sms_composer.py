# Copyright 2026 Auto Shop Suite
# License LGPL-3.0 or later (https://www.gnu.org/licenses/lgpl).
from odoo import api, fields, models
from odoo.exceptions import UserError

from ..models.res_partner import PHONE_FIELDS
from ..models.sms_sms import TextByHand

# Names listed of customers who are left out.
MAX_NAMES = 10


class SmsComposer(models.TransientModel):
    """Odoo's window for texts: says before sending who gets none, and why."""

    _inherit = "sms.composer"

    text_block_reason = fields.Char(
        string="Why No Text",
        compute="_compute_text_block_reason",
        help="Why the one recipient cannot be texted.",
    )
    text_block_summary = fields.Text(
        string="Left Out",
        compute="_compute_text_block_reason",
        help="Which of several recipients cannot be texted.",
    )

    @api.depends(
        "composition_mode",
        "number_field_name",
        "numbers",
        "recipient_single_number_itf",
        "res_id",
        "res_ids",
        "res_model",
    )
    def _compute_text_block_reason(self):
        for composer in self:
            blocked, total = composer._get_blocked_recipients()
            single = composer._has_one_recipient()
            composer.text_block_reason = blocked[0][1] if single and blocked else False
            composer.text_block_summary = (
                composer._prepare_block_summary(blocked, total)
                if blocked and not single
                else False
            )

    def action_send_sms(self):
        """Send; what a person types to one customer goes at any hour.

        :raise UserError: with the reason when the one recipient cannot be texted
        """
        self.ensure_one()
        if self.text_block_reason:
            raise UserError(self.text_block_reason)
        composer = self
        # What the system sends by this window, no person has typed.
        if self._has_one_recipient() and not self.env.su:
            composer = self.with_context(text_by_hand=TextByHand())
        summary = self.text_block_summary
        result = super(SmsComposer, composer).action_send_sms()
        return self._notify_left_out(summary) if summary and not result else result

    def _has_one_recipient(self):
        self.ensure_one()
        if self.composition_mode == "numbers":
            return bool(self.sanitized_numbers) and "," not in self.sanitized_numbers
        return self.comment_single_recipient

    def _get_blocked_recipients(self):
        """Return ``[(name, sentence)]`` of who cannot be texted, and how many all are.

        A number that cannot be read is for Odoo's own warning.
        """
        recipients = self._get_text_recipients()
        if recipients and self._is_number_retyped():
            [(name, partner, number, _company)] = recipients
            retyped = partner.new({self.number_field_name: number}, origin=partner)
            retyped._compute_text_number()
            reason = retyped._text_block_reasons().get(retyped.id)
            return ([(name, reason[1])] if reason else []), 1
        reasons = self.env["sms.sms"]._get_recipient_block_reasons(
            [recipient[1:] for recipient in recipients]
        )
        blocked = [
            (name, reason[1])
            for (name, *_rest), reason in zip(recipients, reasons, strict=True)
            if reason
        ]
        return blocked, len(recipients)

    def _get_text_recipients(self):
        """Return ``[(name, partner, number, company)]``."""
        partners = self.env["res.partner"]
        own = self.env.company
        if self.composition_mode == "numbers":
            numbers = (self.sanitized_numbers or "").split(",")
            return [(number, partners, number, own) for number in numbers if number]
        records = self._get_records()
        if not records:
            return []
        records = records.exists()
        infos = records._sms_get_recipients_info(force_field=self.number_field_name)
        companies = records._mail_get_companies(default=own)
        recipients = []
        for record in records:
            info = infos[record.id]
            number = info["sanitized"]
            if self.comment_single_recipient and self.recipient_single_number_itf:
                number = record._phone_format(number=self.recipient_single_number_itf)
                if not number:
                    continue
            elif not number and not self.comment_single_recipient:
                continue
            recipients.append(
                (record.display_name, info["partner"], number, companies[record.id])
            )
        return recipients

    def _is_number_retyped(self):
        """Whether the number typed here is about to become the customer's."""
        return (
            self.comment_single_recipient
            and self.res_model == "res.partner"
            and self.number_field_name in PHONE_FIELDS
            and self.recipient_single_number_itf
            and self.recipient_single_number_itf != self.recipient_single_number
        )

    def _prepare_block_summary(self, blocked, total):
        lines = [f"{name}: {sentence}" for name, sentence in blocked[:MAX_NAMES]]
        if len(blocked) > MAX_NAMES:
            lines.append(self.env._("… and %s more", len(blocked) - MAX_NAMES))
        title = self.env._(
            "%(count)s of %(total)s cannot be texted and will be left out:",
            count=len(blocked),
            total=total,
        )
        return "\n".join([title, *lines])

    def _notify_left_out(self, summary):
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "title": self.env._("Texts"),
                "message": summary,
                "type": "warning",
                "sticky": True,
                "next": {"type": "ir.actions.act_window_close"},
            },
        }
