# Copyright 2026 Auto Shop Suite
# License LGPL-3.0 or later (https://www.gnu.org/licenses/lgpl).


def uninstall_hook(env):
    """Leave the job runner nothing to do that cannot be done any more.

    What the jobs were for is in the queues, where the scheduled actions find it.
    """
    env["queue.job"].search(
        [
            ("model_name", "=", "ir.cron"),
            ("method_name", "in", ("_job_work_share", "_job_work_share_and_commit")),
            ("state", "not in", ("done", "cancelled")),
        ]
    ).unlink()
