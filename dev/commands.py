"""What each command does, in order."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from dev import (
    addons,
    database,
    machine,
    odoo_source,
    postgres,
    process,
    python_env,
    serve,
    store,
    testing,
    translations,
)
from dev.console import Problem, say, step
from dev.database import Workshop
from dev.settings import Settings

NO_TESTS = 5  # pytest's exit code
SCREENSHOTS = "auto_shop_screenshots"
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
        # In the foreground, so that the editing keys and Ctrl-C are its own.
        return os.spawnve(os.P_WAIT, command[0], command, shop.server.environ)


def clean(settings: Settings, _arguments: list[str]) -> int:
    """Remove what was set up."""
    if not settings.data.exists():
        say("There is nothing to remove.")
        return 0
    if not (settings.data / "log").is_dir():
        raise Problem(
            f"{settings.data} is not a data folder of this project: name it with DATA=."
        )
    if store.is_used(settings.data / "pg.users"):
        raise Problem(
            f"{settings.data} is in use by another make: stop that one, and run this"
            " again."
        )
    with step(f"Removing {settings.data}"):
        shutil.rmtree(settings.data)
    return 0


def test(settings: Settings, _arguments: list[str]) -> int:
    """Run the tests, or the part of them that T names."""
    paths = _test_paths(settings)
    suite = addons.find(settings)
    with workshop(settings) as shop:
        missing = machine.ensure(settings)
        named = _tested_addons(settings, paths)
        chosen = addons.with_dependencies(suite, named or addons.without_glue(suite))
        quick = replace(
            shop,
            server=replace(shop.server, variables={**shop.server.variables, **FAST}),
        )
        templates = testing.ensure_templates(quick, suite, chosen, complete=not named)
        with testing.clone_for_run(quick, templates.suite) as name:
            say(f"==> Running the tests of {' '.join(paths)}")
            absent = [
                addon.path for addon in suite.values() if addon.name not in chosen
            ]
            code = _pytest(quick, templates, name, paths, absent)
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
            raise Problem(
                f"T={path} is not there: name a path, as in"
                " make test T=addons/auto_shop."
            )
    folders = (settings.root / name for name in ("addons", "tests"))
    return named or [folder.name for folder in folders if any(folder.glob("*"))]


def _tested_addons(settings: Settings, paths: list[str]) -> set[str]:
    """Return the addons that the paths are in; none, unless each path is in one."""
    names = set()
    for path in paths:
        file = (settings.root / path.split("::")[0]).resolve()
        inside = (
            file.relative_to(settings.addons).parts
            if settings.addons in file.parents
            else ()
        )
        if not inside:
            return set()
        names.add(inside[0])
    return names


def _pytest(
    shop: Workshop,
    templates: testing.Templates,
    name: str,
    paths: list[str],
    absent: list[Path],
) -> int:
    """Run pytest in the foreground; return its exit code.

    :param absent: addons that are not in the database: their tests are not for it
    """
    settings = shop.settings
    environ = {
        **shop.server.environ,
        **testing.exported(shop, templates),
        "AUTO_SHOP_RUN": str(os.getpid()),
        # The server in the tests' own process runs no jobs of OCA's queue.
        "ODOO_QUEUE_JOB_CHANNELS": "root:0",
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
        # Server, browser driver and fake providers share this one process: Odoo's limit
        # on address space is meant for one of them.
        "--odoo-extra=limit-memory-hard=0",
        f"--odoo-extra=screenshots={settings.logs / 'screens'}",
        *(f"--ignore={path}" for path in absent),
    ]
    if settings.environ.get("K"):
        command += ["-k", settings.environ["K"]]
    if settings.environ.get("J", "1") != "1":
        command += ["-n", settings.environ["J"]]
    return _foreground(shop, [*command, *paths], environ)


def lint(settings: Settings, _arguments: list[str]) -> int:
    """Run the hooks on all files, or the hook that T names."""
    settings.make_folders()
    if not (settings.root / ".git").exists() or not shutil.which("git"):
        raise Problem(
            "The linters look at what git knows: work in a git clone, with git"
            " installed."
        )
    env = python_env.find_for_lint(settings)
    environ = {
        **os.environ,
        "PRE_COMMIT_HOME": str(settings.data / "pre-commit"),
        # Node.js comes as a wheel, so that a machine need not have it.
        "PATH": f"{env.bin}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
    }
    hooks = settings.environ.get("T", "").split() or [None]
    say("==> Running the linters (the first time installs them)")
    log = settings.logs / "lint.log"
    worst = 0
    for hook in hooks:
        result = process.run(
            [env.python, "-m", "pre_commit", "run", "--all-files", "--color=never"]
            + ([hook] if hook else []),
            log=log,
            on_line=say,
            env=environ,
            cwd=settings.root,
        )
        if result.code > 1:  # 1 is what a hook found; more is that one could not run
            process.check(result, "The linters could not be run", f"look into {log}.")
        worst = max(worst, result.code)
    if worst:
        say(
            "What the hooks could mend is mended (see git diff): mend the rest by hand."
        )
    return worst


def lock(settings: Settings, _arguments: list[str]) -> int:
    """Resolve the packages of requirements/*.in anew, for every supported Python."""
    settings.make_folders()
    env = python_env.find_for_lint(settings)
    folder = settings.root / "requirements"
    locks = {
        settings.root / python_env.LOCK: ["odoo.in", "addons.in", "test.in"],
        folder / "addons.lock": ["addons.in"],
        settings.root / python_env.LINT_LOCK: ["lint.in"],
    }
    for target, sources in locks.items():
        with step(f"Resolving {target.name}"):
            python_env.resolve(
                settings, env, target, [folder / name for name in sources]
            )
    return 0


def pot(settings: Settings, _arguments: list[str]) -> int:
    """Write the translation template of each addon anew."""
    suite = addons.find(settings)
    with workshop(settings) as shop:
        templates = testing.ensure_templates(
            shop, suite, addons.without_glue(suite), complete=True
        )
        with testing.clone_for_run(shop, templates.complete) as name:
            for addon in suite:
                with step(f"Exporting the terms of {addon}"):
                    target = translations.file(shop, addon)
                    target.parent.mkdir(exist_ok=True)
                    target.write_text(translations.export(shop, name, addon), "utf-8")
    return 0


# Odoo's own addons that the benchmarks compare ours with.
PEERS = ("base_automation",)


def bench(settings: Settings, _arguments: list[str]) -> int:
    """Measure on a clone of the suite's template."""
    suite = addons.find(settings)
    with workshop(settings) as shop:
        quick = replace(
            shop,
            server=replace(shop.server, variables={**shop.server.variables, **FAST}),
        )
        templates = testing.ensure_templates(quick, suite, addons.without_glue(suite))
        with testing.clone_for_run(quick, templates.suite) as name:
            quick.install(
                name, "Installing what we measure against", init=PEERS, strict=True
            )
            command = [
                shop.env.python,
                "-m",
                "benchmarks.runner",
                f"--database={name}",
                f"--config={settings.odoo_conf}",
                f"--data-dir={settings.odoo_data}",
                f"--output={settings.data / 'bench.json'}",
                *settings.environ.get("T", "").split(),
            ]
            environ = {**shop.server.environ, **testing.exported(shop, templates)}
            return _foreground(quick, command, environ)


def screenshots(settings: Settings, _arguments: list[str]) -> int:
    """Take the pictures of README.md, of a demo shop made today."""
    settings = replace(settings, database=SCREENSHOTS)
    folder = settings.environ.get("T", "").split()
    with workshop(settings) as shop:
        shop.drop(SCREENSHOTS)
        try:
            database.ensure_run_database(shop, addons.find(settings))
            with serve.serving(shop) as url:
                command = [shop.env.python, "docs/screenshots.py", url, SCREENSHOTS]
                return _foreground(shop, [*command, *folder], shop.server.environ)
        finally:
            with process.uninterrupted():
                shop.drop(SCREENSHOTS)


def _foreground(shop: Workshop, command: list, environ: dict[str, str]) -> int:
    """Run a child that speaks to the user itself; Ctrl-C is passed on to it."""
    with process.child(command, env=environ, cwd=shop.settings.root) as running:
        try:
            return running.wait()
        except KeyboardInterrupt:
            running.send_signal(signal.SIGINT)
            with contextlib.suppress(subprocess.TimeoutExpired):
                running.wait(15)
            raise
