"""Reading Odoo's log."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

from dev.known_log_lines import is_known

LINE = re.compile(
    r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d+ \d+ "
    r"(?P<level>[A-Z]+) \S+ (?P<logger>\S+): (?P<text>.*)$"
)
SERIOUS = ("WARNING", "ERROR", "CRITICAL")


@dataclass(frozen=True)
class Record:
    """An entry of the log; a traceback belongs to the entry above it."""

    level: str
    logger: str
    text: str

    def __str__(self) -> str:
        """Return it as one short line, with the end of a traceback."""
        lines = [line for line in self.text.splitlines() if line.strip()] or [""]
        end = f" … {lines[-1].strip()}" if len(lines) > 1 else ""
        return f"{self.level} {self.logger}: {lines[0]}{end}"[:600]


def records(lines: Iterable[str]) -> list[Record]:
    """Split a log into its entries."""
    found: list[Record] = []
    for line in lines:
        match = LINE.match(line)
        if match:
            found.append(Record(match["level"], match["logger"], match["text"]))
        elif found:
            found[-1] = replace(found[-1], text=f"{found[-1].text}\n{line}")
        elif line.strip():
            # Before Odoo's logging is set up: a failing import, or an argument refused.
            found.append(
                Record("ERROR" if line.startswith("Traceback") else "INFO", "-", line)
            )
    return found


def serious(lines: Iterable[str]) -> list[Record]:
    """Return the entries that must not be there."""
    return [
        record
        for record in records(lines)
        if record.level in SERIOUS and not is_known(record.logger, record.text)
    ]
