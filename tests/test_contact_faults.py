# Copyright 2026 Auto Shop Suite
# License LGPL-3.0 or later (https://www.gnu.org/licenses/lgpl).
"""Plans of the night that die or race: no reminder lost, none twice."""

from dev import testing

from .faults import DIE, FaultCase

SET_UP = """
from datetime import timedelta
for number in range({locations}):
    company = env["res.company"].create({{
        "name": f"Location {{number}}", "street": "1 Main Street", "city": "Austin",
        "zip": "78701", "email": "shop@example.com",
        "country_id": env.ref("base.us").id, "shop_tz": "UTC",
    }})
    setup = env["customer.contact.setup"].create({{
        "company_id": company.id, "email_enabled": True, "send_hour": 0,
    }})
    setup.rule_ids.write({{"started_on": "2000-01-01"}})
    today = setup._get_today()
    env.cr.flush()
    env.cr.execute(
        "INSERT INTO account_move (company_id, journal_id, currency_id, move_type,"
        " state, payment_state, date, invoice_date, auto_post, name)"
        " SELECT %s, (SELECT id FROM account_journal LIMIT 1), %s, 'out_invoice',"
        " 'posted', 'paid', %s, %s, 'no', %s RETURNING id",
        (company.id, company.currency_id.id, today, today, f"F{{number}}"),
    )
    (move,) = env.cr.fetchone()
    partners = env["res.partner"].create([
        {{"name": f"Customer {{n}}", "email": f"c{{number}}.{{n}}@example.com"}}
        for n in range({count})
    ])
    cards = env["customer.vehicle"].create([
        {{"owner_id": partner.id, "company_id": company.id}} for partner in partners
    ])
    env.flush_all()
    env.cr.execute(
        "UPDATE customer_vehicle SET last_invoice_id = %s, last_invoice_date = %s"
        " WHERE id IN %s",
        (move, today - timedelta(days=90), tuple(cards.ids)),
    )
env.cr.commit()
"""
RUN = 'env["customer.contact.setup"]._cron_run()\nenv.cr.commit()\n'
# Long enough for the others to come to the same location.
SLOWLY = """
import time
due = type(env["customer.contact.due"])
refresh = due._refresh
def slowly(self, setup):
    time.sleep(1)
    return refresh(self, setup)
due._refresh = slowly
"""
DIE_BEFORE_THE_COMMIT = f"""
import os, signal
def die(self, setup):
    self.env.flush_all()
    {DIE}
type(env["customer.contact.due"])._refresh = die
"""
DIE_AT_THE_SECOND = f"""
import os, signal
due = type(env["customer.contact.due"])
refresh, calls = due._refresh, []
def die(self, setup):
    calls.append(setup)
    if len(calls) == 2:
        self.env.flush_all()
        {DIE}
    return refresh(self, setup)
due._refresh = die
"""


class TestContactFaults(FaultCase):
    def _planned(self):
        """How many messages each vehicle that has any got."""
        rows = testing.sql(
            self.database,
            "SELECT count(*) FROM customer_interaction"
            " WHERE dedupe_key LIKE '360:inactive:%' GROUP BY vehicle_id",
        )
        return [int(count) for (count,) in rows]

    def test_workers_at_once_plan_once(self):
        self._run(SET_UP.format(locations=2, count=50))
        processes = [self._start(SLOWLY, RUN) for _worker in range(3)]
        for process in processes:
            process.stdout.read()
            self.assertEqual(process.wait(timeout=180), 0, process.stderr.read())
        self._run(RUN)
        self.assertEqual(self._planned(), [1] * 100)

    def test_killed_between_plan_and_commit(self):
        self._run(SET_UP.format(locations=1, count=50))
        self._run(DIE_BEFORE_THE_COMMIT, RUN, dies=True)
        self.assertEqual(self._planned(), [])
        self._run(RUN)
        self.assertEqual(self._planned(), [1] * 50)

    def test_killed_at_the_second_location(self):
        self._run(SET_UP.format(locations=2, count=50))
        self._run(DIE_AT_THE_SECOND, RUN, dies=True)
        # The first is through, the second is as if nothing had been tried.
        self.assertEqual(self._planned(), [1] * 50)
        self._run(RUN)
        self.assertEqual(self._planned(), [1] * 100)
