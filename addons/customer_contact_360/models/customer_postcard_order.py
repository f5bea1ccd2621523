# Copyright 2026 Auto Shop Suite
# License LGPL-3.0 or later (https://www.gnu.org/licenses/lgpl).
import logging
import uuid
from datetime import timedelta

import psycopg2.errors

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from odoo.addons.auto_shop.models.customer_interaction_postcard import POSTCARD_SIZES
from odoo.addons.auto_shop.tools.http_line import side_by_side

_logger = logging.getLogger(__name__)

# Cards that are claimed together: what a crash makes wait for the end of its claim.
GROUP_SIZE = 20
# A claim older than this belongs to a process that died; longer than a group takes.
CLAIM_LEASE = timedelta(minutes=10)
# How long a card that the printer does not take for now is offered again.
GIVE_UP_AFTER = timedelta(days=3)
LONGEST_PAUSE = timedelta(hours=2)
# A card that was taken may yet turn out not to be printable.
CHECK_AFTER = timedelta(hours=1)
CHECK_FOR = timedelta(days=3)
KEEP_SETTLED = timedelta(days=400)
CONFLICTS = (
    psycopg2.errors.SerializationFailure,
    psycopg2.errors.DeadlockDetected,
    psycopg2.errors.LockNotAvailable,
)


class CustomerPostcardOrder(models.Model):
    """Postcards that a printer elsewhere prints and mails: the queue to it.

    ``waiting`` -> ``sending`` (claimed, committed) -> ``accepted``, or ``failed``,
    ``unknown`` (a person decides), ``cancelled``. The claim is committed before the
    printer is called, no call is made within a transaction that has changed anything,
    and each order has a key of its own: the printer takes the same key once only, so
    an order whose outcome is not known is simply repeated while the key is good, and
    asked for after that.

    A printer ``x`` is a value of ``provider`` and of ``post_provider`` of the CRM
    Setup, and the methods

    - ``_x_open(setup, is_test)`` -> a line to it: an object with ``close()``
    - ``_x_prepare(order)`` -> what is to be sent, plain values; or a result
    - ``_x_send(line, item)``, ``_x_find(line, item)``, ``_x_check(line, item)``,
      ``_x_cancel(line, item)`` -> results, dicts as ``tools.lob_api`` describes them.
      They run in threads: no records there
    - ``_x_get_key_lease()`` -> how long a key is good, a ``timedelta``
    - ``_x_is_test(setup)`` -> whether nothing is printed
    """

    _name = "customer.postcard.order"
    _description = "Postcard Order"
    _order = "id desc"
    _rec_name = "partner_id"

    company_id = fields.Many2one(
        "res.company", string="Location", required=True, ondelete="cascade"
    )
    interaction_id = fields.Many2one(
        "customer.interaction", required=True, ondelete="cascade", index=True
    )
    partner_id = fields.Many2one(related="interaction_id.partner_id")
    purpose_id = fields.Many2one(related="interaction_id.purpose_id")
    provider = fields.Selection([], required=True)
    is_test = fields.Boolean(
        string="Test", help="The printer was asked in its test mode: nothing is mailed."
    )
    size = fields.Selection(POSTCARD_SIZES)
    state = fields.Selection(
        [
            ("waiting", "Waiting"),
            ("sending", "Being ordered"),
            ("accepted", "Accepted"),
            ("failed", "Refused"),
            ("unknown", "In doubt"),
            ("cancelled", "Cancelled"),
        ],
        required=True,
        default="waiting",
    )
    key = fields.Char(
        required=True,
        copy=False,
        default=lambda self: uuid.uuid4().hex,
        help="The printer prints no second card for the same key.",
    )
    key_used_at = fields.Datetime(
        help="When it was first sent; empty as long as the printer knows nothing of it."
    )
    claimed_at = fields.Datetime()
    next_try_at = fields.Datetime()
    attempts = fields.Integer()
    accepted_at = fields.Datetime()
    provider_ref = fields.Char(string="Number at the Printer", index="btree_not_null")
    cancellable_until = fields.Datetime(string="Can Be Stopped Until")
    expected_on = fields.Date()
    cancel_asked_by_id = fields.Many2one("res.users", string="To Be Stopped By")
    note = fields.Char(string="What the Printer Says")
    can_be_cancelled = fields.Boolean(compute="_compute_can_be_cancelled")

    _open_unique = models.UniqueIndex(
        "(interaction_id) WHERE state IN ('waiting', 'sending')",
        "This postcard is already on its way to the printer.",
    )
    _queue_idx = models.Index(
        "(company_id, id) WHERE state IN ('waiting', 'sending') "
        "OR next_try_at IS NOT NULL"
    )

    @api.depends("state", "is_test", "cancellable_until", "cancel_asked_by_id")
    def _compute_can_be_cancelled(self):
        now = fields.Datetime.now()
        for order in self:
            order.can_be_cancelled = not order.cancel_asked_by_id and (
                order.state == "waiting"
                or order.state == "accepted"
                and not order.is_test
                and bool(order.cancellable_until)
                and order.cancellable_until > now
            )

    # === ACTIONS ===

    def action_cancel(self):
        """Stop these cards: at once while they wait here, else ask the printer."""
        self.interaction_id.check_access("write")
        orders = self.sudo().try_lock_for_update()
        orders.invalidate_recordset()
        stoppable = orders.filtered("can_be_cancelled")
        if not stoppable:
            raise UserError(
                self.env._(
                    "It is too late: the printer is being told of this postcard, or "
                    "has begun with it."
                )
            )
        waiting = stoppable.filtered(
            lambda order: order.state == "waiting" and not order.key_used_at
        )
        waiting.state = "cancelled"
        waiting.interaction_id._set_state(
            "cancelled", self.env._("Blocked by %s", self.env.user.name), "blocked"
        )
        told = stoppable - waiting
        told.write(
            {"cancel_asked_by_id": self.env.uid, "next_try_at": fields.Datetime.now()}
        )
        if told:
            self._wake_queue()
        return True

    def action_open_interaction(self):
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "res_model": "customer.interaction",
            "res_id": self.interaction_id.id,
            "view_mode": "form",
        }

    # === IN AND OUT ===

    @api.model
    def _queue(self, interactions, provider):
        """Queue postcards for a printer; what was tried with them before is settled."""
        former = self.search(
            [
                ("interaction_id", "in", interactions.ids),
                ("state", "in", ("failed", "unknown")),
            ]
        )
        former.state = "cancelled"
        orders = self.create(
            [
                {
                    "company_id": row.company_id.id,
                    "interaction_id": row.id,
                    "provider": provider,
                }
                for row in interactions
            ]
        )
        self._wake_queue()
        return orders

    @api.model
    def _withdraw(self, companies, provider):
        """Give the cards that a printer was never told of to whoever prints now."""
        orders = self.search(
            [
                ("company_id", "in", companies.ids),
                ("provider", "=", provider),
                ("state", "=", "waiting"),
                ("key_used_at", "=", False),
            ]
        ).try_lock_for_update()
        orders.state = "cancelled"
        orders.interaction_id._hand_over_post()

    @api.model
    def _wake_queue(self, at=None):
        cron = self.env.ref("customer_contact_360.ir_cron_postcard_orders").sudo()
        cron._trigger(at)

    # === QUEUE ===

    @api.model
    def _cron_process(self):
        """Order what waits, location by location, in small groups.

        Locations take turns: none waits for another's backlog.
        """
        waiting = self._count_due()
        remaining = sum(waiting.values())
        self.env["ir.cron"]._commit_progress(remaining=remaining)
        companies = self.env["res.company"].browse(sorted(waiting))
        while companies:
            for company in companies:
                done = self._process_group(company)
                remaining = max(0, remaining - done)
                left = self.env["ir.cron"]._commit_progress(done, remaining=remaining)
                if not left:
                    return
                if not done:
                    companies -= company

    @api.model
    def _count_due(self):
        """Return ``{company_id: orders}`` of those that something is to be done about.

        Locations whose account the printer refuses wait for a manager.
        """
        self.flush_model()
        return dict(
            self.env.execute_query(
                SQL(
                    """SELECT company_id, count(*)
                         FROM customer_postcard_order AS o
                        WHERE (%(due)s) AND NOT EXISTS (
                              SELECT FROM customer_contact_setup AS setup
                               WHERE setup.company_id = o.company_id
                                 AND setup.post_problem IS NOT NULL)
                     GROUP BY 1""",
                    due=self._get_due_sql(),
                )
            )
        )

    def _get_due_sql(self):
        now = fields.Datetime.now()
        return SQL(
            """o.state = 'waiting'
               AND (o.next_try_at IS NULL OR o.next_try_at <= %(now)s)
            OR o.state = 'sending' AND o.claimed_at <= %(stale)s
            OR o.state = 'accepted' AND o.next_try_at <= %(now)s
               AND (o.claimed_at IS NULL OR o.claimed_at <= %(stale)s)""",
            now=now,
            stale=now - CLAIM_LEASE,
        )

    @api.model
    def _process_group(self, company):
        """Claim, commit; call the printer; record. :return: how many orders."""
        setup = self.env["customer.contact.setup"]._get(company)
        if setup.post_problem:
            return 0
        jobs = self._without_conflict(self._claim, company, setup)
        todo = [job for job in jobs if "result" not in job]
        lines = {}
        try:
            for job in todo:
                name = (job["provider"], job["is_test"])
                if name not in lines:
                    lines[name] = getattr(self, f"_{name[0]}_open")(setup, name[1])
            # What the threads need is at hand: nothing is read from here on.
            self.env["ir.cron"]._commit_progress()
            results = side_by_side(
                lambda job: getattr(self, f"_{job['provider']}_{job['verb']}")(
                    lines[job["provider"], job["is_test"]], job["item"]
                ),
                todo,
                self._get_threads(),
            )
            for job, result in zip(todo, results, strict=True):
                job["result"] = result
        finally:
            for line in lines.values():
                line.close()
        if jobs:
            self._without_conflict(self._record, setup, jobs)
        return len(jobs)

    def _without_conflict(self, step, *args):
        """Run and commit one transaction, again when another one came between."""
        for attempt in range(10):
            try:
                result = step(*args)
                self.env["ir.cron"]._commit_progress()
                return result
            except CONFLICTS as error:
                if attempt == 9:
                    raise
                _logger.info("Postcard queue: once more after %s", type(error).__name__)
                self.env.cr.rollback()

    # --- claim ---

    @api.model
    def _claim(self, company, setup):
        """Take orders, drop what may not go any more, and prepare the others.

        :return: list of jobs, dicts of plain values: ``id``, ``claimed_at``,
            ``provider``, ``verb``, ``item``, and ``result`` where it is known already
        """
        orders = self._take(company)
        now = fields.Datetime.now()
        orders.filtered(lambda order: not order.key_used_at)._drop_unwanted()
        jobs = []
        for order in orders:
            if order.state == "cancelled":
                continue
            verb = order._get_verb(now)
            job = {
                "id": order.id,
                "claimed_at": order.claimed_at,
                "provider": order.provider,
                "verb": verb,
                "fresh": not order.key_used_at,
                "item": {"key": order.key, "provider_ref": order.provider_ref},
            }
            if verb == "send":
                order._prepare_job(job, setup)
            jobs.append(job | {"is_test": order.is_test})
        ordering = self.browse(job["id"] for job in jobs if job["verb"] == "send")
        ordering.interaction_id._set_state("sending")
        return jobs

    def _prepare_job(self, job, setup):
        """Put what is to be sent into a job, or what stands in the way of it."""
        prepared = getattr(self, f"_{self.provider}_prepare")()
        if "state" not in prepared:
            job["item"] |= prepared
            if job["fresh"]:
                self.is_test = getattr(self, f"_{self.provider}_is_test")(setup)
                self.key_used_at = job["claimed_at"]
        elif job["fresh"]:
            job["result"] = prepared
        else:
            # It may have been taken as it was.
            job["verb"] = "find"

    def _take(self, company):
        """Lock and claim orders that no other process has."""
        self.flush_model()
        self.env.cr.execute(
            SQL(
                """UPDATE customer_postcard_order AS o
                      SET state = CASE WHEN o.state = 'waiting' THEN 'sending'
                                       ELSE o.state END,
                          claimed_at = %(now)s, attempts = COALESCE(attempts, 0) + 1
                    WHERE id IN (
                          SELECT id FROM customer_postcard_order AS o
                           WHERE company_id = %(company)s AND (%(due)s)
                        ORDER BY id LIMIT %(limit)s
                             FOR UPDATE SKIP LOCKED)
                RETURNING id""",
                now=fields.Datetime.now(),
                company=company.id,
                due=self._get_due_sql(),
                limit=self._get_group_size(),
            ),
            # Another process may come between: that is no error.
            log_exceptions=False,
        )
        ids = sorted(row_id for (row_id,) in self.env.cr.fetchall())
        self.invalidate_model(flush=False)
        return self.browse(ids)

    def _drop_unwanted(self):
        """Cancel what the printer knows nothing of and may not go any more."""
        fresh = self.filtered(lambda order: order.state == "sending")
        interactions = fresh.interaction_id.filtered(
            lambda row: row.state in ("queued", "sending")
        )
        # They are looked at as cards that wait, whatever a crash has left them as.
        interactions._set_state("queued")
        holding = interactions._drop_superseded()._drop_blocked()
        dropped = fresh.filtered(lambda order: order.interaction_id not in holding)
        dropped.state = "cancelled"

    def _get_verb(self, now):
        """Return what is to be done about a claimed order."""
        self.ensure_one()
        if self.state == "accepted":
            return "cancel" if self.cancel_asked_by_id else "check"
        if not self.key_used_at:
            return "send"
        lease = getattr(self, f"_{self.provider}_get_key_lease")()
        unwanted = self.cancel_asked_by_id or self.interaction_id._block_reasons()
        if unwanted or now >= self.key_used_at + lease:
            return "find"
        return "send"

    # --- record ---

    @api.model
    def _record(self, setup, jobs):
        """Write down what is known of claimed orders."""
        problems = []
        by_id = {job["id"]: job for job in jobs}
        self.env.cr.execute(
            SQL(
                """SELECT id FROM customer_postcard_order WHERE id = ANY(%s)
                 ORDER BY id FOR UPDATE""",
                list(by_id),
            ),
            log_exceptions=False,
        )
        for (order_id,) in self.env.cr.fetchall():
            order, job = self.browse(order_id), by_id[order_id]
            if order.claimed_at != job["claimed_at"]:
                # We were slower than our claim: another process has it now.
                continue
            result = job["result"]
            method = f"_record_{job['verb']}"
            if result["state"] == "account":
                problems.append(result)
                order._postpone(job, timedelta(0))
            else:
                getattr(order, method)(job, result)
        if problems:
            setup.sudo().post_problem = self._get_account_sentence(
                problems[0].get("detail")
            )

    def _record_send(self, job, result):
        if result["state"] == "accepted":
            self._record_accepted(result)
        elif result["state"] == "retry":
            if job["fresh"]:
                # The printer knows nothing of it: it may be blocked, or moved.
                self.key_used_at = False
            self._try_later(job, result)
        elif result["state"] == "unknown":
            self._try_later(job, result)
        else:
            self._record_refused(result)

    def _record_find(self, job, result):
        if result["state"] == "accepted":
            self._record_accepted(result)
            if self.cancel_asked_by_id:
                self.next_try_at = fields.Datetime.now()
                self._wake_queue()
        elif result["state"] == "absent":
            self._record_absent()
        else:
            self._try_later(job, result)

    def _record_absent(self):
        """The printer has no such card, as far as it can tell."""
        reasons = self.interaction_id._block_reasons()
        if self.cancel_asked_by_id or reasons:
            code, sentence = reasons.get(self.interaction_id.id) or (
                "blocked",
                self.env._("Blocked by %s", self.cancel_asked_by_id.name),
            )
            self.write({"state": "cancelled", "next_try_at": False})
            self.interaction_id._set_state("cancelled", sentence, code)
            return
        sentence = self.env._(
            "The printer gave no answer and does not find this postcard, so nobody "
            "knows whether it is mailed. Look into your account there, then say "
            "whether it was sent."
        )
        self.write({"state": "unknown", "note": sentence, "next_try_at": False})
        self.interaction_id._set_state("unknown", sentence, "not_known")

    def _record_check(self, job, result):
        now = fields.Datetime.now()
        if result["state"] == "broken":
            sentence = self.env._(
                "The printer had taken it, but could not print it: %s", result["detail"]
            )
            self.write({"state": "failed", "note": sentence, "next_try_at": False})
            self.interaction_id._set_state("failed", sentence, "provider")
        elif result["state"] == "cancelled":
            self._record_cancelled(self.env._("Cancelled at the printer"))
        elif result["state"] == "rendered" or now > self.accepted_at + CHECK_FOR:
            self.write({"next_try_at": False, "claimed_at": False})
        else:
            self.write({"next_try_at": now + CHECK_AFTER, "claimed_at": False})
            self._wake_queue(self.next_try_at)

    def _record_cancel(self, job, result):
        if result["state"] == "cancelled":
            user = self.cancel_asked_by_id
            self._record_cancelled(self.env._("Blocked by %s", user.name))
        elif result["state"] == "too_late":
            note = self.env._(
                "Too late to stop it. The printer says: %s", result.get("detail") or ""
            )
            self.write(
                {
                    "cancel_asked_by_id": False,
                    "cancellable_until": False,
                    "note": note,
                    "next_try_at": fields.Datetime.now() + CHECK_AFTER,
                    "claimed_at": False,
                }
            )
        else:
            self._postpone(job, timedelta(seconds=30))

    def _record_cancelled(self, sentence):
        self.write({"state": "cancelled", "next_try_at": False, "note": sentence})
        self.interaction_id._take_back_postcard(sentence)

    def _record_accepted(self, result):
        now = fields.Datetime.now()
        self.write(
            {
                "state": "accepted",
                "accepted_at": now,
                "claimed_at": False,
                "provider_ref": result["provider_ref"],
                "cancellable_until": _read_moment(result.get("send_date")),
                "expected_on": _read_day(result.get("delivery_date")),
                "next_try_at": False if self.is_test else now + CHECK_AFTER,
                "note": False,
            }
        )
        if self.is_test:
            self.interaction_id._set_state(
                "cancelled",
                self.env._("Test mode: accepted by the printer, but nothing is mailed"),
                "test_mode",
            )
        else:
            self.interaction_id._set_state("sent")
            self._wake_queue(self.next_try_at)

    def _record_refused(self, result):
        words = result.get("detail") or self.env._("no reason given")
        code = result.get("code") or "provider"
        if result["state"] == "bad_address":
            self.interaction_id.partner_id._set_postal_problem(words)
            code = "invalid_address"
            words = self.env._("The printer refuses the address: %s", words)
        elif code == "provider":
            words = self.env._("The printer refuses it: %s", words)
        self.write({"state": "failed", "note": words, "next_try_at": False})
        self.interaction_id._set_state("failed", words, code)

    def _try_later(self, job, result):
        """Offer it again after a while; each time a longer one."""
        now = fields.Datetime.now()
        if not self.key_used_at and now > self.create_date + GIVE_UP_AFTER:
            self._record_refused(
                {
                    "state": "refused",
                    "detail": self.env._(
                        "for %(days)s days it took nothing, the last answer was "
                        "“%(words)s”",
                        days=GIVE_UP_AFTER.days,
                        words=result.get("detail") or "",
                    ),
                }
            )
            return
        pause = min(
            timedelta(minutes=2 ** min(10, max(0, self.attempts - 1))), LONGEST_PAUSE
        )
        asked = timedelta(seconds=result.get("retry_after") or 0)
        self._postpone(job, max(pause, asked))
        self.note = result.get("detail")

    def _postpone(self, job, pause):
        """Let go of the claim until later; the state is the one before it."""
        moment = fields.Datetime.now() + pause
        vals = {"next_try_at": moment, "claimed_at": False}
        if self.state == "sending":
            vals["state"] = "waiting"
            if job["verb"] == "send" and job["fresh"] and not pause:
                vals["key_used_at"] = False
        self.write(vals)
        if vals.get("state") == "waiting":
            self.interaction_id._set_state("queued")
        if pause:
            self._wake_queue(moment)

    @api.model
    def _get_account_sentence(self, words):
        """Return what a manager is to do when a printer refuses the account."""
        return self.env._(
            "The printer refuses the account, so postcards wait. It says: “%s” Put "
            "that right in your account there or enter another key here, then press "
            "Try Again.",
            words or "",
        )

    def _get_threads(self):
        return 4

    def _get_group_size(self):
        get_param = self.env["ir.config_parameter"].sudo().get_param
        return max(
            1, int(get_param("customer_contact_360.postcard_group") or GROUP_SIZE)
        )

    @api.autovacuum
    def _gc_settled(self):
        """Let go of orders that nothing more will be heard of."""
        old = self.search(
            [
                ("state", "in", ("accepted", "failed", "cancelled")),
                ("next_try_at", "=", False),
                ("write_date", "<", fields.Datetime.now() - KEEP_SETTLED),
            ],
            limit=10000,
        )
        old.unlink()


def _read_moment(text):
    """Return a moment as the printer writes it (ISO 8601, UTC), or nothing."""
    try:
        return fields.Datetime.to_datetime((text or "")[:19].replace("T", " "))
    except ValueError:
        return False


def _read_day(text):
    try:
        return fields.Date.to_date((text or "")[:10])
    except ValueError:
        return False
