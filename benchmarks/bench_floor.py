"""How far Odoo's way of writing records is from the database's own, on this machine."""

from benchmarks import Bench, figure

CONTACTS = 1000


@figure("Insert 1,000 contacts with SQL", peer="ORM", unit="records/s")
def insert_contacts(bench: Bench) -> None:
    """The floor that set-based work is measured against."""

    def with_sql():
        bench.env.cr.execute(
            "INSERT INTO res_partner (name, complete_name, active, type)"
            " SELECT 'Contact ' || n, 'Contact ' || n, true, 'contact'"
            " FROM generate_series(1, %s) AS n",
            [CONTACTS],
        )

    def with_orm():
        bench.env["res.partner"].create(
            [{"name": f"Contact {number}"} for number in range(CONTACTS)]
        )

    bench.compare(with_sql, with_orm, work=CONTACTS)
