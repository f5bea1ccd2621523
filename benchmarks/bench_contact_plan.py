"""The plan of a night, beside the bare INSERT ... SELECT of the very same rows.

Ours looks at every kind of message, at consent, address and appointments ahead; the
peer knows beforehand which rows there will be and just writes them.
"""

import resource
from datetime import timedelta
from pathlib import Path

from odoo.tools import SQL

from benchmarks import Bench, figure

DAYS = 90


def _fill(bench: Bench, vehicles: int, first_night: bool):
    """A location with so many vehicles, one in two with an e-mail address."""
    env = bench.env
    company = env["res.company"].create(
        {
            "name": "Benchmark",
            "email": "shop@example.com",
            "street": "1 Main Street",
            "city": "Austin",
            "country_id": env.ref("base.us").id,
        }
    )
    setup = env["customer.contact.setup"].create(
        {"company_id": company.id, "email_enabled": True, "post_enabled": True}
    )
    setup.rule_ids.write({"started_on": "2000-01-01"})
    today = setup._get_today()
    # A new company gets its chart of accounts now, which empties its books.
    env.cr.flush()
    execute = env.cr.execute
    # What nothing here looks at, and takes long to build.
    execute(
        """SELECT indexname FROM pg_indexes
            WHERE tablename IN ('customer_vehicle', 'res_partner')
              AND indexdef LIKE '%gin%'"""
    )
    for (name,) in env.cr.fetchall():
        execute(SQL("DROP INDEX %s", SQL.identifier(name)))
    execute(
        SQL(
            """INSERT INTO res_partner (name, complete_name, email, email_normalized,
                                        active, type, company_id, autopost_bills,
                                        postal_address_complete)
               SELECT 'Customer ' || n, 'Customer ' || n,
                      CASE WHEN n %% 2 = 0 THEN n || '@example.com' END,
                      CASE WHEN n %% 2 = 0 THEN n || '@example.com' END,
                      TRUE, 'contact', %s, 'ask', TRUE
                 FROM generate_series(1, %s) AS n RETURNING id""",
            company.id,
            vehicles // 2,
        )
    )
    first_partner = env.cr.fetchone()[0]
    execute(
        SQL(
            """INSERT INTO account_move (company_id, journal_id, currency_id, move_type,
                                         state, payment_state, date, invoice_date,
                                         auto_post, name)
               SELECT %s, (SELECT id FROM account_journal LIMIT 1), %s, 'out_invoice',
                      'posted', 'paid', %s, %s, 'no', 'B1' RETURNING id""",
            company.id,
            company.currency_id.id,
            today,
            today,
        )
    )
    (move_id,) = env.cr.fetchone()
    # The first night everything is due; a steady night one vehicle in two hundred.
    age = SQL("90" if first_night else "n %% 800 - 10")
    execute(
        SQL(
            """INSERT INTO customer_vehicle (active, company_id, owner_id,
                    odometer_unit, last_invoice_id, last_invoice_date, last_visit_date,
                    license_plate)
               SELECT TRUE, %(company)s, %(partner)s + n %% %(partners)s, 'mi',
                      %(move)s,
                      %(today)s::date - (%(age)s), %(today)s::date - (%(age)s),
                      'B' || n
                 FROM generate_series(1, %(vehicles)s) AS n""",
            age=age,
            company=company.id,
            partner=first_partner,
            partners=vehicles // 2,
            move=move_id,
            today=today,
            vehicles=vehicles,
        )
    )
    execute("ANALYZE res_partner, customer_vehicle, account_move")
    return setup, today


def _peer_sql(env, setup, today):
    """The same rows: one message a vehicle whose day it is, to its owner."""
    purpose = env["customer.interaction.purpose"]._get(
        "contact_inactive", setup.company_id
    )
    first = today - timedelta(days=setup.grace_days)
    days = [
        offset
        for rule in setup.email_rule_ids.filtered(lambda rule: rule.kind == "inactive")
        for _step, offset in rule._get_offsets(1000)
    ]
    return SQL(
        """INSERT INTO customer_interaction (
                  company_id, purpose_id, channel, planned_at, dedupe_key, partner_id,
                  vehicle_id, occasion_date, direction, state, automatic, create_uid,
                  write_uid, create_date, write_date)
           SELECT vehicle.company_id, %(purpose)s,
                  CASE WHEN owner.email IS NULL THEN 'post' ELSE 'email' END,
                  now() AT TIME ZONE 'UTC',
                  concat('360:inactive:', vehicle.id, ':', last_invoice_date, ':',
                         series.day),
                  vehicle.owner_id, vehicle.id, last_invoice_date, 'out', 'planned',
                  TRUE, 1, 1, now() AT TIME ZONE 'UTC', now() AT TIME ZONE 'UTC'
             FROM unnest(%(days)s) AS series (day)
             JOIN customer_vehicle AS vehicle
               ON vehicle.last_invoice_date BETWEEN %(first)s::date - series.day
                                                AND %(today)s::date - series.day
             JOIN res_partner AS owner ON owner.id = vehicle.owner_id
            WHERE vehicle.company_id = %(company)s
               ON CONFLICT (company_id, dedupe_key) DO NOTHING""",
        purpose=purpose.id,
        days=days,
        first=first,
        today=today,
        company=setup.company_id.id,
    )


def _memory(env):
    """Megabytes at most of this process and of its database process, where it can be
    seen."""
    env.cr.execute("SELECT pg_backend_pid()")
    status = Path(f"/proc/{env.cr.fetchone()[0]}/status")
    own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    if not status.exists():
        return own, 0
    values = dict(line.split(":", 1) for line in status.read_text().splitlines())
    return own, int(values["RssAnon"].split()[0]) / 1024


def _plan(bench: Bench, vehicles: int, first_night: bool) -> None:
    env = bench.env
    setup, today = _fill(bench, vehicles, first_night)
    interactions = env["customer.interaction"]
    counts = {}

    def count():
        return interactions.search_count([("company_id", "=", setup.company_id.id)])

    def ours():
        before = _memory(env)
        counts["ours"] = env["customer.contact.due"]._plan_due(setup, today)
        after = _memory(env)
        bench.notes["MB of Python"] = round(after[0] - before[0], 1)
        bench.notes["MB of PostgreSQL"] = round(after[1] - before[1], 1)

    def peer():
        env.cr.execute(_peer_sql(env, setup, today))
        counts["peer"] = env.cr.rowcount

    bench.compare(ours, peer)
    assert counts["ours"] == counts["peer"] > 0, counts
    bench.notes["messages"] = counts["ours"]


@figure("Plan the first night, 100,000 vehicles", peer="raw SQL", goal=1 / 1.5)
def plan_first_100k(bench: Bench) -> None:
    """Every vehicle is due."""
    _plan(bench, 100_000, first_night=True)


@figure("Plan a steady night, 100,000 vehicles", peer="raw SQL", goal=1 / 1.5)
def plan_steady_100k(bench: Bench) -> None:
    """One vehicle in two hundred or so is due."""
    _plan(bench, 100_000, first_night=False)


@figure("Plan the first night, 1,000,000 vehicles", peer="raw SQL", goal=1 / 1.5)
def plan_first_1m(bench: Bench) -> None:
    """Every vehicle is due."""
    _plan(bench, 1_000_000, first_night=True)


@figure("Plan a steady night, 1,000,000 vehicles", peer="raw SQL", goal=1 / 1.5)
def plan_steady_1m(bench: Bench) -> None:
    """One vehicle in two hundred or so is due."""
    _plan(bench, 1_000_000, first_night=False)
