"""The commands by name, and how they end: well, interrupted, or with one sentence."""

from __future__ import annotations

import errno
import os
import signal
import sys
import tempfile
import traceback
from collections.abc import Callable
from pathlib import Path

from dev import commands
from dev.console import Problem, say
from dev.settings import Settings

Command = Callable[[Settings, list[str]], int]

COMMANDS: dict[str, tuple[Command, str]] = {
    "run": (
        commands.run,
        "set everything up and serve it (PORT= DB= DATA= ODOO_SOURCE=)",
    ),
    "test": (
        commands.test,
        "set everything up and run the tests (T=path K=expression J=jobs)",
    ),
    "screenshots": (
        commands.screenshots,
        "take the pictures of README.md (T=folder for those of every screen)",
    ),
    "bench": (commands.bench, "measure against Odoo's own ways (T=name)"),
    "lint": (commands.lint, "check style and conventions (T=hook)"),
    "pot": (commands.pot, "write the addons' translation templates anew"),
    "shell": (commands.shell, "open Odoo's Python shell on the database (DB=)"),
    "lock": (
        commands.lock,
        "pin the Python packages anew (after a change of requirements/*.in)",
    ),
    "clean": (commands.clean, "remove what was set up (DATA=), databases included"),
}


def show_help(
    _settings: Settings | None = None, _arguments: list[str] | None = None
) -> int:
    """List the commands."""
    say("make help        show this list")
    for name, (_command, text) in COMMANDS.items():
        say(f"make {name:<11} {text}")
    return 0


def main(arguments: list[str]) -> int:
    """Run one command; return its exit code."""
    try:
        return _main(arguments)
    except BrokenPipeError:
        # Whoever read what is said here (make lint | head) has seen enough.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1


def _main(arguments: list[str]) -> int:
    name = arguments[0] if arguments else "help"
    if name in ("help", "-h", "--help"):
        return show_help()
    if name not in COMMANDS:
        say(f"There is no command “{name}”: make help lists those that there are.")
        return 1
    # A terminal that closes and a supervisor that stops us mean what Ctrl-C means. A
    # shell starts what is in the background with Ctrl-C ignored; a signal that is sent
    # to it by its id is meant all the same. Only nohup's wish is left alone.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, _interrupt)
    if os.geteuid() == 0:
        # The database server runs as another user, who has to read what root unpacks.
        os.umask(0o022)
    try:
        return COMMANDS[name][0](Settings.from_environ(os.environ), arguments[1:])
    except Problem as problem:
        print(problem, file=sys.stderr, flush=True)
    except KeyboardInterrupt:
        say("Interrupted: what was finished is kept, the next run goes on from there.")
        return 130
    except BrokenPipeError:
        raise
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            return _fault(error)
        print(
            "The disk is full: free some space, or name a folder on another disk with"
            " DATA=/path, and run this again.",
            file=sys.stderr,
        )
    except Exception as error:  # the last resort, which keeps the details for a report
        return _fault(error)
    return 1


def _interrupt(_number: int, _frame: object) -> None:
    raise KeyboardInterrupt


def _fault(error: Exception) -> int:
    """Say that the tool itself failed, and keep what its developers need."""
    report = Path(tempfile.gettempdir()) / f"auto-shop-fault-{os.getpid()}.log"
    report.write_text("".join(traceback.format_exception(error)), encoding="utf-8")
    print(
        f"The tool itself failed ({type(error).__name__}: {error}): run make clean and"
        f" try again, and if that does not help report it with {report}.",
        file=sys.stderr,
    )
    return 1
