# Copyright 2026 Auto Shop Suite
# License LGPL-3.0 or later (https://www.gnu.org/licenses/lgpl).
import smtplib
from datetime import timedelta

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools.misc import split_every

# Mails that are claimed together: what a crash may leave for a person to look at.
CLAIM_SIZE = 20
# Longer than any SMTP conversation of a claim may take.
CLAIM_MINUTES = 30
# A relay that cannot be reached is tried again after 5, 10, 20 ... minutes.
RETRY_MINUTES = 5
MAX_ATTEMPTS = 9


class MailMail(models.Model):
    """E-mails of customer interactions: claimed before they are sent, and tracked.

    Odoo commits after the SMTP server has accepted a mail; a process killed between
    the two sends it again. For our mails the claim is committed first.
    """

    _inherit = "mail.mail"

    interaction_id = fields.Many2one(
        "customer.interaction", ondelete="set null", index="btree_not_null"
    )
    claimed_at = fields.Datetime(readonly=True, index="btree_not_null")
    attempts = fields.Integer(
        readonly=True, help="Failed attempts to reach the server."
    )

    def process_email_queue(self, email_ids=(), batch_size=1000):
        """Leave alone what another process has claimed."""
        filters = [
            *self.env.context.get("filters", ()),
            ("claimed_at", "=", False),
        ]
        return super(MailMail, self.with_context(filters=filters)).process_email_queue(
            email_ids, batch_size
        )

    def _send(self, auto_commit=False, **kwargs):
        if not auto_commit or not self.interaction_id:
            return super()._send(auto_commit=auto_commit, **kwargs)
        result = True
        for ids in split_every(CLAIM_SIZE, self.ids):
            mails = self.browse(ids)
            claimed = mails._claim()
            # What is not ours needs no claim; what someone else has claimed is his.
            mails = mails.filtered(lambda mail: not mail.interaction_id) + claimed
            try:
                result &= super(MailMail, mails)._send(auto_commit=True, **kwargs)
            except smtplib.SMTPServerDisconnected:
                claimed._release()
                raise
        return result

    def _claim(self):
        """Claim mails of interactions and commit the claim."""
        claimable = self.filtered("interaction_id").try_lock_for_update()
        claimable = claimable.filtered_domain(
            [("state", "=", "outgoing"), ("claimed_at", "=", False)]
        )
        claimable = claimable._drop_unwanted()
        claimable.claimed_at = fields.Datetime.now()
        claimable.interaction_id._set_state("sending")
        self.env["ir.cron"]._commit_progress(0)
        return claimable

    def _drop_unwanted(self):
        """Cancel what may not go any more; return the others.

        A mail may have waited hours for its server: the customer may have
        unsubscribed since, or the appointment may have moved.
        """
        interactions = self.interaction_id
        holding = interactions._drop_superseded()._drop_blocked()
        dropped = self.filtered(lambda mail: mail.interaction_id not in holding)
        dropped.cancel()
        return self - dropped

    def _release(self):
        """After a lost connection: give back what was not tried, hold what was."""
        untried = self.exists().filtered(lambda mail: mail.state == "outgoing")
        untried.claimed_at = False
        untried.interaction_id._set_state("queued")
        tried = self.exists().filtered(lambda mail: mail.state == "exception")
        tried.interaction_id._set_state(
            "unknown", self._get_interrupted_text(), "not_known"
        )

    def _postprocess_sent_message(
        self, success_pids, success_emails, failure_reason=False, failure_type=None
    ):
        interactions = self.interaction_id
        if failure_type == "mail_smtp" and interactions:
            self.filtered("interaction_id")._try_later()
            interactions = self.filtered(lambda m: m.state != "outgoing").interaction_id
        if failure_type:
            reason = failure_reason or dict(
                self._fields["failure_type"]._description_selection(self.env)
            ).get(failure_type)
            interactions._set_state("failed", reason, "provider")
        else:
            interactions._set_state("sent")
        return super()._postprocess_sent_message(
            success_pids,
            success_emails,
            failure_reason=failure_reason,
            failure_type=failure_type,
        )

    def _try_later(self):
        """The server could not be reached: nothing has left, so try again later."""
        cron = self.env.ref("mail.ir_cron_mail_scheduler_action").sudo()
        for attempts, mails in self.grouped("attempts").items():
            if attempts + 1 >= MAX_ATTEMPTS:
                continue
            moment = fields.Datetime.now() + timedelta(
                minutes=RETRY_MINUTES * 2**attempts
            )
            mails.write(
                {
                    "state": "outgoing",
                    "attempts": attempts + 1,
                    "scheduled_date": moment,
                    "claimed_at": False,
                }
            )
            cron._trigger(moment)

    def _get_interrupted_text(self):
        return self.env._(
            "The sending was interrupted; the customer may or may not have got it."
        )

    @api.model
    def _hold_interrupted(self):
        """Hold for a person the mails whose sending was interrupted.

        Nobody can tell whether the server had accepted them: they are not sent again
        by themselves.
        """
        limit = fields.Datetime.now() - timedelta(minutes=CLAIM_MINUTES)
        held = self.search(
            Domain("claimed_at", "<", limit) & Domain("state", "=", "outgoing")
        ).try_lock_for_update()
        if held:
            reason = self._get_interrupted_text()
            held.interaction_id._set_state("unknown", reason, "not_known")
            held.write({"state": "exception", "failure_reason": reason})

    def mark_outgoing(self):
        """A person retries: the old claim is void."""
        self.claimed_at = False
        self.interaction_id._set_state("planned")
        self.interaction_id._set_state("queued")
        return super().mark_outgoing()
