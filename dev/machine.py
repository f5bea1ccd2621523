"""Programs of the machine: installed by apt where that is allowed, else named."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass

from dev import process
from dev.console import Problem, say, step
from dev.settings import Settings


@dataclass(frozen=True)
class Tool:
    """A program that some tests need."""

    programs: tuple[str, ...]
    package: str
    used_for: str

    @property
    def there(self) -> bool:
        """Whether one of its names is on the path."""
        return any(shutil.which(program) for program in self.programs)


TEST_TOOLS = (
    Tool(
        ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable"),
        "chromium",
        "browser tours",
    ),
    Tool(("wkhtmltopdf",), "wkhtmltopdf", "printed documents"),
    Tool(("pdftotext",), "poppler-utils", "reading printed documents"),
)


def apt_prefix() -> list[str] | None:
    """Return how apt-get may be called here, or None when it may not."""
    if not shutil.which("apt-get"):
        return None
    if os.geteuid() == 0:
        return []
    if shutil.which("sudo") and process.run(["sudo", "-n", "true"]).code == 0:
        return ["sudo", "-n"]
    return None


def ensure(settings: Settings, tools: tuple[Tool, ...] = TEST_TOOLS) -> list[Tool]:
    """Install the tools that are missing; return those that are missing still."""
    missing = [tool for tool in tools if not tool.there]
    if missing and apt_prefix() is not None:
        try:
            install(settings, [tool.package for tool in missing], "run every test")
        except Problem as problem:
            say(f"    {problem}")
    missing = [tool for tool in missing if not tool.there]
    for tool in missing:
        say(
            f"    Without {tool.programs[0]} the tests of {tool.used_for} cannot run:"
            f" install the package {tool.package}."
        )
    return missing


def install(settings: Settings, packages: list[str], purpose: str) -> None:
    """Install packages of the machine's own distribution."""
    prefix = apt_prefix()
    names = " ".join(packages)
    if prefix is None:
        raise Problem(
            f"To {purpose}, this machine needs {names}: install it, for example with"
            f" sudo apt install {names}, and run this again."
        )
    environ = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    with step(f"Installing {names} on this machine") as running:
        for arguments in (
            ["update"],
            ["install", "--yes", "--no-install-recommends", *packages],
        ):
            result = process.run(
                [*prefix, "apt-get", "-q", *arguments],
                log=settings.logs / "apt-install.log",
                on_line=running.progress,
                env=environ,
            )
        process.check(result, f"{names} could not be installed", "install it by hand.")
