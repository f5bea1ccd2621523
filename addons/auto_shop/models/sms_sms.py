# Copyright 2026 Auto Shop Suite
# License LGPL-3.0 or later (https://www.gnu.org/licenses/lgpl).
import logging
from collections import defaultdict
from datetime import timedelta
from math import ceil

import requests
import urllib3

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.tools import SQL
from odoo.tools.urls import urljoin

from ..tools.phone import format_number
from ..tools.sms_segments import use_plain_signs

_logger = logging.getLogger(__name__)

GROUP_SIZE = 50
MAX_ATTEMPTS = 6
# A claim older than this belongs to a process that died.
CLAIM_LEASE = timedelta(minutes=5)
# How long we go on asking a provider that does not answer about a text.
LOOK_UP_FOR = timedelta(hours=1)
KEEP_SETTLED = timedelta(days=30)
# Reports come late and out of order: a state gives way to a higher one only.
STATE_RANK = {
    "outgoing": 0,
    "process": 1,
    "pending": 2,
    "error": 3,
    "canceled": 3,
    "sent": 4,
}
INTERACTION_STATES = {
    "outgoing": "queued",
    "process": "sent",
    "pending": "sent",
    "sent": "delivered",
    "error": "failed",
    "canceled": "cancelled",
}


class TextByHand:
    """Marks a text that a person types to one customer and sends: it keeps no hours.

    It travels in the context under ``text_by_hand`` and counts only as an instance of
    this class, which a remote client cannot make.
    """


class SmsSms(models.Model):
    """The queue of texts. History is kept in `customer.interaction`; rows here go
    once they are settled.

    `outgoing` -> `process` (claimed, committed) -> `pending` (taken by the provider)
    -> `sent` (delivered), or `error` / `canceled`.
    """

    _name = "sms.sms"
    _inherit = ["sms.sms", "shop.queue.mixin"]
    _queue_cron = "sms.ir_cron_sms_scheduler_action"
    _queue_commits = True

    interaction_id = fields.Many2one(
        "customer.interaction", ondelete="set null", index="btree_not_null"
    )
    claimed_at = fields.Datetime(
        readonly=True, copy=False, help="When it was taken from the queue to be sent."
    )
    attempts = fields.Integer(readonly=True, copy=False)
    next_try_at = fields.Datetime(
        readonly=True,
        copy=False,
        help="Not sent before; for a text whose outcome is not known: not asked for"
        " before.",
    )
    look_up_first = fields.Boolean(
        readonly=True,
        copy=False,
        help="The last try may have got through: ask the provider before trying again.",
    )
    provider_ref = fields.Char(
        "Provider Reference", readonly=True, copy=False, index="btree_not_null"
    )
    failure_type = fields.Selection(
        selection_add=[("sms_outcome_unknown", "Outcome not known")],
        ondelete={"sms_outcome_unknown": "set null"},
    )
    failure_reason = fields.Char(
        "Reason", readonly=True, copy=False, help="Why it has not gone out, in words."
    )

    _queue_idx = models.Index("(id) WHERE state = 'outgoing'")
    _claimed_idx = models.Index("(claimed_at) WHERE state = 'process'")

    # === CRUD ===

    @api.model_create_multi
    def create(self, vals_list):
        # Whoever wrote it: a blank that was pasted along must not double its price.
        rows = super().create(
            [
                {**vals, "body": use_plain_signs(vals["body"])}
                if vals.get("body")
                else vals
                for vals in vals_list
            ]
        )
        rows._fix_company_and_number()
        rows._log_interactions()
        rows._retire_former_tries()
        return rows

    def _fix_company_and_number(self):
        """The company that pays decides the account; numbers compare as E.164."""
        for row in self:
            company = row.interaction_id.company_id or row._get_sms_company()
            if row.record_company_id != company:
                row.record_company_id = company
            number = row.number
            if number and not (number.startswith("+") and number[1:].isdigit()):
                row.number = (
                    row._phone_format(number=number, country=company.country_id)
                    or number
                )

    def _log_interactions(self):
        """Texts from elsewhere (chatter, calendar reminders) join the history.

        What a person types and sends goes as it is. All others, such as those of
        Odoo's window for many customers, keep the hours and the daily limit: they are
        handed over when the queue has looked at both.
        """
        foreign = self.filtered(lambda row: not row.interaction_id)
        owners = foreign._get_owners_sudo()
        foreign = foreign.filtered(lambda row: owners[row])
        if not foreign:
            return
        by_hand = isinstance(self.env.context.get("text_by_hand"), TextByHand)
        labels = dict(self._fields["failure_type"]._description_selection(self.env))
        interactions = self.env["customer.interaction"]._log(
            [
                {
                    "company_id": row.record_company_id.id,
                    "partner_id": owners[row].id,
                    "channel": "sms",
                    "direction": "out",
                    "state": INTERACTION_STATES[row.state],
                    "automatic": not by_hand,
                    "dispatched_at": fields.Datetime.now() if by_hand else False,
                    "user_id": row.mail_message_id.create_uid.id or row.create_uid.id,
                    "body": row.body,
                    "number": row.number,
                    "failure_reason": labels.get(row.failure_type, False),
                }
                for row in foreign
            ]
        )
        for row, interaction in zip(foreign, interactions, strict=True):
            row.interaction_id = interaction
        self.env["customer.text.thread"]._touch(interactions)

    def _get_owners_sudo(self):
        """Return ``{text: customer}``: whom it names, else whose number it is.

        Of several customers with one number it is one who may be texted.
        """
        owners = {row: row.partner_id for row in self}
        loose = self.filtered(lambda row: not row.partner_id and row.number)
        if not loose:
            return owners
        found = loose._search_owners_sudo()
        blocked = found._text_block_reasons()
        by_number = found.sorted(lambda customer: customer.id in blocked).grouped(
            "text_number"
        )
        for row in loose:
            own = by_number.get(row.number, found.browse())
            owners[row] = row._filter_of_company(own)[:1]
        return owners

    def _search_owners_sudo(self):
        """Return the customers with these numbers, the newest first.

        As superuser: of a number that was typed nobody may know whose it is.
        """
        return (
            self.env["res.partner"]
            .sudo()
            .search([("text_number", "in", self.mapped("number"))], order="id desc")
        )

    def _filter_of_company(self, customers):
        """Return those of ``customers`` who are no other location's alone."""
        self.ensure_one()
        company = self.record_company_id
        return customers.filtered(
            lambda customer: customer.company_id in (company, company.browse())
        )

    def _retire_former_tries(self):
        """A person sent it again: the row of the first try has no say any more."""
        if interactions := self.interaction_id:
            former = self.search(
                [
                    ("interaction_id", "in", interactions.ids),
                    ("id", "not in", self.ids),
                    ("state", "in", ("error", "canceled")),
                    ("to_delete", "=", False),
                ]
            )
            former.to_delete = True

    # === ACTIONS ===

    def action_set_canceled(self):
        """A text that is being sent, or was, can no longer be called back."""
        waiting = self.filtered(lambda row: row.state in ("outgoing", "error"))
        waiting.interaction_id._set_state(
            "cancelled", self.env._("Cancelled by %s", self.env.user.name), "blocked"
        )
        return super(SmsSms, waiting).action_set_canceled()

    def action_set_outgoing(self):
        """Retry. What is on a customer's history goes the way of every text again:
        consent, hours and all."""
        failed = self.filtered(lambda row: row.state in ("error", "canceled"))
        loose = failed - failed._send_interactions_again()
        loose.write(
            {
                "attempts": 0,
                "failure_reason": False,
                "look_up_first": False,
                "next_try_at": False,
            }
        )
        result = super(SmsSms, loose).action_set_outgoing()
        loose.send()
        return result

    def action_was_sent(self):
        """A person knows that the customer got it."""
        held = self.filtered(lambda row: row.failure_type == "sms_outcome_unknown")
        held.interaction_id.action_mark_sent()
        held._update_sms_state_and_trackers("pending", failure_type=False)

    def action_send_again(self):
        """A person knows that the customer did not get it."""
        self.filtered(
            lambda row: row.failure_type == "sms_outcome_unknown"
        ).action_set_outgoing()

    def resend_failed(self):
        """Texts that failed go to the queue again; those whose outcome is not known
        stay: only their own buttons decide about them."""
        failed = self.filtered(
            lambda row: (
                row.state == "error"
                and not row.to_delete
                and row.failure_type != "sms_outcome_unknown"
            )
        )
        failed.action_set_outgoing()
        message = (
            self.env._("Texts put in the queue again: %s", len(failed))
            if failed
            else self.env._("None of these texts can be sent again from here.")
        )
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "title": self.env._("Texts"),
                "message": message,
                "type": "success" if failed else "warning",
            },
        }

    def _send_interactions_again(self):
        again = self.filtered("interaction_id")
        again.interaction_id.action_send_again()
        again.write({"state": "canceled", "failure_type": False, "to_delete": True})
        return again

    # === QUEUE ===

    def send(self, unlink_failed=False, unlink_sent=True, raise_exception=False):
        """Wake the queue, which claims each text before it calls the provider.

        Never a call from here: the caller's transaction may yet be undone or run
        again, and the text would be out.
        """
        waiting = self.filtered(lambda row: row.state == "outgoing")
        if waiting:
            waiting.filtered("next_try_at").sudo().next_try_at = False
            self._wake_queue()

    def _send(self, unlink_failed=False, unlink_sent=True, raise_exception=False):
        return self.send(
            unlink_failed=unlink_failed,
            unlink_sent=unlink_sent,
            raise_exception=raise_exception,
        )

    @api.model
    def _process_queue(self):
        """Send what is due, company by company, in small groups.

        Claim a group and commit; call the provider; record and commit. So a crash
        leaves claims whose outcome the provider is asked for later, and never a text
        that is sent twice. Companies take turns: none waits for another's backlog.
        """
        waiting = self._count_waiting()
        remaining = sum(waiting.values())
        self.env["ir.cron"]._commit_progress(remaining=remaining)
        companies = self.env["res.company"].browse(sorted(waiting))
        apis = {company.id: self._get_api(company) for company in companies}
        try:
            while companies:
                for company in companies:
                    done, seconds_left = self._process_group(
                        company, apis[company.id], remaining
                    )
                    remaining = max(0, remaining - done)
                    if not seconds_left:
                        return
                    if not done:
                        companies -= company
        finally:
            for sms_api in apis.values():
                self._close_api(sms_api)
        # Whatever was counted beyond that, others have taken.
        self.env["ir.cron"]._commit_progress(remaining=0)

    def _get_api(self, company):
        sms_api = company._get_sms_api_class()(self.with_company(company).env)
        sms_api._set_company(company)
        return sms_api

    def _close_api(self, sms_api):
        if close := getattr(sms_api, "_close", None):
            close()

    @api.model
    def _process_group(self, company, sms_api, remaining=0):
        """Settle and send one group of a company.

        :return: number of texts taken from the queue, seconds left to work
        """
        limit = self._get_group_size()
        settled = self._without_conflict(self._claim_unsettled, company, limit)
        if settled:
            results = self._get_verdicts(
                settled, self._look_up(company, sms_api, settled), sms_api
            )
            self._without_conflict(
                self._record, company, settled, results, sms_api, 0, remaining
            )
        claimed, put_aside = self._without_conflict(self._claim, company, limit)
        results = []
        uncertain = [row for row in claimed if row["look_up_first"]]
        if uncertain:
            results = [
                # Found, so sent; or not to be asked: then it is no time to send either.
                result | {"not_tried": True, "look_up_first": True}
                for result in self._look_up(company, sms_api, uncertain)
                if result["state"] != "absent"
            ]
        known = {result["uuid"] for result in results}
        results += self._call_provider(
            sms_api, [row for row in claimed if row["uuid"] not in known]
        )
        done = len(settled) + len(claimed)
        left = self._without_conflict(
            self._record,
            company,
            claimed,
            results,
            sms_api,
            done,
            max(0, remaining - done),
        )
        return done + put_aside, left

    @api.model
    def _get_queue_shares(self, limit):
        size = self._get_group_size()
        return {
            company_id: min(limit, ceil(count / size))
            for company_id, count in self._count_waiting().items()
        }

    @api.model
    def _work_queue_share(self, part):
        """One group of one company: what a company has waiting holds up no other."""
        company = self.env["res.company"].browse(part)
        sms_api = self._get_api(company)
        try:
            done, _seconds_left = self._process_group(company, sms_api)
        finally:
            self._close_api(sms_api)
        return done >= self._get_group_size()

    @api.model
    def _count_waiting(self):
        """Return `{company_id: number of texts to send or to ask for}`."""
        self.flush_model()
        now = fields.Datetime.now()
        return dict(
            self.env.execute_query(
                SQL(
                    """
                    SELECT %(company)s, count(*)
                      FROM sms_sms s
                 LEFT JOIN mail_message m ON m.id = s.mail_message_id
                     WHERE (%(due)s) OR (%(unsettled)s)
                  GROUP BY 1
                    """,
                    company=self._sql_company(),
                    due=self._sql_due(now),
                    unsettled=self._sql_unsettled(now),
                )
            )
        )

    def _sql_company(self):
        """Whose account pays: the document's company, else the row's own."""
        return SQL(
            "COALESCE(m.record_company_id, s.record_company_id, %s)",
            self.env.company.id,
        )

    def _sql_due(self, now):
        return SQL(
            "s.state = 'outgoing' AND s.to_delete IS NOT TRUE"
            " AND (s.next_try_at IS NULL OR s.next_try_at <= %s)",
            now,
        )

    def _sql_unsettled(self, now):
        return SQL(
            "s.state = 'process' AND s.claimed_at IS NOT NULL AND"
            " COALESCE(s.next_try_at, s.claimed_at + %s) <= %s",
            CLAIM_LEASE,
            now,
        )

    @api.model
    def _claim(self, company, limit):
        """Take texts from the queue, drop those that may not go any more, and commit.

        :return: list of dicts, in the order of the queue, and the number of texts that
            were taken as well and do not go now
        """
        now = fields.Datetime.now()
        rows = self._take(
            company,
            self._sql_due(now),
            SQL(
                "state = 'process', claimed_at = %s, next_try_at = NULL,"
                " attempts = COALESCE(s.attempts, 0) + 1",
                now,
            ),
            limit,
        )
        blocked = self.with_company(company)._get_blocked(rows)
        for (code, sentence), group in blocked.items():
            texts = self.browse(row["id"] for row in group)
            texts.write(
                {
                    "state": "canceled",
                    "failure_type": "sms_optout",
                    "failure_reason": sentence,
                }
            )
            texts.interaction_id._set_state("cancelled", sentence, code)
            texts.sms_tracker_id._action_update_from_sms_state(
                "error", failure_type="unknown", failure_reason=sentence
            )
        dropped = {row["id"] for group in blocked.values() for row in group}
        rows = [row for row in rows if row["id"] not in dropped]
        waiting = self._wait_for_turn(rows)
        put_aside = len(dropped) + len(waiting)
        self.env["ir.cron"]._commit_progress(put_aside)
        return [row for row in rows if row["id"] not in waiting], put_aside

    def _wait_for_turn(self, rows):
        """Put texts back that may not go at this hour, or not today.

        Hours may have ended while a text waited for the provider; what did not come
        from the dispatcher has met neither hours nor the daily limit yet.

        :return: their ids
        """
        interactions = self.env["customer.interaction"].browse(
            row["interaction_id"] for row in rows if row["interaction_id"]
        )
        tomorrow = fields.Datetime.now() + timedelta(days=1)
        moments = {
            interaction.id: moment or tomorrow
            for interaction, moment in interactions._get_quiet_until().items()
            # Hours that were all taken away since: it goes as it was handed over.
            if moment or not interaction.dispatched_at
        }
        moments.update(
            interactions.filtered(
                lambda row: row.id not in moments and not row.dispatched_at
            )._hand_over_within_limit()
        )
        waiting = [row for row in rows if row["interaction_id"] in moments]
        if not waiting:
            return set()
        self.flush_model()
        self.env.cr.execute(
            SQL(
                """
                UPDATE sms_sms s
                   SET state = 'outgoing', attempts = s.attempts - 1,
                       claimed_at = v.tried_at, next_try_at = v.moment
                  FROM unnest(%s::int[], %s::timestamp[], %s::timestamp[])
                       AS v(id, tried_at, moment)
                 WHERE s.id = v.id
                """,
                [row["id"] for row in waiting],
                [row["tried_at"] for row in waiting],
                [moments[row["interaction_id"]] for row in waiting],
            )
        )
        self.invalidate_model(flush=False)
        self._wake_queue(min(moments.values()))
        return {row["id"] for row in waiting}

    @api.model
    def _claim_unsettled(self, company, limit):
        """Take texts whose outcome is not known to ask for them, and commit.

        `claimed_at` stays: it says when the text may have been sent.
        """
        now = fields.Datetime.now()
        rows = self._take(
            company,
            self._sql_unsettled(now),
            SQL("next_try_at = %s", now + CLAIM_LEASE),
            limit,
        )
        self.env["ir.cron"]._commit_progress()
        return rows

    def _take(self, company, condition, assignments, limit):
        self.flush_model()
        self.env.cr.execute(
            SQL(
                """
                WITH taken AS (
                    SELECT s.id, s.claimed_at AS tried_at
                      FROM sms_sms s
                 LEFT JOIN mail_message m ON m.id = s.mail_message_id
                     WHERE %(condition)s AND %(company_of_row)s = %(company_id)s
                  ORDER BY s.id
                     LIMIT %(limit)s
                       FOR UPDATE OF s SKIP LOCKED
                )
                UPDATE sms_sms s
                   SET %(assignments)s, write_date = %(now)s
                  FROM taken
                 WHERE s.id = taken.id
             RETURNING s.id, s.uuid, s.number, s.body, s.interaction_id, s.attempts,
                       s.claimed_at, taken.tried_at, s.look_up_first
                """,
                condition=condition,
                company_of_row=self._sql_company(),
                company_id=company.id,
                limit=limit,
                assignments=assignments,
                now=fields.Datetime.now(),
            ),
            # Another dispatcher's commit may come between: that is no error.
            log_exceptions=False,
        )
        rows = self.env.cr.dictfetchall()
        self.invalidate_model(flush=False)
        return sorted(rows, key=lambda row: row["id"])

    def _get_blocked(self, rows):
        """Return `{(code, sentence): rows}` of texts that may not go (any more)."""
        blocked = defaultdict(list)
        interactions = self.env["customer.interaction"].browse(
            row["interaction_id"] for row in rows if row["interaction_id"]
        )
        reasons = interactions._block_reasons()
        loose = self.browse(row["id"] for row in rows if not row["interaction_id"])
        loose_reasons = loose._get_loose_block_reasons()
        for row in rows:
            if reason := reasons.get(row["interaction_id"]):
                blocked[reason].append(row)
            elif reason := loose_reasons.get(row["id"]):
                blocked[reason].append(row)
        return blocked

    def _get_loose_block_reasons(self):
        """Return `{id: (code, sentence)}` of texts to a bare number that may not go.

        From the current location.
        They come from Odoo's own window for texts, which knows no consent. A number
        of nobody gets texts of administrators only, who test the line.
        """
        loose = self.filtered("number")
        if not loose:
            return {}
        numbers = loose.mapped("number")
        stopped = self.env["res.partner"]._get_blocked_numbers_sudo(numbers)
        customers = loose._search_owners_sudo()
        owners = customers.grouped("text_number")
        blocked = customers._text_block_reasons()
        reasons = {}
        for text in loose:
            own = text._filter_of_company(owners.get(text.number, customers.browse()))
            number = format_number(text.number, self.env.company.country_id.code)
            if text.number in stopped:
                sentence = self.env._("%s has opted out of texts", number)
                reasons[text.id] = ("opted_out", sentence)
            elif own and all(customer.id in blocked for customer in own):
                reasons[text.id] = ("no_consent", blocked[own[0].id][1])
            elif not own and not (text.create_uid or self.env.user)._is_system():
                sentence = self.env._("%s belongs to no customer", number)
                reasons[text.id] = ("no_consent", sentence)
        return reasons

    @api.model
    def _get_recipient_block_reasons(self, recipients):
        """Tell beforehand which texts the queue would drop.

        :param recipients: list of ``(partner, number, company)``; without a partner it
            is the number that counts
        :return: list of ``(code, sentence)`` or ``None``, in the order given
        """
        texts = [
            self.new(
                {
                    "partner_id": partner.id,
                    "number": number,
                    "record_company_id": company.id,
                }
            )
            for partner, number, company in recipients
        ]
        owners = self.browse().concat(*texts)._get_owners_sudo()
        interactions = self.env["customer.interaction"]
        rows = {
            text: interactions.new(
                {"channel": "sms", "partner_id": owners[text].id, "number": text.number}
            )
            for text in texts
            if owners[text]
        }
        reasons = interactions.concat(*rows.values())._block_reasons_sms()
        loose = self.browse().concat(*(text for text in texts if text not in rows))
        loose_reasons = loose._get_loose_block_reasons()
        return [
            reasons.get(rows[text].id) if text in rows else loose_reasons.get(text.id)
            for text in texts
        ]

    def _call_provider(self, sms_api, rows):
        """Hand claimed texts to the provider.

        :return: result dicts; a text without one has an outcome that is not known
        """
        results = [
            {
                "uuid": row["uuid"],
                "state": "sms_number_missing",
                "failure_reason": self.env._("There is no number to text."),
            }
            for row in rows
            if not row["number"]
        ]
        bodies = defaultdict(list)
        for row in rows:
            if row["number"]:
                bodies[row["body"]].append(
                    {"number": row["number"], "uuid": row["uuid"]}
                )
        if not bodies:
            return results
        messages = [
            {"content": body, "numbers": numbers} for body, numbers in bodies.items()
        ]
        try:
            return results + sms_api._send_sms_batch(
                messages,
                delivery_reports_url=urljoin(
                    sms_api.company.get_base_url(), "/sms/status"
                ),
            )
        except AccessError as error:
            # Odoo's own service: every trouble with the line is an access error.
            _logger.info("Text queue: %s", error)
            state = "retry" if _never_left(error.__context__) else "unknown_outcome"
            reason = None
        except UserError as error:
            # Refused before anything left, such as an account that is not set up.
            state, reason = "server_error", str(error)
        return results + [
            {"uuid": number["uuid"], "state": state, "failure_reason": reason}
            for message in messages
            for number in message["numbers"]
        ]

    def _look_up(self, company, sms_api, rows):
        """Ask the provider what became of texts; nothing is asked twice at once."""
        find_sent = getattr(sms_api, "_find_sent", None)
        if not find_sent:
            # Odoo's own service has no list to look into.
            return [{"uuid": row["uuid"], "state": "absent"} for row in rows]
        earliest = min(row["tried_at"] for row in rows)
        numbers = [row["number"] for row in rows]
        taken = self.env.execute_query(
            SQL(
                """
                SELECT provider_ref FROM sms_sms
                 WHERE provider_ref IS NOT NULL AND number = ANY(%(numbers)s)
                 UNION
                SELECT provider_ref FROM customer_interaction
                 WHERE provider_ref IS NOT NULL AND number = ANY(%(numbers)s)
                   AND company_id = %(company_id)s AND planned_at >= %(since)s
                """,
                numbers=numbers,
                company_id=company.id,
                since=earliest - timedelta(days=7),
            )
        )
        try:
            found = find_sent(
                [row | {"claimed_at": row["tried_at"]} for row in rows],
                taken={ref for (ref,) in taken},
            )
        except UserError as error:
            _logger.info("Text queue: %s", error)
            return [{"uuid": row["uuid"], "state": "retry"} for row in rows]
        return list(found.values())

    @api.model
    def _record(self, company, rows, results, sms_api, processed, remaining):
        """Write down what is known of claimed texts, set by set, and commit.

        :return: seconds left to work
        """
        by_uuid = {result["uuid"]: result for result in results}
        outcomes = [
            self._get_outcome(
                row, by_uuid.get(row["uuid"], {"state": "unknown_outcome"}), sms_api
            )
            for row in rows
        ]
        if outcomes:
            outcomes = self._write_outcomes(outcomes)
            self._write_trackers(outcomes)
            self._write_interactions(company, outcomes)
            self.browse(outcome["id"] for outcome in outcomes)._handle_call_result_hook(
                [
                    # The references are written set by set already.
                    {key: result[key] for key in result if key != "sms_twilio_sid"}
                    for result in results
                ]
            )
            opted_out = {
                row["number"]
                for row in rows
                if by_uuid.get(row["uuid"], {}).get("state") == "opted_out"
            }
            for number in opted_out:
                self.env["res.partner"].with_company(company)._text_stop(
                    number,
                    source="provider",
                    note=self.env._("The provider refuses texts to this number."),
                )
            if waits := [o["next_try_at"] for o in outcomes if o["next_try_at"]]:
                self._wake_queue(min(waits))
        return self.env["ir.cron"]._commit_progress(processed, remaining=remaining)

    def _get_verdicts(self, rows, results, sms_api):
        """Turn what a look-up could not settle into asking again or holding."""
        now = fields.Datetime.now()
        can_ask = hasattr(sms_api, "_find_sent")
        by_uuid = {result["uuid"]: result for result in results}
        verdicts = []
        for row in rows:
            result = by_uuid[row["uuid"]]
            age = now - row["claimed_at"]
            if result["state"] == "absent":
                # The list may lag behind what was just sent.
                settled = not can_ask or age >= CLAIM_LEASE
                again_at = row["claimed_at"] + CLAIM_LEASE
            elif result["state"] == "retry":
                settled = age >= LOOK_UP_FOR
                again_at = now + max(timedelta(minutes=1), age)
            else:
                verdicts.append(result)
                continue
            verdicts.append(
                {"uuid": row["uuid"], "state": "held"}
                if settled
                else {"uuid": row["uuid"], "state": "look_again", "at": again_at}
            )
        return verdicts

    def _get_outcome(self, row, result, sms_api):
        """Translate a provider's result into what the queue writes."""
        now = fields.Datetime.now()
        state = result["state"]
        not_tried = bool(result.get("not_tried"))
        outcome = {
            "id": row["id"],
            "uuid": row["uuid"],
            "interaction_id": row["interaction_id"],
            "state": "process",
            "failure_type": None,
            "reason": None,
            "notice": None,  # to those who wait: not settled yet, and why
            "code": None,
            "provider_ref": result.get("provider_ref") or result.get("sms_twilio_sid"),
            "next_try_at": None,
            "look_up_first": False,
            "attempts": row["attempts"] - not_tried,
            "claimed_at": row["claimed_at"],
        }
        if success := self.IAP_TO_SMS_STATE_SUCCESS.get(state):
            # Taken by the provider: the claim has done its work.
            outcome.update(
                state=success,
                claimed_at=None,
                provider_ref=outcome["provider_ref"] or row["uuid"],
            )
        elif state in ("unknown_outcome", "look_again"):
            outcome.update(
                next_try_at=result.get("at") or now + timedelta(minutes=1),
                notice=self.env._(
                    "The provider gave no answer: it is asked whether it took this"
                    " text."
                ),
            )
        elif state == "held":
            outcome.update(
                state="error",
                failure_type="sms_outcome_unknown",
                reason=self.env._(
                    "The provider gave no answer, so nobody knows whether the customer"
                    " got this text. Ask the customer or look into the provider's log,"
                    " then say whether it was sent."
                ),
                code="not_known",
            )
        elif state == "retry" and (not_tried or row["attempts"] < MAX_ATTEMPTS):
            pause = timedelta(minutes=2 ** max(0, outcome["attempts"] - 1))
            outcome.update(
                state="outgoing",
                next_try_at=now
                + max(pause, timedelta(seconds=result.get("retry_after") or 0)),
                look_up_first=bool(result.get("look_up_first")),
                claimed_at=row["tried_at"] if not_tried else row["claimed_at"],
                notice=self.env._(
                    "%s It is tried again automatically.",
                    result.get("detail")
                    or self.env._("The provider takes no texts at the moment."),
                ),
            )
        elif state == "retry":
            outcome.update(
                state="error",
                failure_type="sms_server",
                reason=self.env._(
                    "Tried %(count)s times and not sent. %(answer)s",
                    count=row["attempts"],
                    answer=result.get("detail")
                    or self.env._("The provider takes no texts at the moment."),
                ),
                code="provider",
            )
        else:
            outcome.update(
                state="error",
                failure_type=sms_api.PROVIDER_TO_SMS_FAILURE_TYPE.get(state, "unknown"),
                reason=result.get("failure_reason")
                or sms_api._get_sms_api_error_messages().get(state)
                or self.env._("The provider refused the text."),
                code="opted_out" if state == "opted_out" else "provider",
            )
        return outcome

    def _write_outcomes(self, outcomes):
        """:return: the outcomes written; a row that a report has moved on is left"""
        columns = (
            ("id", "int"),
            ("state", "varchar"),
            ("failure_type", "varchar"),
            ("reason", "varchar"),
            ("notice", "varchar"),
            ("provider_ref", "varchar"),
            ("next_try_at", "timestamp"),
            ("look_up_first", "boolean"),
            ("attempts", "int"),
            ("claimed_at", "timestamp"),
        )
        self.flush_model()
        written = self.env.execute_query(
            SQL(
                """
                UPDATE sms_sms s
                   SET state = v.state,
                       failure_type = v.failure_type,
                       failure_reason = COALESCE(v.reason, v.notice),
                       provider_ref = COALESCE(v.provider_ref, s.provider_ref),
                       next_try_at = v.next_try_at,
                       look_up_first = v.look_up_first,
                       attempts = v.attempts,
                       claimed_at = v.claimed_at,
                       to_delete = v.state = 'sent',
                       write_date = %(now)s
                  FROM unnest(%(values)s) AS v(%(names)s)
                 WHERE s.id = v.id AND s.state = 'process'
             RETURNING s.id
                """,
                now=fields.Datetime.now(),
                values=SQL(", ").join(
                    SQL(
                        "%s::%s[]",
                        [outcome[name] for outcome in outcomes],
                        SQL(kind),
                    )
                    for name, kind in columns
                ),
                names=SQL(", ").join(SQL.identifier(name) for name, _kind in columns),
            )
        )
        self.invalidate_model(flush=False)
        ids = {row_id for (row_id,) in written}
        return [outcome for outcome in outcomes if outcome["id"] in ids]

    def _write_trackers(self, outcomes):
        """Chatter notifications and whatever else follows a text by its tracker."""
        settled = {o["uuid"]: o for o in outcomes if o["state"] != "outgoing"}
        trackers = (
            self.env["sms.tracker"]
            .sudo()
            .search([("sms_uuid", "in", list(settled))])
            .with_context(sms_skip_msg_notification=True)
        )
        if not trackers:
            return
        self.env.execute_query(
            SQL(
                """
                UPDATE sms_tracker t SET sms_twilio_sid = v.ref
                  FROM unnest(%s, %s) AS v(uuid, ref)
                 WHERE t.sms_uuid = v.uuid AND v.ref IS NOT NULL
             RETURNING t.id
                """,
                list(settled),
                [outcome["provider_ref"] for outcome in settled.values()],
            )
        )
        trackers.invalidate_recordset(["sms_twilio_sid"], flush=False)

        def get_news(tracker):
            outcome = settled[tracker.sms_uuid]
            kind = outcome["failure_type"]
            if kind not in self.env["mail.notification"]._fields[
                "failure_type"
            ].get_values(self.env):
                kind = kind and "unknown"
            return outcome["state"], kind or False, outcome["reason"] or False

        for (state, kind, reason), group in trackers.grouped(get_news).items():
            group._action_update_from_sms_state(
                state, failure_type=kind, failure_reason=reason
            )
        trackers.mail_notification_id.mail_message_id._notify_message_notification_update()

    def _write_interactions(self, company, outcomes):
        """Carry the outcomes on to the customers' history."""
        self._write_notices(outcomes)
        rows = [
            outcome
            for outcome in outcomes
            if outcome["interaction_id"]
            and (outcome["claimed_at"] is None or outcome["code"])
        ]
        if not rows:
            return
        interactions = self.env["customer.interaction"].sudo()
        refs = {
            o["provider_ref"]: o["interaction_id"] for o in rows if o["provider_ref"]
        }
        if refs:
            interactions.flush_model()
            known = self.env.execute_query(
                SQL(
                    "SELECT provider_ref FROM customer_interaction"
                    " WHERE company_id = %s AND provider_ref = ANY(%s)",
                    company.id,
                    list(refs),
                )
            )
            # What the history has already must not hold up the rest.
            for (ref,) in known:
                del refs[ref]
        if refs:
            self.env.execute_query(
                SQL(
                    """
                    UPDATE customer_interaction i SET provider_ref = v.ref
                      FROM unnest(%s, %s) AS v(id, ref)
                     WHERE i.id = v.id
                 RETURNING i.id
                    """,
                    list(refs.values()),
                    list(refs),
                )
            )
            interactions.invalidate_model(["provider_ref"], flush=False)
        groups = defaultdict(list)
        for row in rows:
            state = INTERACTION_STATES[row["state"]]
            if row["failure_type"] == "sms_outcome_unknown":
                state = "unknown"
            groups[state, row["reason"], row["code"]].append(row["interaction_id"])
        for (state, reason, code), ids in groups.items():
            interactions.browse(ids)._set_state(state, reason, code)

    def _write_notices(self, outcomes):
        """Say on the history why a text is still in the queue."""
        groups = defaultdict(list)
        for outcome in outcomes:
            if outcome["notice"] and outcome["interaction_id"]:
                groups[outcome["notice"]].append(outcome["interaction_id"])
        for notice, ids in groups.items():
            self.env["customer.interaction"].sudo().browse(ids).filtered(
                lambda row: row.state == "queued"
            ).failure_reason = notice

    @api.autovacuum
    def _gc_settled(self):
        """Let go of rows that nothing more will be heard of; held ones stay."""
        self.search(
            [
                ("state", "in", ("pending", "sent", "error", "canceled")),
                ("to_delete", "=", False),
                ("failure_type", "!=", "sms_outcome_unknown"),
                ("write_date", "<", fields.Datetime.now() - KEEP_SETTLED),
            ]
        ).to_delete = True

    def _get_group_size(self):
        return self._get_share_size("auto_shop.sms_group_size", GROUP_SIZE)


def _never_left(error):
    """Whether a failed request has certainly not reached the other side."""
    if isinstance(error, requests.exceptions.ConnectTimeout):
        return True
    reason = getattr(error, "args", None) and getattr(error.args[0], "reason", None)
    return isinstance(
        reason,
        (
            urllib3.exceptions.NewConnectionError,
            urllib3.exceptions.ConnectTimeoutError,
        ),
    )
