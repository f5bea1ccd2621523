"""20,000 reminders from due to the mail queue, beside Odoo's own ways.

Ours finds them, plans them, looks once more whether each still holds, checks consent,
address and hours, renders the shop's letter with all its merge fields and queues it
with an unsubscribe link. The peers are given the customers and just render and queue;
they get fewer, because they slow down with the number and take minutes as it is.
"""

import time

from odoo import SUPERUSER_ID, api
from odoo.modules.registry import Registry

from benchmarks import Bench, figure
from benchmarks.bench_contact_plan import _fill
from benchmarks.bench_messages import _rule

REMINDERS = 20_000
PEER = 500
BODY = "<p>Dear <t t-out='object.name'/></p><p>It has been a while. Come by.</p>"


def _ours(bench: Bench) -> float:
    """Reminders a second, from due to queued."""
    env = bench.env
    setup, today = _fill(bench, REMINDERS * 2, first_night=True)
    setup.write({"post_enabled": False, "send_hour": 0})
    setup.company_id.write({"email": "shop@example.com", "automatic_message_limit": 0})
    env["customer.quiet.hours"].search([]).active = False
    env.flush_all()
    env.invalidate_all()
    started = time.perf_counter()
    planned = env["customer.contact.due"]._plan_due(setup, today)
    while batch := env["customer.interaction"]._claim_due():
        batch._dispatch_safely()
        env.flush_all()
        env.invalidate_all()
    seconds = time.perf_counter() - started
    queued = env["mail.mail"].search_count([("interaction_id", "!=", False)])
    assert queued == planned == REMINDERS, (queued, planned)
    return REMINDERS / seconds


def _contacts(env):
    return env["res.partner"].create(
        [
            {"name": f"Customer {number}", "email": f"c.{number}@example.com"}
            for number in range(PEER)
        ]
    )


def _automation_rule(bench: Bench) -> float:
    env = bench.env
    contacts = _contacts(env)
    template = env["mail.template"].create(
        {
            "name": "Benchmark",
            "model_id": env["ir.model"]._get_id("res.partner"),
            "subject": "Hello {{ object.name }}",
            "body_html": BODY,
            "email_from": "shop@example.com",
            "use_default_to": True,
        }
    )
    _rule(
        env, state="mail_post", mail_post_method="email", template_id=template.id
    ).flush_recordset()
    env.invalidate_all()
    started = time.perf_counter()
    contacts.write({"function": "Driver"})
    env.flush_all()
    return PEER / (time.perf_counter() - started)


def _email_marketing(bench: Bench) -> float:
    env = bench.env
    contacts = _contacts(env)
    mailing = env["mailing.mailing"].create(
        {
            "subject": "Hello",
            "body_html": BODY,
            "mailing_model_id": env["ir.model"]._get_id("res.partner"),
            "mailing_domain": repr([("id", "in", contacts.ids)]),
            "email_from": "shop@example.com",
            "reply_to_mode": "update",
        }
    )
    env.flush_all()
    env.invalidate_all()
    before = env["mail.mail"].search_count([])
    started = time.perf_counter()
    mailing.action_send_mail(contacts.ids)
    env.flush_all()
    seconds = time.perf_counter() - started
    assert env["mail.mail"].search_count([]) == before + PEER
    return PEER / seconds


def _measure(bench: Bench, peer) -> None:
    samples = {"ours": [], "peer": []}
    for _number in range(bench.rounds):
        for side, function in (("ours", _ours), ("peer", peer)):
            with bench.env.cr.savepoint(flush=True) as savepoint:
                samples[side].append(function(bench))
                bench.env.invalidate_all(flush=False)
                savepoint.rollback()
    bench.record(samples["ours"], samples["peer"], rate=True)


@figure(
    "Queue 20,000 reminders from due", peer="Automation Rule", unit="records/s", goal=50
)
def reminders_rule(bench: Bench) -> None:
    """Beside an Automation Rule that sends a template."""
    _measure(bench, _automation_rule)


@figure("Queue 20,000 reminders", peer="Email Marketing", unit="records/s", goal=25)
def reminders_marketing(bench: Bench) -> None:
    """Beside a mailing. Installs Email Marketing: the database is thrown away."""
    env = bench.env
    env.cr.rollback()
    if "mailing.mailing" not in env:
        with Registry(env.cr.dbname).cursor() as cr:
            modules = api.Environment(cr, SUPERUSER_ID, {})["ir.module.module"]
            modules.search([("name", "=", "mass_mailing")]).button_immediate_install()
        bench.env = api.Environment(env.cr, SUPERUSER_ID, {})
    _measure(bench, _email_marketing)
