# Copyright 2026 Auto Shop Suite
# License LGPL-3.0 or later (https://www.gnu.org/licenses/lgpl).
"""Real processes on a copy of a database, to be killed."""

import contextlib
import os
import signal
import subprocess
import unittest

from dev import testing

DIE = "os.kill(os.getpid(), signal.SIGKILL)"


class FaultCase(unittest.TestCase):
    """A test with a database of its own, and Odoo shells that run scripts on it."""

    template = "AUTO_SHOP_SUITE_TEMPLATE"

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        if "AUTO_SHOP_SUITE_TEMPLATE" not in os.environ:
            raise unittest.SkipTest(
                "The fault tests copy databases: run them with make test."
            )

    def setUp(self):
        super().setUp()
        self.database = self.enterContext(
            testing.scratch_database(os.environ[self.template])
        )

    def _states(self, *scripts):
        """`{state: how many}` of the history, after running `scripts`."""
        if scripts:
            self._run(*scripts)
        rows = testing.sql(
            self.database, "SELECT state, count(*) FROM customer_interaction GROUP BY 1"
        )
        return {state: int(count) for state, count in rows}

    def _start(self, *scripts):
        workshop = testing.surroundings()
        process = subprocess.Popen(
            workshop.odoo_command(
                self.database, "--no-http", "--log-level=error", command="shell"
            ),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=workshop.server.environ,
            cwd=workshop.settings.root,
            text=True,
        )
        self.addCleanup(self._end, process)
        process.stdin.write("".join(scripts))
        process.stdin.close()
        return process

    @staticmethod
    def _end(process):
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        process.wait()
        process.stdout.close()
        process.stderr.close()

    def _run(self, *scripts, dies=False):
        process = self._start(*scripts)
        output = process.stdout.read()
        errors = process.stderr.read()
        code = process.wait(timeout=180)
        self.assertEqual(code, -signal.SIGKILL if dies else 0, errors[-3000:])
        return output
