# Copyright 2026 Auto Shop Suite
# License LGPL-3.0 or later (https://www.gnu.org/licenses/lgpl).
from datetime import timedelta

import pytz

from odoo import api, fields, models
from odoo.tools import SQL

from ..tools.schedule import local_moment

# A backend shows its transaction in pg_stat_activity a little after the transaction
# took its time, and clocks are set back by seconds.
CLOCK_MARGIN = "30 seconds"
# For transactions whose start this role may not see.
UNSEEN_MARGIN = "1 hour"
# When another transaction holds everything up.
HELD_UP_FOR = timedelta(minutes=15)


class CustomerDataFeed(models.Model):
    """When a file is made, and which orders it must hold."""

    _inherit = "customer.data.feed"

    def _get_zone(self):
        return pytz.timezone((self.company_id or self.env.company)._get_shop_tz())

    def _get_today(self):
        """Return the date at the location."""
        now = pytz.utc.localize(fields.Datetime.now())
        return now.astimezone(self._get_zone()).date()

    def _get_next_run(self):
        """Return the next time that it is the hour of the feed, in UTC."""
        today, zone = self._get_today(), self._get_zone()
        moments = (
            local_moment(zone, today + timedelta(days=days), self.hour)
            for days in range(3)
        )
        return next(moment for moment in moments if moment > fields.Datetime.now())

    def _schedule_next(self):
        for feed in self:
            feed.next_run = feed.enabled and feed._get_next_run()
            if feed.next_run:
                feed._wake(feed.next_run)

    @api.model
    def _wake(self, at=None):
        self.env.ref("customer_contact_360.ir_cron_feed").sudo()._trigger(at)

    @api.model
    def _get_safe_moment(self):
        """Return the moment before which every posting is committed or undone.

        ``posted_at`` is when the transaction that posted began. So this is when the
        oldest transaction that is open began: what it posts is not before. The
        caller must read the orders in a later transaction than the one that calls
        this, because what was committed in between is not in an older snapshot.
        Transactions that took their time but do not show yet, and clocks that are
        set back, are allowed for by a margin; so are transactions of which this role
        may not see when they began, and prepared ones.
        """
        # The list of transactions is kept for the length of our own.
        self.env.execute_query(SQL("SELECT pg_stat_clear_snapshot()"))
        [(moment,)] = self.env.execute_query(
            SQL(
                """
                SELECT date_trunc('second', LEAST(
                    clock_timestamp() - %(margin)s::interval,
                    min(activity.xact_start),
                    CASE WHEN bool_or(activity.backend_type IS NULL)
                         THEN clock_timestamp() - %(unseen)s::interval END,
                    (SELECT min(prepared) - %(unseen)s::interval
                       FROM pg_prepared_xacts
                      WHERE database = current_database())
                ) AT TIME ZONE 'UTC')
                  -- Whoever is in a transaction holds such a lock; of sessions of
                  -- other roles, that and the database are all one may see.
                  FROM pg_locks AS lock
                  JOIN pg_stat_activity AS activity ON activity.pid = lock.pid
                 WHERE lock.locktype = 'virtualxid'
                   AND lock.pid <> pg_backend_pid()
                   AND activity.datname = current_database()
                   -- The database's own workers are nobody's.
                   AND activity.usesysid IS NOT NULL
                   -- Backups last for hours and post nothing.
                   AND activity.application_name IS DISTINCT FROM 'pg_dump'
                """,
                margin=CLOCK_MARGIN,
                unseen=UNSEEN_MARGIN,
            )
        )
        return moment

    # === RUN ===

    @api.model
    def _cron_run(self):
        """Make the files that are due, and send what waits.

        Each step is a transaction of its own: what is to be in a file is fixed and
        committed, then the file is made and committed, then it is sent.
        """
        runs = self.env["customer.data.feed.run"]
        self._claim_due()
        runs._make_files()
        runs._send_files()

    @api.model
    def _claim_due(self):
        """Fix for each feed whose hour has come what its next file holds."""
        commit = self.env["ir.cron"]._commit_progress
        domain = [("enabled", "=", True), ("next_run", "<=", fields.Datetime.now())]
        due = self.search(domain)
        commit(remaining=len(due))
        for feed in due:
            self.env["customer.data.feed.run"]._without_conflict(
                feed._claim_if_due, domain
            )
            commit(1)

    def _claim_if_due(self, domain):
        """Claim a feed, unless another worker does or did."""
        self.env.invalidate_all()
        feed = self.try_lock_for_update().filtered_domain(domain)
        if feed:
            feed._claim()
        # A conflict shows here at the latest, where it can be done over.
        self.env.flush_all()

    def _tell_problem(self, problem):
        """Tell the manager, once, until it is over: a task, which Odoo also mails."""
        self.ensure_one()
        if self.problem_told:
            return
        self.problem_told = True
        for user in self._get_managers():
            self.activity_schedule(
                "mail.mail_activity_data_warning",
                user_id=user.id,
                summary=self.env._("%s: data is not passed on", self.name),
                note=problem,
            )

    def _forget_problem(self):
        """Take the task back, when no file of the feed is in trouble any more."""
        for feed in self.filtered("problem_told"):
            if not feed.problem:
                feed.problem_told = False
                feed.activity_unlink(["mail.mail_activity_data_warning"])

    def _get_managers(self):
        """Return whom to tell of problems: who turned it on, else all managers."""
        self.ensure_one()
        company = self.company_id
        managers = self.env.ref("auto_shop.group_manager").all_user_ids.filtered(
            lambda user: user.active and company in user.company_ids
        )
        return managers & self.agreement_id.user_id or managers

    def _claim(self):
        """Begin a run; the file is made in another transaction.

        :return: the run; empty while another transaction holds everything up, or
            while the last run has not got that far
        """
        self.ensure_one()
        runs = self.env["customer.data.feed.run"].sudo()
        if not self._is_agreed():
            self._schedule_next()
            self._tell_problem(
                self.env._(
                    "%s has new terms. Nothing is passed on until somebody has read "
                    "them and agrees: press Turn On.",
                    self.name,
                )
            )
            return runs
        until = self._get_safe_moment()
        if self.entered_from and until <= self.entered_from:
            self.next_run = fields.Datetime.now() + HELD_UP_FOR
            self._wake(self.next_run)
            return runs
        self._schedule_next()
        if runs.search_count([("feed_id", "=", self.id), ("state", "=", "making")]):
            return runs
        return runs.create({"feed_id": self.id, "until": until})
