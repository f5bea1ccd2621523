"""Odoo's databases: installed, updated, cloned and removed, with their file stores."""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from dev import odoo_log, process, store
from dev.addons import Addon, without_glue
from dev.console import Problem, say, step
from dev.odoo_source import Odoo
from dev.postgres import DatabaseError, Server, identifier, literal
from dev.python_env import PythonEnv
from dev.settings import Settings

# Where a database keeps what it was made of; it goes along with clones.
PARAMETER = "auto_shop.dev.sources"


@dataclass(frozen=True)
class Workshop:
    """All that it takes to work on databases."""

    settings: Settings
    odoo: Odoo
    env: PythonEnv
    server: Server

    def odoo_command(
        self, database: str, *arguments: str, command: str = "server"
    ) -> list[str]:
        """Return the command line that runs Odoo on a database."""
        return [
            str(self.env.python),
            "-m",
            "odoo",
            command,
            f"--config={self.settings.odoo_conf}",
            f"--database={database}",
            f"--data-dir={self.settings.odoo_data}",
            *self.addons_path(),
            *arguments,
        ]

    def odoo_tool(
        self, command: str, verb: str, database: str, *arguments: str
    ) -> list[str]:
        """Return the command line of one of Odoo's tools, as ``odoo module``."""
        return [
            str(self.env.python),
            *("-m", "odoo", command, verb),
            *("--config", str(self.settings.odoo_conf), "--database", database),
            *arguments,
        ]

    def tool_environ(self) -> dict[str, str]:
        """Return the environment of such a tool, which takes no folders otherwise."""
        return {
            **self.server.environ,
            "ODOO_DATA_DIR": str(self.settings.odoo_data),
            "ODOO_HTTP_INTERFACE": "127.0.0.1",
        }

    def addons_path(self) -> list[str]:
        """Return the option that names the suite (Odoo warns about an empty folder)."""
        found = any(self.settings.addons.glob("*/__manifest__.py"))
        return [f"--addons-path={self.settings.addons}"] if found else []

    def filestore(self, database: str) -> Path:
        """Where the files of a database are."""
        return self.settings.odoo_data / "filestore" / database

    # -- Whole databases ---------------------------------------------------

    def names(self, prefix: str = "") -> list[str]:
        """Return the databases whose name begins so, the oldest first."""
        rows = self.server.sql("SELECT datname FROM pg_database ORDER BY oid")
        return [row[0] for row in rows if row[0].startswith(prefix)]

    def drop(self, database: str) -> None:
        """Remove a database, if it is there, and its files."""
        self.server.sql(f"DROP DATABASE IF EXISTS {identifier(database)} WITH (FORCE)")
        shutil.rmtree(self.filestore(database), ignore_errors=True)

    def clone(self, template: str, database: str) -> None:
        """Copy a database that nobody is connected to."""
        self.drop(database)
        self.server.sql(
            f"CREATE DATABASE {identifier(database)} TEMPLATE {identifier(template)}"
        )
        if self.filestore(template).exists():
            # Odoo never writes into a stored file, it adds and unlinks: links will do.
            shutil.copytree(
                self.filestore(template),
                self.filestore(database),
                copy_function=_link_or_copy,
            )

    def rename(self, old: str, new: str) -> None:
        """Give a database its final name."""
        self.server.sql(f"ALTER DATABASE {identifier(old)} RENAME TO {identifier(new)}")
        store.remove(self.filestore(new))
        if self.filestore(old).exists():
            self.filestore(old).rename(self.filestore(new))

    # -- What is in them ---------------------------------------------------

    def sources(self, database: str) -> dict[str, str] | None:
        """Return what the database was last made of, or None when that is not known."""
        try:
            rows = self.server.sql(
                "SELECT value FROM ir_config_parameter"
                f" WHERE key = {literal(PARAMETER)}",
                database,
            )
        except DatabaseError:
            return None
        return json.loads(rows[0][0]) if rows else None

    def remember_sources(self, database: str, sources: dict[str, str]) -> None:
        """Write down what the database is made of now."""
        value = literal(json.dumps(sources, sort_keys=True))
        self.server.sql(
            "INSERT INTO ir_config_parameter (key, value)"
            f" VALUES ({literal(PARAMETER)}, {value})"
            " ON CONFLICT (key) DO UPDATE SET value = EXCLUDED.value",
            database,
        )

    def set_address(self, database: str, url: str) -> None:
        """Let links point to where the database is served on this machine now.

        Odoo notes one when a database is made; an address that somebody gave it, which
        others reach, is left alone.
        """
        self.server.sql(
            f"UPDATE ir_config_parameter SET value = {literal(url)}"
            " WHERE key = 'web.base.url'"
            " AND value ~ '^https?://(localhost|127[.]0[.]0[.]1)(:[0-9]+)?/?$'",
            database,
        )

    def install(
        self,
        database: str,
        title: str,
        *,
        init: Iterable[str] = (),
        update: Iterable[str] = (),
        demo: bool = False,
        strict: bool,
    ) -> None:
        """Install and update addons; ``strict`` lets no warning of Odoo's pass."""
        arguments = ["--stop-after-init", "--no-http", "--max-cron-threads=0"]
        arguments += [f"--init={','.join(init)}"] if init else []
        arguments += [f"--update={','.join(update)}"] if update else []
        arguments += ["--with-demo"] if demo else []
        log = self.settings.logs / f"install-{database}.log"
        with step(title) as running:

            def show(line: str) -> None:
                match = re.search(r"Loading module (\S+) \((\d+)/(\d+)\)", line)
                if match:
                    running.progress(f"{match[2]}/{match[3]} {match[1]}")

            result = process.run(
                self.odoo_command(database, *arguments),
                log=log,
                on_line=show,
                env=self.server.environ,
                cwd=self.settings.root,
            )
            found = odoo_log.serious(log.read_text(encoding="utf-8").splitlines())
            for record in found:
                say(f"    {record}")
            if result.says(process.NO_ROOM):
                process.check(process.Result(1, result.lines), title, "")
            if result.code:
                raise Problem(
                    f"“{title}” failed, as said above: mend the addon and run this"
                    f" again (the whole log is {log})."
                )
            if found and strict:
                raise Problem(
                    f"“{title}” logged warnings, which fails the tests: mend what is"
                    f" said above (the whole log is {log})."
                )


def _link_or_copy(source: str, target: str) -> None:
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)


def ensure_run_database(workshop: Workshop, suite: dict[str, Addon]) -> None:
    """Have the database of ``make run`` there, with the sources as they are now."""
    name = workshop.settings.database
    present = {addon.name: addon.digest() for addon in suite.values()}
    present["odoo"] = workshop.odoo.version
    with store.lock(
        workshop.settings.data / f"database-{name}.lock", f"the database {name}"
    ):
        if name not in workshop.names():
            aside = f"{name}.building"
            workshop.drop(aside)
            workshop.install(
                aside,
                f"Making the database {name} with demo data",
                init=["base", *without_glue(suite)],
                demo=True,
                strict=False,
            )
            workshop.remember_sources(aside, present)
            workshop.rename(aside, name)
            return
        known = workshop.sources(name)
        if known == present:
            return
        known = known or {}
        installed = _installed(workshop, name)
        changed = [
            addon
            for addon in suite
            if addon in installed and known.get(addon) != present[addon]
        ]
        new = [addon for addon in without_glue(suite) if addon not in installed]
        if changed or new:
            workshop.install(
                name,
                f"Updating the database {name}: {', '.join([*changed, *new])}",
                init=new,
                update=changed,
                demo=True,
                strict=False,
            )
        workshop.remember_sources(name, present)


def _installed(workshop: Workshop, database: str) -> set[str]:
    try:
        rows = workshop.server.sql(
            "SELECT name FROM ir_module_module"
            " WHERE state IN ('installed', 'to upgrade', 'to install')",
            database,
        )
    except DatabaseError as error:
        raise Problem(
            f"The database {database} is there but is not one of Odoo's ({error}):"
            " choose another name with make run DB=another."
        ) from error
    return {row[0] for row in rows}
