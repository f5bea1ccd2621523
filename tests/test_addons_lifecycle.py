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


def installed(database: str) -> set[str]:
    """Return the names of the addons that are installed."""
    return column(
        database, "SELECT name FROM ir_module_module WHERE state = 'installed'"
    )


def assert_clean(run: testing.OdooRun, title: str) -> None:
    """Fail with what Odoo said when it failed or warned."""
    said = "\n".join(map(str, run.serious))
    assert not run.code and not run.serious, f"{title}: {said or run.lines[-5:]}"


def assert_gone(database: str, name: str) -> None:
    """Fail with what an uninstalled addon has left in Odoo's own tables."""
    for named in ("module || '.' || name", "model || ' ' || name"):
        rows = column(
            database, f"SELECT {named} FROM ir_model_data WHERE module = '{name}'"
        )
        assert not rows, f"left behind: {sorted(rows)}"
    crons = column(
        database,
        "SELECT s.code FROM ir_cron c"
        " JOIN ir_act_server s ON s.id = c.ir_actions_server_id"
        " LEFT JOIN ir_model m ON m.id = s.model_id WHERE m.id IS NULL",
    )
    assert not crons


@pytest.mark.parametrize("name", addons.without_glue(SUITE))
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
        assert installed(database) & SUITE.keys() == needed.keys()

        assert_clean(testing.run_odoo(database, update=[name]), "update")

        assert_clean(testing.uninstall(database, name), "uninstall")
        left = schema(database) - before
        assert not left, f"left behind: {sorted(left)}"
        assert_gone(database, name)

        assert_clean(testing.run_odoo(database, init=[name]), "install again")


@pytest.mark.parametrize("name", sorted(SUITE.keys() - addons.without_glue(SUITE)))
def test_glue_comes_by_itself_updates_and_uninstalls(name):
    """Nobody asked for it: only what it joins was installed."""
    with testing.scratch_database(os.environ["AUTO_SHOP_SUITE_TEMPLATE"]) as database:
        assert name not in installed(database)
        before = schema(database)
    with testing.scratch_database(
        os.environ["AUTO_SHOP_COMPLETE_TEMPLATE"]
    ) as database:
        assert name in installed(database)

        assert_clean(testing.run_odoo(database, update=[name]), "update")

        assert_clean(testing.uninstall(database, name), "uninstall")
        assert installed(database) >= set(SUITE[name].depends)
        # What it joins has brought tables as well, and they stay.
        known = column(
            database,
            "SELECT replace(model, '.', '_') || '.' || name FROM ir_model_fields"
            " UNION SELECT r.name || '.' || c.column_name FROM ir_model_relation r"
            " JOIN information_schema.columns c ON c.table_name = r.name",
        )
        left = schema(database) - before - known
        assert not left, f"left behind: {sorted(left)}"
        assert_gone(database, name)

        assert_clean(testing.run_odoo(database, init=[name]), "install again")
