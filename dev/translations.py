"""The addons' translation templates (i18n/<addon>.pot), as Odoo exports them."""

from __future__ import annotations

import re
import tempfile
from pathlib import Path

from dev import process
from dev.console import Problem
from dev.database import Workshop

# Lines that differ at each export, and would make every export a change.
VOLATILE = re.compile(r'^"(POT-Creation-Date|PO-Revision-Date): .*$\n', re.MULTILINE)


def export(workshop: Workshop, database: str, addon: str) -> str:
    """Return the template of an addon that is installed in the database."""
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder, f"{addon}.pot")
        result = process.run(
            workshop.odoo_tool(
                "i18n", "export", database, "-l", "pot", "-o", str(target), addon
            ),
            env=workshop.tool_environ(),
            cwd=workshop.settings.root,
        )
        if result.code or not target.exists():
            raise Problem(
                f"Odoo could not export the terms of {addon}: "
                f"{' '.join(result.lines[-3:])}"
            )
        return VOLATILE.sub("", target.read_text(encoding="utf-8"))


def file(workshop: Workshop, addon: str) -> Path:
    """Return where the template of an addon lies."""
    return workshop.settings.addons / addon / "i18n" / f"{addon}.pot"
