"""Helpers of the tests of the developer tool."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from dev.settings import ROOT


def call(*arguments: str, **choices: str) -> subprocess.CompletedProcess:
    """Call the tool as make does, with choices as PORT=...; on its own server."""
    return subprocess.run(
        [sys.executable, "-m", "dev", *arguments],
        cwd=ROOT,
        env=environ(**choices),
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def environ(**choices: str) -> dict[str, str]:
    """Return this process's environment without what make test put into it."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("PG", "AUTO_SHOP_", "PYTEST_"))
        and name not in ("T", "K", "J", "PORT", "DB", "DATA", "ODOO_SOURCE")
    }
    return {**kept, **choices}


def is_one_sentence(text: str) -> bool:
    """Whether a failure was told as one line that ends in a full stop."""
    lines = text.strip().splitlines()
    return len(lines) == 1 and lines[0].endswith(".") and "Traceback" not in text


@contextlib.contextmanager
def open_folder() -> Iterator[Path]:
    """A folder that every user may enter, as PostgreSQL's own user has to."""
    folder = Path(tempfile.mkdtemp(prefix="auto-shop-test-", dir="/var/tmp"))
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        shutil.rmtree(folder)
