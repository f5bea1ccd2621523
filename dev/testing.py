"""Test databases: templates that are kept, and clones that are thrown away.

``make test`` exports what the tests need to make databases of their own; see
:func:`scratch_database` and :func:`run_odoo`.
"""

from __future__ import annotations

import contextlib
import os
import secrets
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from dev import odoo_log, process, store
from dev.addons import Addon, foreign_dependencies, without_glue
from dev.database import Workshop
from dev.odoo_source import Odoo
from dev.postgres import DatabaseError, Server
from dev.python_env import PythonEnv
from dev.settings import Settings

PREFIX = "auto_shop_test_"
DEPENDENCIES = f"{PREFIX}deps_"
SUITE = f"{PREFIX}suite_"
CLONE = f"{PREFIX}run_"
KEPT_SUITES = 4  # templates of suite parts that make test T=... leaves behind

# Losing the last second of a test database in a power cut is no loss.
FAST = "-c synchronous_commit=off"


@dataclass(frozen=True)
class Templates:
    """The names of the template databases."""

    dependencies: str
    suite: str
    complete: str


def ensure_templates(
    workshop: Workshop,
    suite: dict[str, Addon],
    chosen: dict[str, Addon],
    *,
    complete: bool = False,
) -> Templates:
    """Have the templates there: Odoo's own addons, and on them the chosen ones.

    With ``complete`` there is a third one, with what glue joins the suite to: there
    the glue installs itself. Otherwise that is the one of the chosen ones again.
    """
    foreign = ["base", *foreign_dependencies(without_glue(suite))]
    joined = [name for name in foreign_dependencies(suite) if name not in foreign]
    lock = (workshop.settings.root / "requirements.lock").read_bytes()
    deps_key = store.digest(
        str(workshop.odoo.path), workshop.odoo.version, lock, *foreign
    )
    sources = {name: addon.digest() for name, addon in chosen.items()}
    suite_key = store.digest(
        deps_key, *(f"{name} {sources[name]}" for name in sorted(sources))
    )
    glue_key = store.digest(
        suite_key, *(addon.digest() for addon in suite.values() if addon.is_glue)
    )
    templates = Templates(
        DEPENDENCIES + deps_key,
        SUITE + suite_key,
        SUITE + (glue_key if complete and joined else suite_key),
    )
    with store.lock(
        workshop.settings.data / "templates.lock", "the template databases"
    ):
        there = workshop.names(PREFIX)
        if templates.dependencies not in there:
            _drop_unused(workshop, workshop.names(DEPENDENCIES))
            _build(
                workshop,
                templates.dependencies,
                None,
                "Installing what the suite builds on (kept as a template)",
                foreign,
            )
        if templates.suite not in there:
            _drop_unused(workshop, workshop.names(SUITE)[: 1 - KEPT_SUITES])
            _build(
                workshop,
                templates.suite,
                templates.dependencies,
                f"Installing {', '.join(chosen) or 'nothing'} (kept as a template)",
                list(chosen),
            )
        if templates.complete not in workshop.names(PREFIX):
            _drop_unused(workshop, workshop.names(SUITE)[: 1 - KEPT_SUITES])
            _build(
                workshop,
                templates.complete,
                templates.suite,
                f"Installing {', '.join(joined)} beside them (kept as a template)",
                joined,
            )
        # Held to the end of this process: tests may clone them at any time.
        for name in {templates.dependencies, templates.suite, templates.complete}:
            store.use(_mark(workshop, name))
    return templates


def _mark(workshop: Workshop, template: str) -> Path:
    return workshop.settings.data / f"{template}.lock"


def _drop_unused(workshop: Workshop, names: Iterable[str]) -> None:
    """Remove templates that no other run may still clone."""
    for name in names:
        if not store.is_used(_mark(workshop, name)):
            workshop.drop(name)
            _mark(workshop, name).unlink(missing_ok=True)


def _build(
    workshop: Workshop, name: str, template: str | None, title: str, modules: list[str]
) -> None:
    """Install into a database aside, and rename it when that went well."""
    aside = f"{PREFIX}building"
    workshop.drop(aside)
    if template:
        workshop.clone(template, aside)
    if modules:
        workshop.install(aside, title, init=modules, strict=True)
    workshop.rename(aside, name)


@contextlib.contextmanager
def clone_for_run(workshop: Workshop, template: str) -> Iterator[str]:
    """A clone of a template for one run, gone afterwards."""
    _drop_abandoned(workshop)
    name = f"{CLONE}{os.getpid()}"
    workshop.clone(template, name)
    try:
        yield name
    finally:
        with process.uninterrupted():
            for database in workshop.names(name):
                workshop.drop(database)


def _drop_abandoned(workshop: Workshop) -> None:
    """Remove the clones of runs that were killed."""
    for name in workshop.names(CLONE):
        owner = name[len(CLONE) :].split("-")[0].split("_")[0]
        if owner.isdigit() and not Path("/proc", owner).exists():
            workshop.drop(name)


def exported(workshop: Workshop, templates: Templates) -> dict[str, str]:
    """Return what the tests are told of their surroundings."""
    return {
        "AUTO_SHOP_DATA": str(workshop.settings.data),
        "AUTO_SHOP_DEPS_TEMPLATE": templates.dependencies,
        "AUTO_SHOP_SUITE_TEMPLATE": templates.suite,
        "AUTO_SHOP_COMPLETE_TEMPLATE": templates.complete,
        "AUTO_SHOP_ODOO_PATH": str(workshop.odoo.path),
        "AUTO_SHOP_ODOO_VERSION": workshop.odoo.version,
        "AUTO_SHOP_VENV": str(workshop.env.path),
        "PGOPTIONS": FAST,
    }


# -- For the tests themselves ----------------------------------------------


def surroundings(environ: Mapping[str, str] = os.environ) -> Workshop:
    """Return the workshop that ``make test`` told this process of."""
    settings = Settings.from_environ({"DATA": environ["AUTO_SHOP_DATA"]})
    env = PythonEnv(Path(environ["AUTO_SHOP_VENV"]))
    variables = {
        name: value for name, value in environ.items() if name.startswith("PG")
    }
    return Workshop(
        settings,
        Odoo(Path(environ["AUTO_SHOP_ODOO_PATH"]), environ["AUTO_SHOP_ODOO_VERSION"]),
        env,
        Server(env.postgres_bin, variables),
    )


@contextlib.contextmanager
def scratch_database(template: str | None = None) -> Iterator[str]:
    """A database for one test: a clone of a template (by default without the suite)."""
    workshop = surroundings()
    owner = os.environ.get("AUTO_SHOP_RUN", str(os.getpid()))
    name = f"{CLONE}{owner}_{secrets.token_hex(4)}"
    workshop.clone(template or os.environ["AUTO_SHOP_DEPS_TEMPLATE"], name)
    try:
        yield name
    finally:
        workshop.drop(name)


def uninstall(database: str, name: str) -> OdooRun:
    """Uninstall an addon, as the Apps screen would."""
    workshop = surroundings()
    lines: list[str] = []
    result = process.run(
        workshop.odoo_tool("module", "uninstall", database, name),
        on_line=lines.append,
        env=workshop.tool_environ(),
        cwd=workshop.settings.root,
    )
    return OdooRun(result.code, tuple(lines))


@dataclass(frozen=True)
class OdooRun:
    """How a run of Odoo on a database ended, and what it logged."""

    code: int
    lines: tuple[str, ...]

    @property
    def serious(self) -> list[odoo_log.Record]:
        """The warnings and errors in its log."""
        return odoo_log.serious(self.lines)


def run_odoo(
    database: str,
    *arguments: str,
    init: Iterable[str] = (),
    update: Iterable[str] = (),
    command: str = "server",
) -> OdooRun:
    """Run Odoo on a database to its end, to install or update addons or what not."""
    workshop = surroundings()
    options = ["--stop-after-init", "--no-http", "--max-cron-threads=0"]
    options += [f"--init={','.join(init)}"] if init else []
    options += [f"--update={','.join(update)}"] if update else []
    lines: list[str] = []
    result = process.run(
        workshop.odoo_command(database, *options, *arguments, command=command),
        on_line=lines.append,
        env=workshop.server.environ,
        cwd=workshop.settings.root,
    )
    return OdooRun(result.code, tuple(lines))


def sql(database: str, statement: str) -> list[list[str]]:
    """Run a statement on a database."""
    return surroundings().server.sql(statement, database)


__all__ = [
    "DatabaseError",
    "OdooRun",
    "Templates",
    "clone_for_run",
    "ensure_templates",
    "exported",
    "run_odoo",
    "scratch_database",
    "sql",
    "surroundings",
    "uninstall",
]
