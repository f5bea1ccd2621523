# Copyright 2026 Auto Shop Suite
# License LGPL-3.0 or later (https://www.gnu.org/licenses/lgpl).
import time
from contextlib import closing, suppress
from datetime import timedelta
from unittest.mock import patch

import psycopg2
from freezegun import freeze_time

from odoo import SUPERUSER_ID, fields, sql_db
from odoo.tests import tagged

from odoo.addons.auto_shop.tests.common import AutoShopCommon
from odoo.addons.queue_job.exception import RetryableJobError
from odoo.addons.queue_job.job import Job
from odoo.addons.queue_job.jobrunner.runner import PG_ADVISORY_LOCK_ID

from ..hooks import uninstall_hook
from ..models.ir_cron import MOST_JOBS

DISPATCH = "auto_shop.ir_cron_dispatch_interactions"
TEXTS = "sms.ir_cron_sms_scheduler_action"


@tagged("post_install", "-at_install")
class TestJobs(AutoShopCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        # Whatever hour it is: what nobody typed would wait for the morning.
        cls.env["customer.quiet.hours"].search([]).active = False
        cls.env["customer.interaction"].search([("state", "=", "planned")]).unlink()
        cls.env["sms.sms"].search([]).unlink()
        cls.env["queue.job"].search([]).unlink()
        cls.customer = cls._create_customer()
        cls.dispatcher = cls.env.ref(DISPATCH)
        cls.texts = cls.env.ref(TEXTS)
        cls._set_size("dispatch_batch_size", 2)
        cls._set_size("sms_group_size", 2)
        cls.env.cr.flush()

    @classmethod
    def _set_size(cls, name, size):
        cls.env["ir.config_parameter"].set_param(f"auto_shop.{name}", str(size))

    def _start_runner(self):
        """Hold the lock that a job runner holds, unless there is one that does."""
        _name, options = sql_db.connection_info_for(self.env.cr.dbname)
        runner = self.enterContext(closing(psycopg2.connect(**options)))
        with runner.cursor() as cr, suppress(psycopg2.errors.LockNotAvailable):
            # The server may not have noticed yet that the one before is gone.
            cr.execute("SET lock_timeout = '10s'")
            cr.execute("SELECT pg_advisory_lock(%s)", (PG_ADVISORY_LOCK_ID,))
        self.assertTrue(self._is_runner_alive())
        return runner

    def _require_no_runner(self):
        deadline = time.monotonic() + 10
        while self._is_runner_alive():
            if time.monotonic() > deadline:
                self.skipTest("A job runner works on this database.")
            time.sleep(0.05)

    def _is_runner_alive(self):
        return self.env["ir.cron"]._is_job_runner_alive()

    def _plan(self, count=1, user=None, context=None, **vals):
        interactions = self.env["customer.interaction"]
        if user:
            interactions = self._as(interactions, user)
        rows = interactions.with_context(**(context or {}))._plan(
            [
                {
                    "company_id": self.company.id,
                    "partner_id": self.customer.id,
                    "channel": "sms",
                    "automatic": False,
                    "body": "Your car is ready",
                    **vals,
                }
                for _row in range(count)
            ]
        )
        self._settle()
        return rows.sudo()

    def _settle(self):
        """What a commit would do first."""
        self.env.cr.flush()

    def _jobs(self, cron=None, state="pending"):
        jobs = self.env["queue.job"].search([("state", "=", state)], order="id")
        return jobs.filtered(lambda job: not cron or job.records == cron)

    def _wakes(self, cron):
        """When the scheduled action is to look, beyond its interval."""
        triggers = self.env["ir.cron.trigger"].search([("cron_id", "=", cron.id)])
        moments = triggers.mapped("call_at")
        triggers.unlink()
        return moments

    def _run_job(self, record):
        job = Job.load(self.env, record.uuid)
        job.set_started()
        job.store()
        with self.env.cr.savepoint():
            job.perform()
        job.set_done()
        job.store()
        self._settle()

    def _run_cron(self, cron):
        with self.enter_registry_test_mode():
            cron.method_direct_trigger()
        self.env.invalidate_all()

    # --- waking ---

    def test_without_a_runner_all_is_as_without_jobs(self):
        self._require_no_runner()
        self._wakes(self.dispatcher)
        self._plan(5)
        self.assertFalse(self._jobs())
        self.assertTrue(self._wakes(self.dispatcher))
        self._run_cron(self.dispatcher)
        self.assertFalse(self._jobs())
        self.assertTrue(self._wakes(self.texts))

    def test_a_runner_that_died_is_known(self):
        runner = self._start_runner()
        runner.close()
        self._require_no_runner()
        self._wakes(self.dispatcher)
        self._plan()
        self.assertFalse(self._jobs())
        self.assertTrue(self._wakes(self.dispatcher))

    def test_a_job_for_each_share(self):
        self._start_runner()
        for planned, jobs in ((1, 1), (2, 2), (4, 4), (100, MOST_JOBS)):
            with self.subTest(planned=planned):
                self._plan(planned)
                self.assertEqual(len(self._jobs(self.dispatcher)), jobs)
        job = self._jobs()[0]
        self.assertEqual(job.channel, "root.auto_shop")
        self.assertEqual(job.method_name, "_job_work_share")
        self.assertEqual(job.name, self.dispatcher.name)

    def test_jobs_do_not_pile_up(self):
        self._start_runner()
        self._plan(1)
        self._wakes(self.dispatcher)
        for _time in range(50):
            self.env["customer.interaction"]._wake_queue()
            self._settle()
        self.assertEqual(len(self._jobs()), 1)
        # The waiting job may have looked before a transaction that came to rely on it
        # commits: then the scheduled action looks.
        self.assertEqual(len(self._wakes(self.dispatcher)), 50)

    def test_woken_in_vain(self):
        """Nothing is there yet that the wake could be about: the scheduled action
        looks when it is."""
        self._start_runner()
        self._wakes(self.texts)
        self.texts._trigger()
        self._settle()
        self.assertFalse(self._jobs())
        self.assertTrue(self._wakes(self.texts))

    def test_what_is_due_later_has_no_job_before(self):
        self._start_runner()
        self._wakes(self.dispatcher)
        later = fields.Datetime.now().replace(microsecond=0) + timedelta(hours=2)
        rows = self._plan(7, planned_at=later)
        self.assertFalse(self._jobs())
        self.assertEqual(self._wakes(self.dispatcher), [later])
        with freeze_time(later + timedelta(minutes=1), tick=True):
            # The scheduled action takes a share itself.
            with patch.object(type(rows), "_cron_dispatch", autospec=True):
                self._run_cron(self.dispatcher)
        self.assertEqual(len(self._jobs(self.dispatcher)), 3)

    def test_planning_costs_the_same_for_many(self):
        self._start_runner()
        self._plan(1)
        self._jobs().unlink()
        counts = []
        for size in (20, 500):
            self._settle()
            before = self.env.cr.sql_log_count
            self._plan(size)
            counts.append(self.env.cr.sql_log_count - before)
            self._jobs().unlink()
        self.assertEqual(counts[0], counts[1])

    # --- jobs ---

    def test_jobs_work_the_queue_off(self):
        self._start_runner()
        rows = self._plan(25)
        performed = 0
        while jobs := self._jobs(self.dispatcher):
            self.assertLessEqual(len(jobs), MOST_JOBS)
            self._run_job(jobs[0])
            performed += 1
        self.assertEqual(set(rows.mapped("state")), {"queued"})
        texts = self.env["sms.sms"].search([("interaction_id", "in", rows.ids)])
        self.assertEqual(len(texts), 25)
        # 13 shares, and no more looks in vain than there may be jobs.
        self.assertLessEqual(performed, 13 + MOST_JOBS)
        self.assertEqual(len(self._jobs(self.texts)), MOST_JOBS)

    def test_texts_have_jobs_by_location(self):
        self._start_runner()
        self._plan(3)
        self._plan(1, company_id=self.other_company.id)
        for job in self._jobs(self.dispatcher):
            self._run_job(job)
        jobs = self._jobs(self.texts)
        ours, theirs = self.company.id, self.other_company.id
        # In turns.
        self.assertEqual([job.args for job in jobs], [[ours], [theirs], [ours]])
        for job in jobs:
            self.assertEqual(job.method_name, "_job_work_share_and_commit")
            config = Job.load(self.env, job.uuid).job_config
            self.assertTrue(config.allow_commit)
            self.assertEqual(config.channel, "root.auto_shop")

    def test_unworked_jobs_lose_nothing(self):
        """Jobs may lie for whatever reason: the scheduled action does not rely on
        them, and they find nothing to do when they run at last."""
        self._start_runner()
        rows = self._plan(5)
        jobs = self._jobs(self.dispatcher)
        self._run_cron(self.dispatcher)
        self.assertEqual(set(rows.mapped("state")), {"queued"})
        for job in jobs:
            self._run_job(job)
        self.assertEqual(set(jobs.mapped("state")), {"done"})
        self.assertEqual(
            self.env["sms.sms"].search_count([("interaction_id", "in", rows.ids)]), 5
        )
        self.assertFalse(self._jobs(self.dispatcher))

    def test_switched_off_means_nothing_goes_out(self):
        self._start_runner()
        rows = self._plan(1)
        job = self._jobs()
        self.dispatcher.active = False
        self._run_job(job)
        self.assertEqual(rows.state, "planned")
        rows += self._plan(1)
        self.assertFalse(self._jobs())
        self.dispatcher.active = True
        self._run_cron(self.dispatcher)
        self.assertEqual(rows.mapped("state"), ["queued", "queued"])

    def test_an_error_loses_nothing(self):
        self._start_runner()
        rows = self._plan(2)
        [record] = self._jobs()
        job = Job.load(self.env, record.uuid)
        with (
            patch.object(type(rows), "_dispatch", side_effect=RuntimeError("No luck")),
            self.assertRaises(RuntimeError),
            self.env.cr.savepoint(),
        ):
            job.perform()
        job.set_failed(exc_info="No luck")
        job.store()
        self.assertEqual(set(rows.mapped("state")), {"planned"})
        # The failed job is for an administrator to read, and in nobody's way.
        self._plan(1)
        self.assertEqual(len(self._jobs()), 2)
        for other in self._jobs():
            self._run_job(other)
        self.assertEqual(set(rows.mapped("state")), {"queued"})

    def test_an_unlucky_row_holds_up_no_other(self):
        self._start_runner()
        good, bad = self._plan(2)
        dispatch = type(good)._dispatch

        def fail(rows):
            if bad in rows:
                raise ValueError("No luck")
            return dispatch(rows)

        with (
            patch.object(type(good), "_dispatch", fail),
            self.assertLogs("odoo.addons.auto_shop", "ERROR"),
        ):
            self._run_job(self._jobs())
        self.assertEqual((good.state, bad.state), ("queued", "failed"))

    def test_a_conflict_is_tried_again_later_and_later(self):
        self._start_runner()
        rows = self._plan(1)
        job = Job.load(self.env, self._jobs().uuid)
        waits = []
        for _attempt in range(job.max_retries - 1):
            with (
                patch.object(
                    type(rows),
                    "_claim_due",
                    side_effect=psycopg2.errors.SerializationFailure,
                ),
                self.assertRaises(RetryableJobError) as caught,
                self.env.cr.savepoint(),
            ):
                job.perform()
            job.postpone(seconds=caught.exception.seconds)
            waits.append(round((job.eta - fields.Datetime.now()).total_seconds()))
        self.assertEqual(waits, sorted(set(waits)))
        self.assertEqual(rows.state, "planned")

    # --- rights ---

    def test_jobs_run_as_the_scheduled_action_does(self):
        """Whoever plans: neither his rights nor anything he sent along matter."""
        self._start_runner()
        rows = self._plan(
            2,
            user=self.staff,
            # Would make a call of each job, in the middle of this transaction.
            context={"queue_job__no_delay": True, "active_test": False},
        )
        self.assertEqual(rows.mapped("state"), ["planned", "planned"])
        job = self._jobs()
        self.assertEqual(job.user_id.id, SUPERUSER_ID)
        self.assertEqual(job.records.env.uid, SUPERUSER_ID)
        self.assertFalse(job.records.env.context.get("active_test", True) is False)
        self._run_job(job)
        self.assertEqual(rows.mapped("state"), ["queued", "queued"])

    def test_a_developers_switch_means_no_jobs(self):
        self._start_runner()
        with (
            patch.dict("os.environ", QUEUE_JOB__NO_DELAY="1"),
            self.assertLogs("odoo.addons.queue_job.utils", "WARNING"),
        ):
            rows = self._plan(1)
        self.assertEqual(rows.state, "planned")
        self.assertFalse(self._jobs())
        self.assertTrue(self._wakes(self.dispatcher))

    def test_uninstalling_leaves_no_job_behind(self):
        self._start_runner()
        rows = self._plan(1)
        self.assertTrue(self._jobs())
        uninstall_hook(self.env)
        self.assertFalse(self._jobs())
        self.assertEqual(rows.state, "planned")
