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
env["ir.config_parameter"].set_param("auto_shop.dispatch_batch_size", "20")
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
DIE_AT = f"""
import os, signal
model, name, number, after = %r
cls = type(env[model])
method, calls = getattr(cls, name), []
def die(self, *args, **kwargs):
    calls.append(self)
    if len(calls) < number:
        return method(self, *args, **kwargs)
    if after:
        method(self, *args, **kwargs)
        self.env.flush_all()
    {DIE}
setattr(cls, name, die)
"""
# The mail queue dies at the n-th call of a method, before or after it: how many mails
# the server has by then, and how many nobody can know about.
DEATHS_OF_A_MAIL = (
    ("claimed", ("mail.mail", "_mark_handing_over", 1, False), 0, 0),
    ("marked", ("ir.mail_server", "send_email", 1, False), 0, 1),
    ("taken", ("mail.mail", "_postprocess_sent_message", 1, False), 1, 1),
    ("noted", ("mail.mail", "_postprocess_sent_message", 1, True), 1, 1),
    ("next one marked", ("mail.mail", "_try_mark", 2, True), 1, 1),
    ("all committed", ("mail.mail", "_mark_handing_over", 2, True), 1, 1),
)
# While the first mail is at a slow server, the claim runs out and another process
# takes all the others.
OTHERS_ARE_FASTER = """
servers = type(env["ir.mail_server"])
send = servers.send_email
def be_slow(self, *args, **kwargs):
    servers.send_email = send
    with self.env.registry.cursor() as cr:
        cr.execute(
            "UPDATE mail_mail SET claimed_at = claimed_at - interval '1 hour'"
            " WHERE handing_over_at IS NULL"
        )
        cr.commit()
        other = self.env(cr=cr)
        other["mail.mail"]._hold_interrupted()
        cr.commit()
        other["mail.mail"].process_email_queue()
    return send(self, *args, **kwargs)
servers.send_email = be_slow
"""
AGE = (
    "UPDATE mail_mail SET claimed_at = claimed_at - interval '11 minutes',"
    " handing_over_at = handing_over_at - interval '11 minutes'"
)


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
        processes = [self._start(DISPATCH) for _process in range(3)]
        for process in processes:
            process.stdout.read()
            self.assertEqual(process.wait(timeout=180), 0, process.stderr.read())
        self.assertEqual(self._states(DISPATCH), {"queued": 200})
        self.assertEqual(self._handed_over("sms_sms"), [1] * 200)

    def test_killed_while_it_dispatches(self):
        self._set_up(100, "email")
        self._run(DIE_IN_THE_THIRD_BATCH, DISPATCH, dies=True)
        # Two batches are through, the third is as if nothing had been tried.
        self.assertEqual(self._states(), {"queued": 40, "planned": 60})
        self.assertEqual(self._states(DISPATCH), {"queued": 100})
        self.assertEqual(self._handed_over("mail_mail"), [1] * 100)

    def test_mail_queue_killed_at_each_step(self):
        """Nothing lost, nothing twice; a person gets the one mail that is in doubt."""
        count = 20 * len(DEATHS_OF_A_MAIL) + 10
        self._set_up(count, "email")
        self._run(DISPATCH)
        all_held = 0
        for step, place, taken, held in DEATHS_OF_A_MAIL:
            with self.subTest(step=step):
                before = len(self.inbox.taken)
                self._run(DIE_AT % (place,), SEND, dies=True)
                self.assertEqual(len(self.inbox.taken) - before, taken)
                testing.sql(self.database, AGE)
                states = self._states(DISPATCH)
                all_held += held
                self.assertEqual(states.get("unknown", 0), all_held)
                self.assertNotIn("sending", states)
        self.assertEqual(
            self._states(SEND), {"unknown": all_held, "sent": count - all_held}
        )
        self.assertEqual(len(self.inbox.taken), len(set(self.inbox.taken)))

    def test_claim_that_runs_out_is_not_sent_twice(self):
        self._set_up(50, "email")
        self._run(DISPATCH)
        self.assertEqual(self._states(OTHERS_ARE_FASTER, SEND), {"sent": 50})
        self.assertEqual(len(self.inbox.taken), 50)
        self.assertEqual(len(set(self.inbox.taken)), 50)
