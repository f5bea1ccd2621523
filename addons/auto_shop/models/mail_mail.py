# Copyright 2026 Auto Shop Suite
# License LGPL-3.0 or later (https://www.gnu.org/licenses/lgpl).
import smtplib
from datetime import timedelta

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL
from odoo.tools.misc import split_every

from ..tools.email_text import email_to_text
from .shop_queue_mixin import CONFLICTS

# Mails that are claimed together: what a crash makes wait for the end of its claim.
CLAIM_SIZE = 20
# Longer than the SMTP conversation of one mail may take: Odoo gives each of its steps
# a minute.
CLAIM_MINUTES = 10
# A relay that cannot be reached is tried again after 5, 10, 20 ... minutes.
RETRY_MINUTES = 5
MAX_ATTEMPTS = 9


class MailMail(models.Model):
    """E-mails of customer interactions: claimed before they are sent, and tracked.

    Odoo commits after the SMTP server has accepted a mail; a process killed between
    the two sends it again. Ours are claimed in small groups, and before each one goes
    to the server it is committed that it does: a crash leaves that one in doubt, for a
    person, and the others of its claim to be sent by themselves.
    """

    _inherit = "mail.mail"

    interaction_id = fields.Many2one(
        "customer.interaction", ondelete="set null", index="btree_not_null"
    )
    claimed_at = fields.Datetime(readonly=True, index="btree_not_null")
    handing_over_at = fields.Datetime(
        readonly=True,
        help="When it was about to be given to the mail server. As long as it waits "
        "in the queue with that, nobody knows whether the server took it.",
    )
    attempts = fields.Integer(
        readonly=True, help="Failed attempts to reach the server."
    )

    @api.model
    def _queue_many(self, vals_list):
        """Create the e-mails of many interactions, each model in one statement.

        The same rows as `create` makes (a test compares them), without what it does
        for each record of its own. Where another addon has its say in `create`, it is
        called instead.

        :param vals_list: as for `create`, all with the same keys, no commands in them
        :return: the e-mails, in the same order
        """
        if self._create_is_extended():
            return self.create(vals_list)
        messages = self.env["mail.message"]
        own = [{"scheduled_date": False, **vals} for vals in vals_list]
        inherited = [
            {name: vals.pop(name) for name in [*vals] if self._fields[name].inherited}
            for vals in own
        ]
        for vals in inherited:
            vals["message_id"] = messages._get_message_id(vals)
        for vals, message in zip(
            own, messages._insert_like_create(inherited), strict=True
        ):
            vals["mail_message_id"] = message.id
        return self._insert_like_create(own)

    @api.model
    def _create_is_extended(self):
        """Whether an addon that this one does not know extends `create`."""
        known = ("odoo.orm.", "odoo.models", "odoo.addons.mail.")
        return any(
            "create" in vars(cls)
            and not vars(cls)["create"].__module__.startswith(known)
            for model in (self, self.env["mail.message"])
            for cls in type(model).__mro__
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
        ours = self.filtered("interaction_id")
        if not ours:
            return super()._send(auto_commit=auto_commit, **kwargs)
        if not auto_commit:
            # Sent by hand: what the queue is sending is not to go twice.
            free = ours.try_lock_for_update().filtered(lambda mail: not mail.claimed_at)
            return super(MailMail, self - ours + free)._send(**kwargs)
        result = True
        if others := self - ours:
            result &= super(MailMail, others)._send(auto_commit=True, **kwargs)
        for ids in split_every(CLAIM_SIZE, ours.ids):
            claimed = self.browse(ids)._claim()
            claimed_at = claimed[:1].claimed_at
            try:
                # One by one: each commit forgets what was read of the others.
                for mail in map(self.browse, claimed.ids):
                    if mail._mark_handing_over(claimed_at):
                        result &= super(MailMail, mail)._send(**kwargs)
            except smtplib.SMTPServerDisconnected:
                claimed._release()
                raise
            self.env["ir.cron"]._commit_progress()
        return result

    def _prepare_outgoing_list(self, *args, **kwargs):
        emails = super()._prepare_outgoing_list(*args, **kwargs)
        if self.interaction_id:
            for values in emails:
                values["body_alternative"] = email_to_text(values["body"])
        return emails

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

    def _mark_handing_over(self, claimed_at):
        """Commit that this mail goes to the server now, and what became of the last.

        One commit a mail: all that was done to the one before is in it.

        :param claimed_at: of our claim; a mail that another process has taken back
            since, or that a person has called off, is not ours to send any more
        :return: whether it may go
        """
        self.ensure_one()
        try:
            with self.env.cr.savepoint():
                marked = self._try_mark(claimed_at)
        except CONFLICTS:
            # Somebody touched it while we sent the one before. That one has gone:
            # keep it, then look once more.
            self.env["ir.cron"]._commit_progress()
            marked = self._try_mark(claimed_at)
        self.env["ir.cron"]._commit_progress()
        return marked

    def _try_mark(self, claimed_at):
        self.env.cr.execute(
            SQL(
                """UPDATE mail_mail SET handing_over_at = %s
                    WHERE id = %s AND state = 'outgoing' AND claimed_at = %s
                      AND handing_over_at IS NULL""",
                fields.Datetime.now(),
                self.id,
                claimed_at,
            ),
            # The caller knows what to do about a conflict: it is no error.
            log_exceptions=False,
        )
        return bool(self.env.cr.rowcount)

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
        mails = self.exists()
        mails.filtered(lambda mail: mail.state == "outgoing")._give_back()
        tried = mails.filtered(lambda mail: mail.state == "exception")
        tried.interaction_id._set_state(
            "unknown", self._get_interrupted_text(), "not_known"
        )

    def _give_back(self):
        """Put claimed mails that have not been tried back into the queue."""
        if self:
            self.claimed_at = False
            self.interaction_id._set_state("queued")
            self.env.ref("mail.ir_cron_mail_scheduler_action").sudo()._trigger()

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
                    "handing_over_at": False,
                }
            )
            cron._trigger(moment)

    def _get_interrupted_text(self):
        return self.env._(
            "The sending was interrupted; the customer may or may not have got it."
        )

    @api.model
    def _hold_interrupted(self):
        """Settle what a process that died had claimed.

        Nobody can tell whether the server had accepted the one that was being handed
        over: a person decides. The others were not tried, so they go by themselves.
        """
        limit = fields.Datetime.now() - timedelta(minutes=CLAIM_MINUTES)
        stale = self.search(
            Domain("claimed_at", "<", limit) & Domain("state", "=", "outgoing")
        ).try_lock_for_update()
        tried = stale.filtered("handing_over_at")
        (stale - tried)._give_back()
        # A slow process may have come to it long after its claim.
        held = tried.filtered(lambda mail: mail.handing_over_at < limit)
        if held:
            reason = self._get_interrupted_text()
            held.interaction_id._set_state("unknown", reason, "not_known")
            held.write({"state": "exception", "failure_reason": reason})

    def mark_outgoing(self):
        """A person retries: the old claim is void."""
        self.write({"claimed_at": False, "handing_over_at": False})
        self.interaction_id._set_state("planned")
        self.interaction_id._set_state("queued")
        return super().mark_outgoing()
