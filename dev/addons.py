"""What the suite's addons are: their manifests, dependencies and content."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from dev import store
from dev.console import Problem
from dev.settings import Settings

# What a database does not depend on: Odoo reads it from the source, or never.
NOT_IN_DATABASE = (
    "tests",
    "readme",
    "static/src",
    "static/tests",
    "README.rst",
    "README.md",
)


@dataclass(frozen=True)
class Addon:
    """An addon of the suite."""

    path: Path
    depends: tuple[str, ...]
    # Odoo installs it by itself where all that it joins is installed (auto_install).
    is_glue: bool = False

    @property
    def name(self) -> str:
        """Its technical name."""
        return self.path.name

    def digest(self) -> str:
        """Return a hash of what an installed database depends on."""
        parts: list[str | bytes] = []
        for file in sorted(self.path.rglob("*")):
            inside = file.relative_to(self.path).as_posix()
            if file.is_dir() or file.suffix == ".pyc":
                continue
            if any(
                inside == skip or inside.startswith(skip + "/")
                for skip in NOT_IN_DATABASE
            ):
                continue
            parts += [inside, file.read_bytes()]
        return store.digest(*parts)


def find(settings: Settings) -> dict[str, Addon]:
    """Return the suite's installable addons by name."""
    found = {}
    for manifest in sorted(settings.addons.glob("*/__manifest__.py")):
        try:
            values = ast.literal_eval(manifest.read_text(encoding="utf-8"))
        except (SyntaxError, ValueError) as error:
            raise Problem(
                f"{manifest} is not a manifest ({error}): mend it."
            ) from error
        if values.get("installable", True):
            found[manifest.parent.name] = Addon(
                manifest.parent,
                tuple(values.get("depends", ["base"])),
                bool(values.get("auto_install")),
            )
    return found


def without_glue(suite: dict[str, Addon]) -> dict[str, Addon]:
    """Return the addons that somebody chooses; the others follow from what is there."""
    return {name: addon for name, addon in suite.items() if not addon.is_glue}


def with_dependencies(
    suite: dict[str, Addon], names: Iterable[str]
) -> dict[str, Addon]:
    """Return the named addons and those of the suite that they need."""
    chosen: dict[str, Addon] = {}
    queue = list(names)
    while queue:
        name = queue.pop()
        if name in suite and name not in chosen:
            chosen[name] = suite[name]
            queue += suite[name].depends
    return {name: suite[name] for name in sorted(chosen)}


def foreign_dependencies(suite: dict[str, Addon]) -> list[str]:
    """Return what the addons need from outside the suite."""
    return sorted(
        {name for addon in suite.values() for name in addon.depends} - set(suite)
    )
