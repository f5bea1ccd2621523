"""The file of a data feed, beside PostgreSQL's COPY and Odoo's export.

Ours formats, cleans and joins the columns, counts them, takes two checksums and keeps
the file; COPY hands over the same columns as they are in the tables.
"""

import os
import tempfile
import threading
import time
from datetime import timedelta

import psutil

from odoo import fields
from odoo.fields import Command
from odoo.tools import SQL

from benchmarks import Bench, figure

ORDERS = 1_000_000
EXPORTED = 10_000
COLUMNS = {
    # source of ours: (SQL of the peer, path of export_data)
    "order_number": ("move.name", "name"),
    "order_date": ("move.invoice_date", "invoice_date"),
    "order_total": ("move.amount_total", "amount_total"),
    "customer_number": ("move.partner_id", "partner_id/.id"),
    "customer_name": ("customer.name", "partner_id/name"),
    "customer_street": ("customer.street", "partner_id/street"),
    "customer_city": ("customer.city", "partner_id/city"),
    "customer_zip": ("customer.zip", "partner_id/zip"),
    "customer_email": ("customer.email", "partner_id/email"),
    "vin": ("vehicle.vin", "vehicle_id/vin"),
    "plate": ("vehicle.license_plate", "vehicle_id/license_plate"),
    "year": ("vehicle.year", "vehicle_id/year"),
}


def _fill(bench: Bench):
    """A location with so many posted orders, one in four of a customer's vehicle."""
    env = bench.env
    company = env["res.company"].create(
        {"name": "Benchmark of feeds", "country_id": env.ref("base.us").id}
    )
    feed = env["customer.data.feed"].create(
        {
            "name": "Benchmark",
            "company_id": company.id,
            "delivery": "none",
            "column_ids": [
                Command.create({"header": source, "source": source})
                for source in COLUMNS
            ],
        }
    )
    # A new company gets its chart of accounts now, which empties its books.
    env.cr.flush()
    execute = env.cr.execute
    execute(
        """SELECT indexname FROM pg_indexes
            WHERE tablename IN ('customer_vehicle', 'res_partner', 'account_move')
              AND indexdef LIKE '%gin%'"""
    )
    for (name,) in env.cr.fetchall():
        execute(SQL("DROP INDEX %s", SQL.identifier(name)))
    count = ORDERS // 4
    execute(
        SQL(
            """INSERT INTO res_partner (name, complete_name, email, street, city, zip,
                                        active, type, company_id, autopost_bills)
               SELECT 'Customer ' || n, 'Customer ' || n, n || '@example.com',
                      n || ' Main Street', 'Springfield', '6270' || n %% 10,
                      TRUE, 'contact', %s, 'ask'
                 FROM generate_series(1, %s) AS n RETURNING id""",
            company.id,
            count,
        )
    )
    (partner_id,) = env.cr.fetchone()
    execute(
        SQL(
            """INSERT INTO customer_vehicle (active, company_id, owner_id, vin, year,
                                             odometer_unit, license_plate)
               SELECT TRUE, %s, %s + n - 1, lpad(n::text, 17, '0'), 2010 + n %% 15,
                      'mi', 'B' || n
                 FROM generate_series(1, %s) AS n RETURNING id""",
            company.id,
            partner_id,
            count,
        )
    )
    (vehicle_id,) = env.cr.fetchone()
    now = fields.Datetime.now()
    execute(
        SQL(
            """INSERT INTO account_move (company_id, journal_id, currency_id, move_type,
                                         state, payment_state, date, invoice_date,
                                         auto_post, name, partner_id, vehicle_id,
                                         amount_total, posted_at)
               SELECT %(company)s, (SELECT id FROM account_journal LIMIT 1),
                      %(currency)s, 'out_invoice', 'posted', 'paid', %(now)s, %(now)s,
                      'no', 'INV/' || n, %(partner)s + n %% %(count)s,
                      %(vehicle)s + n %% %(count)s, n %% 1000 + 0.5,
                      %(now)s - n * interval '1 second'
                 FROM generate_series(1, %(orders)s) AS n""",
            company=company.id,
            currency=company.currency_id.id,
            now=now,
            partner=partner_id,
            vehicle=vehicle_id,
            count=count,
            orders=ORDERS,
        )
    )
    execute("ANALYZE res_partner, customer_vehicle, account_move")
    return feed, now - timedelta(days=30), now


def _peer_query(feed, since, until):
    return SQL(
        """SELECT %s FROM account_move AS move
             JOIN res_partner AS customer ON customer.id = move.partner_id
             JOIN customer_vehicle AS vehicle ON vehicle.id = move.vehicle_id
            WHERE move.company_id = %s AND move.move_type = 'out_invoice'
              AND move.state = 'posted'
              AND move.posted_at >= %s AND move.posted_at < %s""",
        SQL(", ".join(sql for sql, _path in COLUMNS.values())),
        feed.company_id.id,
        since,
        until,
    )


class _Growth(threading.Thread):
    """How much memory this process takes more than before, at most, in MB."""

    def __init__(self):
        super().__init__(daemon=True)
        self._process = psutil.Process()
        self._before = self._most = self._process.memory_info().rss
        self._over = threading.Event()

    def run(self):
        while not self._over.wait(0.02):
            self._most = max(self._most, self._process.memory_info().rss)

    def stop(self):
        self._over.set()
        self.join()
        return (self._most - self._before) / 1e6


@figure(
    "Write the file of 1,000,000 repair orders", peer="COPY", unit="rows/s", goal=0.5
)
def write_file(bench: Bench) -> None:
    """From the query to the stored attachment, and the same columns by COPY."""
    env = bench.env
    feed, since, until = _fill(bench)
    growth = []

    def ours():
        watch = _Growth()
        watch.start()
        feed.entered_from = since
        run = env["customer.data.feed.run"].create({"feed_id": feed.id, "until": until})
        run._make()
        growth.append(watch.stop())
        assert run.row_count == ORDERS, run.row_count
        os.unlink(run.attachment_id._full_path(run.attachment_id.store_fname))

    def peer():
        query = _peer_query(feed, since, until)
        copy = env.cr.mogrify(query.code, query.params).decode()
        with tempfile.TemporaryFile() as file:
            env.cr.copy_expert(f"COPY ({copy}) TO STDOUT (FORMAT csv)", file)

    bench.compare(ours, peer, work=ORDERS)
    bench.notes["MB of growth"] = round(max(growth), 1)
    bench.notes["export_data rows/s"] = round(_measure_export(env, feed))


def _measure_export(env, feed):
    moves = env["account.move"].search(
        [("company_id", "=", feed.company_id.id)], limit=EXPORTED
    )
    env.invalidate_all()
    started = time.perf_counter()
    rows = moves.export_data([path for _sql, path in COLUMNS.values()])["datas"]
    assert len(rows) == EXPORTED
    return EXPORTED / (time.perf_counter() - started)
