"""Each addon installs alone, updates, and leaves nothing behind when it goes."""

from __future__ import annotations

import os

import pytest

from dev import addons, testing
from dev.settings import Settings

pytestmark = pytest.mark.skipif(
    "AUTO_SHOP_VENV" not in os.environ, reason="needs what make test sets up"
)

SUITE = addons.find(Settings.from_environ({}))


def column(database: str, statement: str) -> set[str]:
    """Return the first column of a query."""
    return {row[0] for row in testing.sql(database, statement)}


def schema(database: str) -> set[str]:
    """Return every table and column, as ``table.column``."""
    return column(
        database,
        "SELECT table_name || '.' || column_name FROM information_schema.columns"
        " WHERE table_schema = 'public'",
    )


def assert_clean(run: testing.OdooRun, title: str) -> None:
    """Fail with what Odoo said when it failed or warned."""
    said = "\n".join(map(str, run.serious))
    assert not run.code and not run.serious, f"{title}: {said or run.lines[-5:]}"


@pytest.mark.parametrize("name", SUITE)
def test_installs_alone_updates_and_uninstalls(name):
    """On a database with nothing of the suite but what the addon names itself."""
    needed = addons.with_dependencies(SUITE, [name])
    with testing.scratch_database() as database:
        # What an addon builds on stays when it goes, so it is there before as well.
        below = [other for other in needed if other != name]
        if below:
            assert_clean(testing.run_odoo(database, init=below), "what it needs")
        before = schema(database)

        assert_clean(testing.run_odoo(database, init=[name]), "install")
        installed = column(
            database, "SELECT name FROM ir_module_module WHERE state = 'installed'"
        )
        assert installed & SUITE.keys() == needed.keys()

        assert_clean(testing.run_odoo(database, update=[name]), "update")

        assert_clean(testing.uninstall(database, name), "uninstall")
        left = schema(database) - before
        assert not left, f"left behind: {sorted(left)}"
        for table, named in (
            ("ir_model_data", "module || '.' || name"),
            ("ir_model_data", "model || ' ' || name"),
        ):
            rows = column(
                database, f"SELECT {named} FROM {table} WHERE module = '{name}'"
            )
            assert not rows, f"left behind: {sorted(rows)}"
        crons = column(
            database,
            "SELECT s.code FROM ir_cron c"
            " JOIN ir_act_server s ON s.id = c.ir_actions_server_id"
            " LEFT JOIN ir_model m ON m.id = s.model_id WHERE m.id IS NULL",
        )
        assert not crons

        assert_clean(testing.run_odoo(database, init=[name]), "install again")
