# Copyright 2026 Auto Shop Suite
# License LGPL-3.0 or later (https://www.gnu.org/licenses/lgpl).
from odoo import api, fields, models
from odoo.tools import SQL

from odoo.addons.auto_shop.models.shop_queue_mixin import CONFLICTS
from odoo.addons.queue_job.exception import RetryableJobError
from odoo.addons.queue_job.job import ENQUEUED, PENDING, WAIT_DEPENDENCIES
from odoo.addons.queue_job.jobrunner.runner import PG_ADVISORY_LOCK_ID
from odoo.addons.queue_job.utils import must_run_without_delay

# Jobs that wait at a time for one part of a queue. Each that has found plenty sees to
# it that there are so many again; more would lie about and not be any quicker.
MOST_JOBS = 8
WOKEN = "auto_shop_queue_job.woken"


class IrCron(models.Model):
    """Queues that workers share are worked off by jobs, besides the scheduled action.

    A queue that is woken gets a job for each share that waits, where a job runner is
    there to run it. Nothing depends on that: a job only says that somebody may look,
    and the scheduled action goes on looking every few minutes.
    """

    _inherit = "ir.cron"

    def _trigger_list(self, at_list):
        now = fields.Datetime.now()
        if any(at <= now for at in at_list) and self._has_job_workers():
            self._spread_at_commit(super()._trigger_list)
            at_list = [at for at in at_list if at > now]
        return super()._trigger_list(at_list)

    def _callback(self, cron_name, server_action_id):
        """What has become due is shared with the jobs."""
        if self._has_job_workers():
            # The scheduled action takes a share itself.
            self._spread(spare=1)
        return super()._callback(cron_name, server_action_id)

    # === SPREADING ===

    def _spread_at_commit(self, wake):
        """Make the jobs when all is there that this transaction puts in the queue.

        :param wake: wakes the scheduled action itself
        """
        precommit = self.env.cr.precommit
        if WOKEN not in precommit.data:
            precommit.data[WOKEN] = {}
            precommit.add(self.env["ir.cron"]._spread_woken)
        precommit.data[WOKEN][self.id] = wake

    @api.model
    def _spread_woken(self):
        for cron_id, wake in self.env.cr.precommit.data.pop(WOKEN).items():
            # A job that was there before may have looked before we commit.
            if not self.browse(cron_id)._spread():
                wake([fields.Datetime.now()])

    def _spread(self, spare=0):
        """Make a job for each share that waits and has none yet.

        :param int spare: shares that need no job
        :return: whether there is a new job
        """
        # As whom the scheduled action runs, and nothing of what the caller brought.
        cron = self.with_env(self.env(user=self.sudo().user_id.id, context={}))
        queue = cron._get_shared_queue()
        shares = queue._get_queue_shares(MOST_JOBS)
        # In turns, so that no part waits for all of another.
        turns = [
            (f"auto_shop:{self.id}:{part}:{number}", part)
            for number in range(MOST_JOBS)
            for part, count in shares.items()
            if number < count
        ]
        parts = dict(turns[spare:])
        jobs = self.env["queue.job"].sudo()
        there = jobs.search(
            [
                ("identity_key", "in", list(parts)),
                ("state", "in", (WAIT_DEPENDENCIES, PENDING, ENQUEUED)),
            ]
        ).mapped("identity_key")
        missing = {key: part for key, part in parts.items() if key not in there}
        for key, part in missing.items():
            delayed = cron.with_delay(identity_key=key, description=cron.name)
            if queue._queue_commits:
                delayed._job_work_share_and_commit(part)
            else:
                delayed._job_work_share(part)
        return bool(missing)

    def _has_job_workers(self):
        """Whether this is the scheduled action of a queue that jobs work off as well,
        and somebody runs jobs."""
        self.ensure_one()
        if self.id in self.env.cr.precommit.data.get(WOKEN, ()):
            return True
        return (
            self._get_shared_queue() is not None
            and self.sudo().active
            and self._is_job_runner_alive()
            # A developer's switch: a job is then no job but a call.
            and not must_run_without_delay(self.env(context={}))
        )

    @api.model
    def _is_job_runner_alive(self):
        """Whether a job runner works for this database, on whatever machine.

        It holds a lock of the database as long as its connection lasts.
        """
        [(alive,)] = self.env.execute_query(
            SQL(
                """SELECT EXISTS (
                       SELECT FROM pg_locks
                        WHERE locktype = 'advisory' AND granted AND objsubid = 1
                          AND classid::bigint = %s AND objid::bigint = %s
                          AND database = (SELECT oid FROM pg_database
                                           WHERE datname = current_database()))""",
                PG_ADVISORY_LOCK_ID >> 32,
                PG_ADVISORY_LOCK_ID & 0xFFFFFFFF,
            )
        )
        return alive

    def _get_shared_queue(self):
        """Return the queue that this scheduled action works off, if workers may share
        it, else ``None``."""
        name = self.sudo().model_name
        if name not in self.env:
            return None
        queue = self.env[name]
        if not isinstance(queue, self.pool["shop.queue.mixin"]):
            return None
        cron = self.env.ref(queue._queue_cron, raise_if_not_found=False)
        return queue if cron == self else None

    # === JOBS ===

    def _job_work_share(self, part):
        """Work off a share of the queue; if there is more, see to its jobs."""
        queue = self._get_shared_queue()
        # Who switches the scheduled action off wants nothing to go out.
        if queue is None or not self.active:
            return
        try:
            more = queue._work_queue_share(part)
        except CONFLICTS as error:
            raise RetryableJobError(str(error)) from error
        if more:
            self._spread()

    def _job_work_share_and_commit(self, part):
        """The same for a queue that commits on its way: jobs may do that only where
        their function is allowed to."""
        self._job_work_share(part)
