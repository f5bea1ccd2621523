# Copyright 2026 Auto Shop Suite
# License LGPL-3.0 or later (https://www.gnu.org/licenses/lgpl.html).
"""Servers that share the work as jobs, and one that is killed: nothing lost, nothing
twice. The own tests of the addon run here as well, in a database that has it."""

import contextlib
import itertools
import os
import shutil
import signal
import socket
import socketserver
import subprocess
import threading
import time
from pathlib import Path

from odoo.addons.auto_shop.tests.fake_twilio import ACCOUNT_SID, SHOP_NUMBER, FakeTwilio

from dev import odoo_log, testing

from .faults import FaultCase
from .test_text_faults import AGE, DISPATCH, QUEUE, SET_UP

WAKE = """
env["sms.sms"]._wake_queue()
env.cr.commit()
"""
RUNNER = """
import time
while not env["ir.cron"]._is_job_runner_alive():
    time.sleep(0.1)
"""
SMALL_SHARES = """
env["ir.config_parameter"].set_param("auto_shop.dispatch_batch_size", "20")
"""
PLAN = """
partners = env["res.partner"].search([("name", "=like", "Customer %")], limit=10)
env["customer.interaction"]._plan([{
    "partner_id": partner.id,
    "channel": "sms",
    "body": "One more thing",
} for partner in partners])
env.cr.commit()
"""
PATIENCE = 180


class Balancer(socketserver.ThreadingTCPServer):
    """What stands before several web servers: each connection goes to the next one."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), self._Handler)
        self.ports = []
        self.turn = itertools.count()

    class _Handler(socketserver.BaseRequestHandler):
        def handle(self):
            ports = self.server.ports
            start = next(self.server.turn)
            for offset in range(len(ports)):
                address = ("127.0.0.1", ports[(start + offset) % len(ports)])
                with contextlib.suppress(ConnectionRefusedError):
                    behind = socket.create_connection(address)
                    break
            else:
                return
            with behind:
                back = threading.Thread(
                    target=self._pass_on, args=(behind, self.request), daemon=True
                )
                back.start()
                self._pass_on(self.request, behind)
                back.join()

        def _pass_on(self, source, target):
            with contextlib.suppress(OSError):
                while data := source.recv(65536):
                    target.sendall(data)
            with contextlib.suppress(OSError):
                target.shutdown(socket.SHUT_WR)


class TestJobFaults(FaultCase):
    template = "AUTO_SHOP_COMPLETE_TEMPLATE"

    def setUp(self):
        super().setUp()
        self.twilio = self.enterContext(FakeTwilio())
        self.balancer = self.enterContext(Balancer())
        threading.Thread(target=self.balancer.serve_forever, daemon=True).start()
        self.addCleanup(self.balancer.shutdown)

    # --- helpers ---

    def _serve(self, *options):
        """Start a server with a job runner; return its process and its log."""
        workshop = testing.surroundings()
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        log = Path(self.enterContext(_folder()), f"{port}.log")
        host, balancer = self.balancer.server_address
        process = subprocess.Popen(
            workshop.odoo_command(
                self.database,
                "--load=base,rpc,web,queue_job",
                f"--db-filter=^{self.database}$",
                "--http-interface=127.0.0.1",
                f"--http-port={port}",
                f"--logfile={log}",
                "--limit-memory-hard=0",
                *options,
            ),
            env={
                **workshop.server.environ,
                "ODOO_QUEUE_JOB_CHANNELS": "root:4,root.auto_shop:4",
                "ODOO_QUEUE_JOB_HOST": host,
                "ODOO_QUEUE_JOB_PORT": str(balancer),
            },
            cwd=workshop.settings.root,
        )
        self.addCleanup(self._kill, process)
        self.balancer.ports.append(port)
        return process, log

    def _kill(self, process):
        process.kill()
        process.wait()

    def _wait_for(self, what, condition):
        deadline = time.monotonic() + PATIENCE
        while not condition():
            self.assertLess(time.monotonic(), deadline, f"no {what}")
            time.sleep(0.2)

    def _runners(self):
        """The process of the job runner that is in charge, if there is one."""
        return testing.sql(
            self.database,
            "SELECT split_part(application_name, '-', 2)"
            " FROM pg_locks JOIN pg_stat_activity USING (pid)"
            " WHERE locktype = 'advisory' AND objsubid = 1"
            " AND datname = current_database()",
        )

    def _jobs(self, condition):
        [[count]] = testing.sql(
            self.database, f"SELECT count(*) FROM queue_job WHERE {condition}"
        )
        return int(count)

    def _texts(self, state):
        """Those in a state of the text queue, or not there yet."""
        return testing.sql(
            self.database,
            "SELECT id FROM customer_interaction WHERE state = 'planned'"
            f" UNION ALL SELECT id FROM sms_sms WHERE state = '{state}'",
        )

    def _set_up(self, count, group):
        """Plan texts as soon as there is a job runner."""
        self._run(
            RUNNER,
            SMALL_SHARES,
            SET_UP.format(
                sid=ACCOUNT_SID,
                shop=SHOP_NUMBER,
                url=self.twilio.url,
                count=count,
                group=str(group),
            ),
        )

    def _phones(self):
        """`{number: how many texts arrived}`; none may have two."""
        phones = {}
        for message in self.twilio.messages:
            phones[message["to"]] = phones.get(message["to"], 0) + 1
        self.assertLessEqual(set(phones.values()), {1}, "sent twice")
        return phones

    # --- tests ---

    def test_two_servers_share_and_one_is_killed(self):
        """No scheduled action runs: all that happens, jobs do."""
        self.twilio.delay = 0.2
        started = [self._serve("--max-cron-threads=0")[0] for _server in range(2)]
        servers = {server.pid: server for server in started}
        self._set_up(200, group=5)
        self._wait_for("text", lambda: len(self.twilio.messages) >= 60)
        at_work = testing.sql(
            self.database,
            "SELECT DISTINCT worker_pid FROM queue_job WHERE worker_pid > 0",
        )
        self.assertEqual({int(pid) for (pid,) in at_work}, servers.keys())
        # The one that hands out the jobs: the other one has to take over.
        [[leader]] = self._runners()
        self._kill(servers.pop(int(leader)))
        self._wait_for("end of the queue", lambda: not self._texts("outgoing"))
        # What the killed server had claimed is asked for when its claims are old.
        testing.sql(self.database, AGE)
        self._run(WAKE)
        self._wait_for("word of the rest", lambda: not self._texts("process"))
        arrived = len(self._phones())
        states = self._states()
        # What was in doubt is held for a person, also where it had arrived after all.
        held = states.pop("unknown", 0)
        self.assertGreaterEqual(held, 200 - arrived)
        self.assertEqual(states, {"sent": 200 - held})
        # Each claim of a killed server is one group.
        self.assertGreaterEqual(arrived, 200 - 4 * 5)
        # Nobody is left to run jobs: none is made, the scheduled actions do it all.
        self._kill(*servers.values())
        before = self._jobs("true")
        self._run(PLAN, DISPATCH, QUEUE)
        self.assertEqual(
            self._states(),
            {"unknown": held, "sent": 210 - held} if held else {"sent": 210},
        )
        self.assertEqual(self._jobs("true"), before)

    def test_jobs_and_scheduled_actions_side_by_side(self):
        self.twilio.delay = 0.05
        server, log = self._serve("--max-cron-threads=2", "--log-level=info")
        self._set_up(150, group=5)
        self._wait_for("end", lambda: self._states() == {"sent": 150})
        self.assertEqual(len(self._phones()), 150)
        # Those that come too late find nothing to do.
        self._wait_for("end of the jobs", lambda: not self._jobs("state != 'done'"))
        server.send_signal(signal.SIGINT)
        server.wait(PATIENCE)
        lines = log.read_text("utf-8").splitlines()
        self.assertEqual([str(record) for record in odoo_log.serious(lines)], [])

    def test_own_tests(self):
        run = testing.run_odoo(self.database, "--test-tags=/auto_shop_queue_job")
        self.assertFalse(run.code, run.serious or run.lines[-5:])
        self.assertEqual([str(record) for record in run.serious], [])
        self.assertTrue(any("tests in" in line for line in run.lines))


@contextlib.contextmanager
def _folder():
    folder = Path(os.environ["AUTO_SHOP_DATA"], "log", f"jobs-{os.getpid()}")
    folder.mkdir(exist_ok=True)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
