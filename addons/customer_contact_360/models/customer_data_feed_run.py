# Copyright 2026 Auto Shop Suite
# License LGPL-3.0 or later (https://www.gnu.org/licenses/lgpl).
import logging
import secrets
from datetime import timedelta

import psycopg2
import psycopg2.errors

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from ..tools.feed_transport import FeedTransferError

_logger = logging.getLogger(__name__)

# Minutes until the next try, after the first, second ... failure in a row.
RETRY_AFTER = (5, 15, 30, 60, 120, 240)
# A manager is told after so many failures in a row; at once where only a person can
# help.
TELL_AFTER = 3
# A claim older than this belongs to a process that died.
CLAIM_LEASE = timedelta(minutes=5)
# Files hold data of customers: what has arrived is kept no longer.
KEEP_FILES = timedelta(days=90)
# Within these the name of a file is not given twice, unless the day comes back.
NAMES_KEPT = timedelta(days=180)
UNSENT = ("making", "waiting", "failed", "sending")
CONFLICTS = (
    psycopg2.errors.SerializationFailure,
    psycopg2.errors.DeadlockDetected,
    psycopg2.errors.LockNotAvailable,
)


class CustomerDataFeedRun(models.Model):
    """One file of a data feed, from its making to its arrival.

    ``making`` (what it holds is fixed) -> ``waiting`` (the file is there) ->
    ``sending`` (claimed) -> ``sent``, or back to ``failed``, which is tried again
    until it arrives. Files of a feed arrive in the order in which they were made.
    """

    _name = "customer.data.feed.run"
    _description = "File of a Data Feed"
    _order = "id desc"
    _rec_name = "file_name"

    feed_id = fields.Many2one(
        "customer.data.feed", required=True, readonly=True, ondelete="restrict"
    )
    company_id = fields.Many2one(related="feed_id.company_id", store=True)
    provider = fields.Selection(related="feed_id.provider")
    state = fields.Selection(
        [
            ("making", "Being made"),
            ("waiting", "Waiting"),
            ("sending", "Being sent"),
            ("failed", "Failed, tried again"),
            ("sent", "Sent"),
            ("ready", "Ready to download"),
            ("empty", "Nothing new"),
            ("unknown", "Arrived?"),
            ("discarded", "Not sent"),
        ],
        required=True,
        readonly=True,
        default="making",
    )
    since = fields.Datetime(
        string="Entered From", readonly=True, help="The first moment that it covers."
    )
    until = fields.Datetime(
        string="Entered Until",
        readonly=True,
        help="The moment at which the next begins.",
    )
    row_count = fields.Integer(string="Rows", readonly=True)
    left_out_count = fields.Integer(
        string="Left Out", readonly=True, help="Repair orders to be put right first."
    )
    file_name = fields.Char(readonly=True)
    file_size = fields.Integer(string="Size", readonly=True, help="In bytes.")
    checksum = fields.Char(string="SHA-256", readonly=True)
    attachment_id = fields.Many2one(
        "ir.attachment", string="File", readonly=True, ondelete="set null"
    )
    error = fields.Char(readonly=True)
    attempts = fields.Integer(
        readonly=True, help="Failures since it was made, or since Try Now."
    )
    next_try_at = fields.Datetime(string="Next Try", readonly=True)
    claimed_at = fields.Datetime(readonly=True)
    claim_token = fields.Char(readonly=True, groups="base.group_system")
    is_complete = fields.Boolean(
        readonly=True,
        help="The whole file is on the server, and is about to get its final name.",
    )
    sent_at = fields.Datetime(string="Arrived", readonly=True)
    origin_run_id = fields.Many2one(
        "customer.data.feed.run",
        string="Sent Again",
        readonly=True,
        ondelete="set null",
        help="The file that was sent before with the same content.",
    )
    user_id = fields.Many2one("res.users", string="Sent Again By", readonly=True)

    _making_unique = models.UniqueIndex("(feed_id) WHERE state = 'making'")
    _unsent_idx = models.Index(
        "(feed_id, id) WHERE state IN ('making', 'waiting', 'failed', 'sending')"
    )
    _feed_idx = models.Index("(feed_id, id)")

    # === ACTIONS ===

    def action_download(self):
        """Download the file."""
        self.ensure_one()
        self.check_access("read")
        if not self.attachment_id:
            raise UserError(
                self.env._("There is no file, or it is too old to be kept.")
            )
        return {
            "type": "ir.actions.act_url",
            "url": f"/web/content/{self.attachment_id.id}?download=true",
            "target": "download",
        }

    def action_send_again(self):
        """Send the same file once more, after all that waits."""
        self.ensure_one()
        self._check_manager()
        if self.state not in ("sent", "ready", "unknown", "discarded"):
            raise UserError(
                self.env._("This file is still on its way, or holds nothing.")
            )
        if not self.attachment_id:
            raise UserError(
                self.env._("There is no file, or it is too old to be kept.")
            )
        if not self.feed_id.enabled or self.feed_id.delivery == "none":
            raise UserError(
                self.env._(
                    "%s sends nothing: turn it on and choose how files are delivered.",
                    self.feed_id.name,
                )
            )
        run = self._send_again_sudo()
        self.feed_id._wake()
        return {
            "type": "ir.actions.act_window",
            "res_model": self._name,
            "res_id": run.id,
            "view_mode": "form",
        }

    def action_try_now(self):
        """Try to send at once what failed."""
        self._check_manager()
        failed = self.filtered(lambda run: run.state in ("failed", "making"))
        failed.sudo().write({"attempts": 0, "next_try_at": False})
        self.env["customer.data.feed"]._wake()

    def action_discard(self):
        """Give up a file that does not arrive, so that the next ones can go."""
        self._check_manager()
        if self.filtered(lambda run: run.state not in ("waiting", "failed")):
            raise UserError(
                self.env._("Only files that wait can be given up. Try in a minute.")
            )
        self.sudo().write({"state": "discarded"})
        self.feed_id._forget_problem()
        self.env["customer.data.feed"]._wake()

    def action_mark_sent(self):
        """Note that the receiver has a file whose arrival was in doubt."""
        self._check_manager()
        unknown = self.filtered(lambda run: run.state == "unknown")
        unknown.sudo().write(
            {"state": "sent", "error": False, "sent_at": fields.Datetime.now()}
        )
        self.feed_id._forget_problem()

    def _check_manager(self):
        """Whoever may not change the feed may not do anything with its files."""
        self.check_access("read")
        self.feed_id.check_access("write")

    def _send_again_sudo(self):
        run = self.sudo()
        again = run.create(
            {
                "feed_id": run.feed_id.id,
                "state": "waiting",
                "since": run.since,
                "until": run.until,
                "row_count": run.row_count,
                "file_size": run.file_size,
                "checksum": run.checksum,
                "file_name": run._get_free_name(),
                "origin_run_id": (run.origin_run_id or run).id,
                "user_id": self.env.uid,
            }
        )
        attachment = run.attachment_id
        again.attachment_id = attachment._create_same(
            {
                "name": again.file_name,
                "res_model": run._name,
                "res_id": again.id,
                "company_id": run.company_id.id,
                "mimetype": attachment.mimetype,
            }
        )
        return again

    # === MAKE ===

    @api.model
    def _make_files(self):
        """Make the files of the runs that are fixed, each in its own transaction."""
        commit = self.env["ir.cron"]._commit_progress
        waiting = self.search(self._get_making_domain(), order="id")
        commit(remaining=len(waiting))
        for run in waiting:
            self._without_conflict(run._make_or_note)
            if not commit(1):
                break

    def _get_making_domain(self):
        now = fields.Datetime.now()
        return [
            ("state", "=", "making"),
            ("feed_id.enabled", "=", True),
            "|",
            ("next_try_at", "=", False),
            ("next_try_at", "<=", now),
        ]

    def _make_or_note(self):
        self.env.invalidate_all()
        run = self.try_lock_for_update().filtered_domain(self._get_making_domain())
        if not run or not run.feed_id.try_lock_for_update():
            return
        try:
            with self.env.cr.savepoint():
                run._make()
        except CONFLICTS:
            raise
        except (psycopg2.Error, OSError, UserError) as error:
            # The other feeds are not to wait for this one.
            _logger.info("Data feed %s: no file, %s", run.feed_id.id, error)
            run._fail(run._get_making_problem(error), tell=True)

    def _get_making_problem(self, error):
        if isinstance(error, UserError):
            return str(error)
        return self.env._(
            "The file could not be made (%s). It is tried again by itself.",
            type(error).__name__,
        )

    def _make(self):
        """Write the file of the interval, and let the next one begin at its end.

        File and new beginning are one transaction: no order is in two files, and
        none in no file.
        """
        self.ensure_one()
        feed = self.feed_id
        self.env.flush_all()
        since = feed.entered_from or self.until
        name = self._get_free_name()
        written = {}

        def write(file):
            writer, written["rows"] = feed._write_file(file, since, self.until)
            written["sha256"] = writer.sha256
            return writer.sha1, writer.size

        attachment = self.env["ir.attachment"]._create_streamed(
            {
                "name": name,
                "res_model": self._name,
                "res_id": self.id,
                "company_id": self.company_id.id,
                "mimetype": "application/octet-stream",
            },
            write,
        )
        # Only now: what is noted as sent would not have been in the file.
        left_out = self._note_omissions(since)
        vals = {
            "state": "empty",
            "since": since,
            "row_count": written["rows"],
            "left_out_count": left_out,
            "error": False,
            "attempts": 0,
            "next_try_at": False,
        }
        if written["rows"]:
            vals |= {
                "state": "ready" if feed.delivery == "none" else "waiting",
                "file_name": name,
                "file_size": attachment.file_size,
                "checksum": written["sha256"],
                "attachment_id": attachment.id,
            }
        else:
            attachment.unlink()
        self.write(vals)
        feed.entered_from = max(self.until, since)
        feed._forget_problem()

    def _get_free_name(self):
        """Return the name of the next file of the feed, which no recent file has."""
        feed = self.feed_id
        today = feed._get_today()
        taken = set(
            self.search(
                [
                    ("feed_id", "=", feed.id),
                    ("create_date", ">=", fields.Datetime.now() - NAMES_KEPT),
                ]
            ).mapped("file_name")
        )
        number = 1
        while (name := feed._get_file_name(today, number)) in taken:
            number += 1
        return name

    def _note_omissions(self, since):
        """Note the orders that must be left out, and those that were put right.

        :return: how many are left out
        """
        feed = self.feed_id
        code, tables = feed._get_omission_sql()
        if not code:
            return 0
        orders = SQL(
            "SELECT move.id AS move_id, %s AS code FROM account_move AS move %s"
            " WHERE %s",
            code,
            self.env["customer.data.feed.source"]._get_joins(feed, tables),
            feed._get_candidates(since, self.until),
        )
        parameters = {
            "feed": feed.id,
            "company": feed.company_id.id,
            "run": self.id,
            "user": self.env.uid,
            "orders": orders,
        }
        self.env.cr.execute(
            SQL(
                """UPDATE customer_data_feed_omission AS omission
                      SET sent_run_id = %(run)s, write_date = now() AT TIME ZONE 'UTC'
                     FROM (%(orders)s) AS orders
                    WHERE omission.feed_id = %(feed)s
                      AND omission.move_id = orders.move_id
                      AND omission.sent_run_id IS NULL AND orders.code IS NULL""",
                **parameters,
            )
        )
        self.env.cr.execute(
            SQL(
                """INSERT INTO customer_data_feed_omission
                          (feed_id, company_id, run_id, move_id, reason_code,
                           create_uid, write_uid, create_date, write_date)
                   SELECT %(feed)s, %(company)s, %(run)s, move_id, code,
                          %(user)s, %(user)s, now() AT TIME ZONE 'UTC',
                          now() AT TIME ZONE 'UTC'
                     FROM (%(orders)s) AS orders
                    WHERE code IS NOT NULL
              ON CONFLICT (feed_id, move_id) DO UPDATE
                      SET run_id = EXCLUDED.run_id, sent_run_id = NULL,
                          reason_code = EXCLUDED.reason_code,
                          write_date = EXCLUDED.write_date""",
                **parameters,
            )
        )
        count = self.env.cr.rowcount
        self.env["customer.data.feed.omission"].invalidate_model()
        return count

    # === SEND ===

    @api.model
    def _send_files(self):
        """Send what waits, one file after the other.

        The claim is committed before the network is touched, and no transaction is
        open while it is. Who dies leaves a claim that another takes over later, and a
        part on the server at which it goes on.
        """
        commit = self.env["ir.cron"]._commit_progress
        commit(remaining=self._count_due())
        while claim := self._without_conflict(self._claim_next):
            run, token = claim
            outcome = run._send(token)
            self._without_conflict(run._record, token, outcome)
            if not commit(1):
                self.env["customer.data.feed"]._wake()
                break

    @api.model
    def _get_due_sql(self):
        return SQL(
            """FROM customer_data_feed_run AS run
               JOIN customer_data_feed AS feed ON feed.id = run.feed_id
              WHERE feed.enabled
                AND (run.state IN ('waiting', 'failed')
                     AND (run.next_try_at IS NULL OR run.next_try_at <= %(now)s)
                     OR run.state = 'sending' AND run.claimed_at < %(dead)s)
                AND NOT EXISTS (
                    SELECT 1 FROM customer_data_feed_run AS earlier
                     WHERE earlier.feed_id = run.feed_id AND earlier.id < run.id
                       AND earlier.state IN ('making', 'waiting', 'failed', 'sending')
                )""",
            now=fields.Datetime.now(),
            dead=fields.Datetime.now() - CLAIM_LEASE,
        )

    @api.model
    def _count_due(self):
        self.env.flush_all()
        [(count,)] = self.env.execute_query(
            SQL("SELECT count(*) %s", self._get_due_sql())
        )
        return count

    @api.model
    def _claim_next(self):
        """Claim the next file and commit.

        :return: ``(run, token)``, None when nothing is due
        """
        self.env.invalidate_all()
        rows = self.env.execute_query(
            SQL(
                "SELECT run.id %s ORDER BY run.next_try_at NULLS FIRST, run.id LIMIT 1"
                " FOR UPDATE OF run SKIP LOCKED",
                self._get_due_sql(),
            )
        )
        if not rows:
            return None
        run, token = self.browse(rows[0]), secrets.token_hex(8)
        run.write(
            {
                "state": "sending",
                "claimed_at": fields.Datetime.now(),
                "claim_token": token,
            }
        )
        self.env["ir.cron"]._commit_progress()
        return run, token

    def _send(self, token):
        """Send a claimed file; no transaction is open meanwhile.

        :return: values to write
        """
        self.ensure_one()
        feed = self.feed_id
        try:
            parcel = self._get_parcel()
        except FileNotFoundError:
            return {"failure": FeedTransferError("file_gone")}
        # Whatever was read is read: the transaction ends before the network begins.
        self.env["ir.cron"]._commit_progress()

        def on_complete(name):
            self._without_conflict(self._note_complete, token, name)

        try:
            result = feed._deliver(parcel, on_complete)
        except FeedTransferError as error:
            _logger.info("Data feed %s: %s", feed.id, error.code)
            return {"failure": error}
        finally:
            parcel["file"].close()
        return result

    def _get_parcel(self):
        """Return all that is needed to send the file, without the database."""
        if not self.attachment_id.exists():
            raise FileNotFoundError
        return {
            **self.feed_id._get_connection(),
            "file": self.attachment_id._open_streamed(),
            "size": self.file_size,
            "name": self.file_name,
            # It cannot be mistaken for a part of another file.
            "part": f"{self.file_name}.{self.checksum[:12]}-{self.id}.part",
            "is_complete": self.is_complete,
        }

    def _note_complete(self, token, name):
        """Note and commit that the server has it all, under the name of the part."""
        self._check_claim(token)
        self.write({"is_complete": True, "file_name": name})
        self.env["ir.cron"]._commit_progress()

    def _check_claim(self, token):
        self.env.invalidate_all()
        if self.state != "sending" or self.claim_token != token:
            raise FeedTransferError("claim_lost")

    def _record(self, token, outcome):
        """Note what became of a file that was claimed."""
        self.env.invalidate_all()
        if self.state != "sending" or self.claim_token != token:
            return
        error = outcome.get("failure")
        if error and error.code == "paused":
            # Time was up; what has arrived stays there.
            self.write({"state": "waiting", "next_try_at": False, "error": False})
            self.feed_id._wake()
        elif error:
            feed = self.feed_id.with_context(lang=self.feed_id._get_lang())
            self._fail(feed._get_transfer_problem(error), error.needs_person)
        else:
            self._settle(outcome["state"])

    def _settle(self, state):
        """Note that the file arrived (``sent``), or may have (``unknown``)."""
        self.write(
            {
                "state": state,
                "sent_at": state == "sent" and fields.Datetime.now(),
                "error": state == "unknown"
                and self.env._(
                    "The whole file was on the server when the connection broke off, "
                    "and is not there any more: the receiver has probably fetched it. "
                    "Ask, then press It Arrived or Send Again."
                ),
                "next_try_at": False,
            }
        )
        if state == "sent":
            self.feed_id._forget_problem()
        else:
            self.feed_id._tell_problem(self.error)

    def _fail(self, problem, tell=False):
        """Note a failure, and when it is tried again."""
        attempts = self.attempts + 1
        wait = RETRY_AFTER[min(attempts, len(RETRY_AFTER)) - 1]
        next_try_at = fields.Datetime.now() + timedelta(minutes=wait)
        self.write(
            {
                "state": "making" if self.state == "making" else "failed",
                "error": problem,
                "attempts": attempts,
                "next_try_at": next_try_at,
            }
        )
        self.feed_id._wake(next_try_at)
        if tell or attempts >= TELL_AFTER:
            self.feed_id._tell_problem(problem)

    @api.model
    def _without_conflict(self, step, *args):
        """Run one transaction of the queue, again when another one came between."""
        for _attempt in range(9):
            try:
                return step(*args)
            except CONFLICTS as error:
                _logger.info("Data feeds: once more after %s", type(error).__name__)
                self.env.cr.rollback()
                self.env.invalidate_all(flush=False)
        return step(*args)

    @api.autovacuum
    def _gc_files(self):
        """Delete the files that arrived long ago; the log of them stays."""
        limit = 100
        old = self.search(
            [
                ("attachment_id", "!=", False),
                ("state", "not in", UNSENT),
                ("create_date", "<", fields.Datetime.now() - KEEP_FILES),
            ],
            limit=limit,
        )
        old.attachment_id.unlink()
        return len(old), len(old) == limit
