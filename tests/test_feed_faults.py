# Copyright 2026 Auto Shop Suite
# License LGPL-3.0 or later (https://www.gnu.org/licenses/lgpl).
"""Data feeds whose workers die or race: each order arrives once, in whole files."""

import collections
import tempfile
import time
from pathlib import Path

from odoo.addons.customer_contact_360.tests.feed_servers import (
    PASSWORD,
    USER,
    FtpServer,
)

from dev import testing

from .faults import DIE, FaultCase

SET_UP = """
company = env.company
env["account.chart.template"].try_loading(
    "generic_coa", company=company, install_demo=False
)
income = env["account.account"].search([("account_type", "=", "income")], limit=1)
journals = env["account.journal"].create([{{
    "name": f"Desk {{n}}", "code": f"DSK{{n}}", "type": "sale",
    "default_account_id": income.id,
}} for n in range(5)])
partner = env["res.partner"].create({{"name": "Ann", "street": "x" * 20000}})
env["customer.vehicle"].create([
    {{"owner_id": partner.id, "license_plate": journal.code}} for journal in journals
])
feeds = env["customer.data.feed"].create([{{
    "name": f"Feed {{n}}", "account": f"{{n}}", "delivery": "ftp",
    "file_pattern": "{{account}}_{{MM}}{{DD}}.dat", "host": "127.0.0.1",
    "port": {port}, "username": {user!r}, "password": {password!r},
    "with_header": False,
    "column_ids": [
        (0, 0, {{"source": "order_number"}}), (0, 0, {{"source": "customer_street"}}),
    ],
}} for n in range({feeds})])
for feed in feeds:
    feed.action_agree("1")
feeds.entered_from = "2000-01-01"
for n in range({orders}):
    post(journals[0])
env.flush_all()
env.cr.execute("UPDATE account_move SET posted_at = posted_at - interval '1 hour'")
env.cr.commit()
"""
# Posting takes numbers of a journal in turn and marks the vehicle: who posts side by
# side has his own.
POST = """
def post(journal):
    vehicle = env["customer.vehicle"].search([("license_plate", "=", journal.code)])
    move = env["account.move"].create({
        "move_type": "out_invoice", "journal_id": journal.id,
        "partner_id": vehicle.owner_id.id, "vehicle_id": vehicle.id,
        "invoice_line_ids": [(0, 0, {"name": "Oil", "price_unit": 50})],
    })
    move.action_post()
    return move
def desk(number):
    return env["account.journal"].search([("code", "=", f"DSK{number}")])
"""
RUN = """
from odoo.addons.customer_contact_360.models import customer_data_feed_schedule
customer_data_feed_schedule.CLOCK_MARGIN = "1 second"
env["customer.data.feed"].search([("enabled", "=", True)]).next_run = "2020-01-01"
env.cr.commit()
env["customer.data.feed"]._cron_run()
env.cr.commit()
"""
WORK = """
env["customer.data.feed"]._cron_run()
env.cr.commit()
"""
LATE = """
import os, time
env.cr.execute("SELECT 1")
move = post(desk(1))
env.flush_all()
open({folder!r} + "/posted", "w").write(move.name)
while not os.path.exists({folder!r} + "/commit"):
    time.sleep(0.05)
env.cr.commit()
"""
POST_AT_RANDOM = """
import random, time
for n in range(12):
    env.cr.execute("SELECT 1")
    time.sleep(random.random())
    post(desk({desk}))
    env.flush_all()
    time.sleep(random.random())
    env.cr.commit()
"""
AGE = (
    "UPDATE customer_data_feed_run"
    " SET claimed_at = claimed_at - interval '6 minutes', next_try_at = NULL"
)
AGAIN = "UPDATE customer_data_feed SET entered_from = '2000-01-01'"

PATCH = """
import os, signal
from odoo.addons.customer_contact_360.tools import feed_transport
runs = type(env["customer.data.feed.run"])
attachments = type(env["ir.attachment"])
def die(*args, **kwargs):
    {die}
"""
DIE_AT = {
    "the file is not begun": "runs._make_files = die",
    "the file is written, and not on record": """
create = attachments._create_streamed
def create_and_die(self, vals, write):
    create(self, vals, write)
    die()
attachments._create_streamed = create_and_die
""",
    "the file is on record, and not claimed": "runs._send_files = die",
    "it is claimed": "runs._send = die",
    "half of it is there": """
read, blocks = feed_transport._Slice.read, []
def read_and_die(self, size):
    blocks.append(size)
    if len(blocks) == 4:
        die()
    return read(self, size)
feed_transport._Slice.read = read_and_die
""",
    "it is there, and nobody knows": "feed_transport._get_free_name = die",
    "it is there, and not renamed": "feed_transport.FeedFTP.rename_new = die",
    "it is renamed, and nobody knows": """
rename = feed_transport.FeedFTP.rename_new
def rename_and_die(self, name, new_name):
    rename(self, name, new_name)
    die()
feed_transport.FeedFTP.rename_new = rename_and_die
""",
}


class TestFeedFaults(FaultCase):
    def setUp(self):
        super().setUp()
        self.server = FtpServer()
        self.addCleanup(self.server.close)

    def _set_up(self, orders, feeds=1):
        self._run(
            POST,
            SET_UP.format(
                port=self.server.port,
                user=USER,
                password=PASSWORD,
                orders=orders,
                feeds=feeds,
            ),
        )

    def _arrived(self):
        """`{order: in how many rows of whole files it arrived}`."""
        counts = collections.Counter()
        for name, content in self.server.arrived().items():
            lines = content.decode().split("\r\n")
            self.assertEqual(lines.pop(), "", f"{name} is not whole")
            counts.update(line.split(",")[0] for line in lines)
        return dict(counts)

    def _posted(self):
        rows = testing.sql(
            self.database,
            "SELECT name FROM account_move"
            " WHERE state = 'posted' AND vehicle_id IS NOT NULL",
        )
        return [name for (name,) in rows]

    def _run_states(self):
        return [
            state
            for (state,) in testing.sql(
                self.database,
                "SELECT state FROM customer_data_feed_run"
                " WHERE state <> 'empty' ORDER BY id",
            )
        ]

    def test_killed_between_its_steps(self):
        self._set_up(20)
        for number, (moment, patch) in enumerate(DIE_AT.items(), 1):
            with self.subTest(moment):
                testing.sql(self.database, AGAIN)
                self._run(PATCH.format(die=DIE), patch, "\n", RUN, dies=True)
                testing.sql(self.database, AGE)
                self._run(RUN)
                self.assertEqual(self._run_states(), ["sent"] * number)
                self.assertEqual(self._arrived(), dict.fromkeys(self._posted(), number))
                self.assertEqual(len(self.server.files()), number)

    def test_killed_when_the_receiver_was_quick(self):
        self._set_up(20)
        self.server.faults.fetch = True
        patch = DIE_AT["it is renamed, and nobody knows"]
        self._run(PATCH.format(die=DIE), patch, "\n", RUN, dies=True)
        testing.sql(self.database, AGE)
        self._run(RUN)
        self.assertEqual(self._run_states(), ["unknown"])
        self.assertEqual(self._arrived(), dict.fromkeys(self._posted(), 1))

    def test_an_order_that_is_committed_late(self):
        """It was posted before the file was made, and committed after."""
        self._set_up(3)
        folder = self.enterContext(tempfile.TemporaryDirectory())
        late = self._start(POST, LATE.format(folder=folder))
        self._wait_for(Path(folder, "posted"))
        # Posted after it, committed before it.
        self._run(POST, "post(desk(2))\nenv.cr.commit()\n")
        self._run(RUN)
        name = Path(folder, "posted").read_text()
        self.assertNotIn(name, self._arrived())
        Path(folder, "commit").touch()
        self.assertEqual(late.wait(timeout=60), 0, late.stderr.read())
        time.sleep(2)
        self._run(RUN)
        self.assertIn(name, self._posted())
        self.assertEqual(self._arrived(), dict.fromkeys(self._posted(), 1))
        self.assertEqual(len(self._posted()), 5)

    def test_desks_post_while_files_are_made(self):
        self._set_up(1)
        desks = [
            self._start(POST, POST_AT_RANDOM.format(desk=number))
            for number in range(1, 4)
        ]
        loop = RUN.replace("\n", "\n    ")
        self._run("import time\nfor n in range(12):\n", loop, "time.sleep(1)\n\n")
        for desk in desks:
            self.assertEqual(desk.wait(timeout=180), 0, desk.stderr.read())
        time.sleep(2)
        self._run(RUN)
        self.assertEqual(len(self._posted()), 37)
        self.assertEqual(self._arrived(), dict.fromkeys(self._posted(), 1))
        self.assertGreater(len(self.server.arrived()), 2)

    def test_workers_at_once(self):
        self._set_up(5, feeds=4)
        testing.sql(
            self.database, "UPDATE customer_data_feed SET next_run = '2020-01-01'"
        )
        workers = [self._start(WORK) for _worker in range(3)]
        for worker in workers:
            worker.stdout.read()
            self.assertEqual(worker.wait(timeout=180), 0, worker.stderr.read())
        testing.sql(self.database, AGE)
        self._run(WORK)
        self.assertEqual(self._run_states(), ["sent"] * 4)
        self.assertEqual(self._arrived(), dict.fromkeys(self._posted(), 4))

    def _wait_for(self, path):
        for _attempt in range(600):
            if path.exists() and path.read_text():
                return
            time.sleep(0.1)
        self.fail(f"Nobody wrote {path.name}.")
