"""What each command does, in order."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from dataclasses import replace

from dev import addons, database, machine, odoo_source, postgres, process, python_env, serve
from dev import testing
from dev.console import Problem, say, step
from dev.database import Workshop
from dev.settings import Settings

NO_TESTS = 5  # pytest's exit code
FAST = {"PGOPTIONS": testing.FAST}


@contextlib.contextmanager
def workshop(settings: Settings) -> Iterator[Workshop]:
    """Set up everything that databases need, for the time of the block."""
    settings.make_folders()
    odoo = odoo_source.find(settings)
    env = python_env.find(settings, odoo)
    with postgres.serving(settings, env) as server:
        yield Workshop(settings, odoo, env, server)


def run(settings: Settings, _arguments: list[str]) -> int:
    """Serve the suite with demo data."""
    # First, because the rest takes minutes and would be for nothing.
    serve.require_port(settings.port)
    with workshop(settings) as shop:
        database.ensure_run_database(shop, addons.find(settings))
        return serve.serve(shop)


def shell(settings: Settings, _arguments: list[str]) -> int:
    """Open Odoo's shell on the database."""
    with workshop(settings) as shop:
        database.ensure_run_database(shop, addons.find(settings))
        command = shop.odoo_command(
            settings.database, "--no-http", "--log-level=warn", command="shell"
        )
        # In the foreground of the terminal, so that its editing keys and Ctrl-C are its own.
        return os.spawnve(os.P_WAIT, command[0], command, shop.server.environ)


def clean(settings: Settings, _arguments: list[str]) -> int:
    """Remove what was set up."""
    if not settings.data.exists():
        say("There is nothing to remove.")
        return 0
    if not (settings.data / "log").is_dir():
        raise Problem(f"{settings.data} is not a data folder of this project: name it with DATA=.")
    with step(f"Removing {settings.data}"):
        shutil.rmtree(settings.data)
    return 0


def test(settings: Settings, _arguments: list[str]) -> int:
    """Run the tests, or the part of them that T names."""
    paths = _test_paths(settings)
    suite = addons.find(settings)
    with workshop(settings) as shop:
        missing = machine.ensure(settings)
        chosen = addons.with_dependencies(suite, _tested_addons(settings, suite, paths))
        quick = replace(
            shop, server=replace(shop.server, variables={**shop.server.variables, **FAST})
        )
        templates = testing.ensure_templates(quick, suite, chosen)
        with testing.clone_for_run(quick, templates) as name:
            say(f"==> Running the tests of {' '.join(paths)}")
            code = _pytest(quick, templates, name, paths)
    for tool in missing:
        say(f"Not run, for want of {tool.programs[0]}: {tool.used_for}.")
    if code == NO_TESTS:
        raise Problem(f"No test was found in {' '.join(paths)}: name others with T=.")
    return code


def _test_paths(settings: Settings) -> list[str]:
    """Return what to test: paths, or node ids (path::Class::method)."""
    named = settings.environ.get("T", "").split()
    for path in named:
        if not (settings.root / path.split("::")[0]).exists():
            raise Problem(f"T={path} is not there: name a path, as in make test T=addons/auto_shop.")
    return named or [name for name in ("addons", "tests") if any((settings.root / name).iterdir())]


def _tested_addons(settings: Settings, suite: dict[str, addons.Addon], paths: list[str]) -> set[str]:
    """Return the addons that the paths are in: all, unless each path is in one."""
    names = set()
    for path in paths:
        file = (settings.root / path.split("::")[0]).resolve()
        inside = file.relative_to(settings.addons).parts if settings.addons in file.parents else ()
        if not inside:
            return set(suite)
        names.add(inside[0])
    return names


def _pytest(shop: Workshop, templates: testing.Templates, name: str, paths: list[str]) -> int:
    """Run pytest in the foreground; return its exit code."""
    settings = shop.settings
    environ = {
        **shop.server.environ,
        **testing.exported(shop, templates),
        "AUTO_SHOP_RUN": str(os.getpid()),
    }
    command = [
        shop.env.python,
        "-m",
        "pytest",
        f"--rootdir={settings.root}",
        f"--odoo-database={name}",
        f"--odoo-config={settings.odoo_conf}",
        "--odoo-http",
        "--odoo-log-level=warn",
        f"--odoo-extra=data-dir={settings.odoo_data}",
        "--odoo-extra=http-interface=127.0.0.1",
        f"--odoo-extra=screenshots={settings.logs / 'screens'}",
    ]
    if settings.environ.get("K"):
        command += ["-k", settings.environ["K"]]
    if settings.environ.get("J", "1") != "1":
        command += ["-n", settings.environ["J"]]
    with process.child([*command, *paths], env=environ, cwd=settings.root) as running:
        try:
            return running.wait()
        except KeyboardInterrupt:
            running.send_signal(signal.SIGINT)
            with contextlib.suppress(subprocess.TimeoutExpired):
                running.wait(15)
            raise


def bench(settings: Settings, arguments: list[str]) -> int:
    """Measure."""
    raise Problem("to do")


lint = lock = bench
