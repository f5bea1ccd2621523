# Copyright 2026 Auto Shop Suite
# License LGPL-3.0 or later (https://www.gnu.org/licenses/lgpl).
"""Dispatchers and the mail queue that die or race: nothing lost, nothing twice."""

import socket
import threading

from aiosmtpd.controller import Controller

from dev import testing

from .faults import DIE, FaultCase

SET_UP = """
env["customer.quiet.hours"].search([]).active = False
env.company.email = "shop@example.com"
server = env["ir.mail_server"].create({{
    "name": "Loopback", "smtp_host": "127.0.0.1", "smtp_port": {port},
    "smtp_encryption": "none",
}})
partners = env["res.partner"].create([{{
    "name": f"Customer {{index}}",
    "email": f"customer.{{index}}@example.com",
    "mobile": f"+1512556{{index:04d}}",
    "allow_texting": True,
    "country_id": env.ref("base.us").id,
}} for index in range({count})])
env["customer.interaction"]._plan([{{
    "partner_id": partner.id,
    "channel": {channel!r},
    "subject": "Ready",
    "body": "Your car is ready",
    "automatic": True,
    "dedupe_key": f"fault:{{partner.id}}",
}} for partner in partners])
env.cr.commit()
"""
DISPATCH = 'env["customer.interaction"]._cron_dispatch()\n'
SEND = 'env["mail.mail"].process_email_queue()\n'
SMALL_BATCHES = """
from odoo.addons.auto_shop.models import customer_interaction
claim = type(env["customer.interaction"])._claim_due
type(env["customer.interaction"])._claim_due = lambda self: claim(self, 20)
"""
DIE_IN_THE_THIRD_BATCH = f"""
import os, signal
interactions = type(env["customer.interaction"])
mark, calls = interactions._mark_dispatched, []
def die(self):
    calls.append(self)
    if len(calls) == 3:
        mark(self)
        self.env.flush_all()
        {DIE}
    return mark(self)
interactions._mark_dispatched = die
"""
DIE_AFTER_THE_SERVER_TOOK_IT = f"""
import os, signal
mail = type(env["mail.mail"])
def die(self, *args, **kwargs):
    {DIE}
mail._postprocess_sent_message = die
"""
AGE = "UPDATE mail_mail SET claimed_at = claimed_at - interval '31 minutes'"


class Inbox:
    """An SMTP server on loopback that counts what it takes."""

    def __init__(self):
        self.taken = []
        self.lock = threading.Lock()

    async def handle_DATA(self, server, session, envelope):
        with self.lock:
            self.taken += envelope.rcpt_tos
        return "250 taken"


class TestDispatchFaults(FaultCase):
    def setUp(self):
        super().setUp()
        self.inbox = Inbox()
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        server = Controller(self.inbox, hostname="127.0.0.1", port=self.port)
        server.start()
        self.addCleanup(server.stop)

    def _set_up(self, count, channel):
        self._run(SET_UP.format(count=count, channel=channel, port=self.port))

    def _handed_over(self, table):
        """How many rows a queue has for each interaction that has any."""
        rows = testing.sql(
            self.database,
            f"SELECT count(*) FROM {table} WHERE interaction_id IS NOT NULL"
            " GROUP BY interaction_id",
        )
        return [int(count) for (count,) in rows]

    def test_dispatchers_at_once_hand_over_once(self):
        self._set_up(200, "sms")
        processes = [self._start(SMALL_BATCHES, DISPATCH) for _process in range(3)]
        for process in processes:
            process.stdout.read()
            self.assertEqual(process.wait(timeout=180), 0, process.stderr.read())
        self.assertEqual(self._states(DISPATCH), {"queued": 200})
        self.assertEqual(self._handed_over("sms_sms"), [1] * 200)

    def test_killed_while_it_dispatches(self):
        self._set_up(100, "email")
        self._run(SMALL_BATCHES, DIE_IN_THE_THIRD_BATCH, DISPATCH, dies=True)
        # Two batches are through, the third is as if nothing had been tried.
        self.assertEqual(self._states(), {"queued": 40, "planned": 60})
        self.assertEqual(self._states(DISPATCH), {"queued": 100})
        self.assertEqual(self._handed_over("mail_mail"), [1] * 100)

    def test_killed_after_the_mail_server_took_it(self):
        self._set_up(50, "email")
        self._run(DISPATCH)
        self._run(DIE_AFTER_THE_SERVER_TOOK_IT, SEND, dies=True)
        self.assertEqual(len(self.inbox.taken), 1)
        # The claim of twenty is held for a person, the others go out.
        self._run(SEND)
        testing.sql(self.database, AGE)
        self.assertEqual(self._states(DISPATCH, SEND), {"unknown": 20, "sent": 30})
        self.assertEqual(len(self.inbox.taken), 31)
        self.assertEqual(len(set(self.inbox.taken)), 31)
