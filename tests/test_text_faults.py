# Copyright 2026 Auto Shop Suite
# License LGPL-3.0 or later (https://www.gnu.org/licenses/lgpl).
"""Processes that die and processes that race, with real commits on a database copy.

Whatever happens: no text is lost, none is on a phone twice.
"""

import time

from odoo.addons.auto_shop.tests.fake_twilio import ACCOUNT_SID, SHOP_NUMBER, FakeTwilio

from dev import testing

from .faults import DIE, FaultCase

# What runs in a process of its own, in Odoo's shell.
SET_UP = """
env.company.country_id = env.ref("base.us")
env.company.write({{
    "sms_provider": "twilio",
    "sms_twilio_account_sid": {sid!r},
    "sms_twilio_auth_token": "token",
    "sms_twilio_number_ids": [(5, 0, 0), (0, 0, {{
        "number": {shop!r}, "country_id": env.ref("base.us").id,
    }})],
}})
set_param = env["ir.config_parameter"].set_param
set_param("auto_shop.twilio_api_base_url", {url!r})
set_param("auto_shop.sms_timeout", "2")
set_param("auto_shop.sms_group_size", {group!r})
env["customer.quiet.hours"].search([]).active = False
partners = env["res.partner"].create([{{
    "name": f"Customer {{index}}",
    "mobile": f"+1512556{{index:04d}}",
    "allow_texting": True,
    "country_id": env.ref("base.us").id,
}} for index in range({count})])
rows = env["customer.interaction"]._plan([{{
    "partner_id": partner.id,
    "channel": "sms",
    "body": "Your car is ready",
    "dedupe_key": f"fault:{{partner.id}}",
}} for partner in partners])
env.cr.commit()
"""
DISPATCH = 'env["customer.interaction"]._cron_dispatch()\n'
QUEUE = 'env["sms.sms"]._process_queue()\n'
# A claim of a dead process counts as one after five minutes.
AGE = """
UPDATE sms_sms SET claimed_at = claimed_at - interval '6 minutes',
                   next_try_at = next_try_at - interval '6 minutes'
"""
DIE_BEFORE_SENDING = f"""
import os, signal
from odoo.addons.auto_shop.tools.sms_api_twilio import SmsApiTwilioShop
def die(self, messages, delivery_reports_url=False):
    {DIE}
SmsApiTwilioShop._send_sms_batch = die
"""
DIE_BEFORE_RECORDING = f"""
import os, signal
queue = type(env["sms.sms"])
record = queue._record
def die(self, company, rows, results, *args):
    if results:
        {DIE}
    return record(self, company, rows, results, *args)
queue._record = die
"""
DIE_WHILE_RECORDING = f"""
import os, signal
queue = type(env["sms.sms"])
def die(self, company, outcomes):
    {DIE}
queue._write_interactions = die
"""
DIE_WHILE_QUEUEING = f"""
import os, signal
thread = type(env["customer.text.thread"])
def die(self, interactions):
    {DIE}
thread._touch = die
"""


class TestTextFaults(FaultCase):
    def setUp(self):
        super().setUp()
        self.twilio = self.enterContext(FakeTwilio())

    def _set_up(self, count, group=10):
        self._run(
            SET_UP.format(
                sid=ACCOUNT_SID,
                shop=SHOP_NUMBER,
                url=self.twilio.url,
                count=count,
                group=str(group),
            ),
            DISPATCH,
        )

    def _age(self):
        testing.sql(self.database, AGE)

    def _phones(self):
        """`{number: how many texts arrived}`; none may have two."""
        phones = {}
        for message in self.twilio.messages:
            phones[message["to"]] = phones.get(message["to"], 0) + 1
        self.assertLessEqual(set(phones.values()), {1}, "sent twice")
        return phones

    def test_killed_while_it_queues(self):
        scripts = SET_UP.format(
            sid=ACCOUNT_SID, shop=SHOP_NUMBER, url=self.twilio.url, count=5, group="10"
        )
        self._run(scripts, DIE_WHILE_QUEUEING, DISPATCH, dies=True)
        self.assertEqual(self._states(), {"planned": 5})
        self.assertEqual(self._states(DISPATCH, QUEUE), {"sent": 5})
        self.assertEqual(len(self._phones()), 5)

    def test_killed_between_claim_and_call(self):
        self._set_up(25)
        self._run(DIE_BEFORE_SENDING, QUEUE, dies=True)
        # The others go on at once; the claimed ones are asked for, and as nobody
        # knows them, held.
        self.assertEqual(self._states(QUEUE), {"sent": 15, "queued": 10})
        self._age()
        self.assertEqual(self._states(QUEUE), {"sent": 15, "unknown": 10})
        self._age()
        self.assertEqual(self._states(QUEUE), {"sent": 15, "unknown": 10})
        self.assertEqual(len(self._phones()), 15)

    def test_killed_between_call_and_record(self):
        for name, script in (
            ("before", DIE_BEFORE_RECORDING),
            ("while", DIE_WHILE_RECORDING),
        ):
            with self.subTest(name):
                if self.twilio.messages:
                    self.doCleanups()
                    self.setUp()
                self._set_up(15)
                self._run(script, QUEUE, dies=True)
                self.assertEqual(len(self._phones()), 10)
                self._age()
                self.assertEqual(self._states(QUEUE), {"sent": 15})
                self.assertEqual(len(self._phones()), 15)

    def test_killed_in_the_middle_of_a_group(self):
        self._set_up(30, group=30)
        self.twilio.delay = 0.2
        process = self._start(QUEUE)
        deadline = time.monotonic() + 60
        while len(self.twilio.messages) < 7 and time.monotonic() < deadline:
            time.sleep(0.02)
        process.kill()
        process.wait()
        time.sleep(1)
        arrived = len(self._phones())
        self.assertGreaterEqual(arrived, 7)
        self.assertLess(arrived, 30)
        self.twilio.delay = 0
        self._age()
        self.assertEqual(
            self._states(QUEUE), {"sent": arrived, "unknown": 30 - arrived}
        )
        self.assertEqual(len(self._phones()), arrived)

    def test_dispatchers_side_by_side_share_the_work(self):
        self._set_up(120, group=5)
        self.twilio.delay = 0.05
        work = [self._start(QUEUE) for _process in range(3)]
        for process in work:
            errors = process.stderr.read()
            self.assertEqual(process.wait(timeout=180), 0, errors[-3000:])
        self.assertEqual(self._states(), {"sent": 120})
        self.assertEqual(len(self._phones()), 120)

    def test_dispatchers_side_by_side_look_up_once(self):
        self._set_up(20)
        self._run(DIE_BEFORE_RECORDING, QUEUE, dies=True)
        self._age()
        work = [self._start(QUEUE) for _process in range(2)]
        for process in work:
            errors = process.stderr.read()
            self.assertEqual(process.wait(timeout=180), 0, errors[-3000:])
        self.assertEqual(self._states(), {"sent": 20})
        self.assertEqual(len(self._phones()), 20)

    def test_provider_down_slow_and_talking_nonsense(self):
        self._set_up(8)
        numbers = [f"+1512556{index:04d}" for index in range(8)]
        script = ["busy", "down", "error", "error_taken", "garbage", "hang_taken"]
        for number, behaviour in zip(numbers, [*script, "close_taken"], strict=False):
            self.twilio.behaviours[number].append(behaviour)
        for _round in range(4):
            states = self._states(QUEUE)
            self._age()
        self.assertEqual(states, {"sent": 8})
        self.assertEqual(len(self._phones()), 8)
