# Copyright 2026 Auto Shop Suite
# License LGPL-3.0 or later (https://www.gnu.org/licenses/lgpl).
"""Processes that die and processes that race while they order postcards from Lob,
with real commits on a database copy.

Whatever happens: no card is lost, none is in a mailbox twice.
"""

import time

from odoo.addons.customer_contact_360.tests.fake_lob import LIVE_KEY, FakeLob

from dev import testing

from .faults import DIE, FaultCase

SET_UP = """
from odoo.addons.auto_shop.tools.postcard import SIZES
us, texas = env.ref("base.us"), env.ref("base.state_us_44")
env.company.country_id = us
setup = env["customer.contact.setup"]._get(env.company) or env[
    "customer.contact.setup"].create({{"company_id": env.company.id}})
setup.write({{"post_provider": "lob", "lob_mode": "live", "lob_live_key": {key!r}}})
set_param = env["ir.config_parameter"].set_param
set_param("customer_contact_360.lob_api_base_url", {url!r})
set_param("customer_contact_360.lob_timeout", "2")
set_param("customer_contact_360.postcard_group", {group!r})
partners = env["res.partner"].create([{{
    "name": f"Customer {{index}}", "street": "45 Oak Ave", "city": "Austin",
    "zip": "78704", "state_id": texas.id, "country_id": us.id,
}} for index in range({count})])
env["customer.interaction"]._plan([{{
    "partner_id": partner.id, "channel": "post", "subject": "Hello",
    "body": "<p>Dear customer</p>", "dedupe_key": f"fault:{{partner.id}}",
}} for partner in partners])
env.cr.commit()
"""
DISPATCH = 'env["customer.interaction"]._cron_dispatch()\n'
QUEUE = 'env["customer.postcard.order"]._cron_process()\n'
# A claim of a dead process counts as one after ten minutes.
AGE = """
UPDATE customer_postcard_order
   SET claimed_at = claimed_at - interval '11 minutes',
       next_try_at = next_try_at - interval '11 minutes'
"""
PATCH = f"""
import os, signal
queue = type(env["customer.postcard.order"])
def die(self, *args):
    {DIE}
"""
DIE_WHILE_QUEUEING = PATCH + "queue._queue = die\n"
DIE_BEFORE_SENDING = PATCH + "queue._lob_open = die\n"
DIE_BEFORE_RECORDING = PATCH + "queue._record = die\n"
DIE_WHILE_RECORDING = PATCH + "queue._wake_queue = die\n"


class TestLobFaults(FaultCase):
    def setUp(self):
        super().setUp()
        self.lob = self.enterContext(FakeLob())

    def _set_up(self, count, group=10, dispatch=True):
        self._run(
            SET_UP.format(
                key=LIVE_KEY, url=self.lob.url, count=count, group=str(group)
            ),
            DISPATCH if dispatch else "",
        )

    def _age(self):
        testing.sql(self.database, AGE)

    def _mailboxes(self):
        """How many customers have a card; none may have two."""
        names = [card["to"] for card in self.lob.cards.values()]
        self.assertEqual(len(names), len(set(names)), "mailed twice")
        return len(names)

    def test_killed_while_it_queues(self):
        self._set_up(5, dispatch=False)
        self._run(DIE_WHILE_QUEUEING, DISPATCH, dies=True)
        self.assertEqual(self._states(), {"planned": 5})
        self.assertEqual(self._states(DISPATCH, QUEUE), {"sent": 5})
        self.assertEqual(self._mailboxes(), 5)

    def test_killed_between_its_steps(self):
        for name, script, arrived in (
            ("before sending", DIE_BEFORE_SENDING, 0),
            ("before recording", DIE_BEFORE_RECORDING, 10),
            ("while recording", DIE_WHILE_RECORDING, 10),
        ):
            with self.subTest(name):
                if self.lob.cards:
                    self.doCleanups()
                    self.setUp()
                elif name != "before sending":
                    self.setUp()
                self._set_up(25)
                self._run(script, QUEUE, dies=True)
                self.assertEqual(self._mailboxes(), arrived)
                # The others go on at once, the claimed ones when the claim has ended.
                self.assertEqual(self._states(QUEUE), {"sent": 15, "sending": 10})
                self._age()
                self.assertEqual(self._states(QUEUE), {"sent": 25})
                self.assertEqual(self._mailboxes(), 25)

    def test_killed_in_the_middle_of_a_group(self):
        self._set_up(30, group=30)
        self.lob.delay = 0.3
        process = self._start(QUEUE)
        deadline = time.monotonic() + 60
        while len(self.lob.cards) < 5 and time.monotonic() < deadline:
            time.sleep(0.02)
        process.kill()
        process.wait()
        time.sleep(1)
        arrived = self._mailboxes()
        self.assertGreaterEqual(arrived, 5)
        self.assertLess(arrived, 30)
        self.lob.delay = 0
        self._age()
        self.assertEqual(self._states(QUEUE), {"sent": 30})
        self.assertEqual(self._mailboxes(), 30)

    def test_processes_side_by_side_share_the_work(self):
        self._set_up(60, group=5)
        self.lob.delay = 0.05
        work = [self._start(QUEUE) for _process in range(3)]
        for process in work:
            errors = process.stderr.read()
            self.assertEqual(process.wait(timeout=180), 0, errors[-3000:])
        self.assertEqual(self._states(), {"sent": 60})
        self.assertEqual(self._mailboxes(), 60)

    def test_printer_down_slow_and_talking_nonsense(self):
        self._set_up(8)
        script = ["busy", "down", "error", "error_taken", "garbage", "hang_taken"]
        for index, behaviour in enumerate([*script, "close_taken", "conflict"]):
            self.lob.behaviours[f"Customer {index}"].append(behaviour)
        for _round in range(4):
            states = self._states(QUEUE)
            self._age()
        self.assertEqual(states, {"sent": 8})
        self.assertEqual(self._mailboxes(), 8)
