"""How far Odoo's way of writing records is from the database's own, on this machine."""

from benchmarks import Bench, figure

ROWS = 1000


@figure("Insert 1,000 rows with SQL", peer="ORM", unit="records/s")
def insert_rows(bench: Bench) -> None:
    """The floor that set-based work is measured against."""

    def with_sql():
        bench.env.cr.execute(
            "INSERT INTO res_bank (name, active)"
            " SELECT 'Bank ' || n, true FROM generate_series(1, %s) AS n",
            [ROWS],
        )

    def with_orm():
        bench.env["res.bank"].create([{"name": f"Bank {n}"} for n in range(ROWS)])

    bench.compare(with_sql, with_orm, work=ROWS)
