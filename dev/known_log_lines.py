"""Warnings of Odoo's own that say nothing about this suite, each with the reason.

Anything else that Odoo logs as a warning or worse, while the addons install or the
tests run, fails make test. The list is for noise that we can neither cause nor cure.
"""

from __future__ import annotations

import re

KNOWN: tuple[tuple[str, str], ...] = (
    (
        r".*\.browser: Error received after termination: "
        r"(AssetsLoadingError|ConnectionLostError|TypeError: Failed to fetch)",
        "the test was over and had passed, and the browser was closed while the page"
        " still loaded something; what goes wrong before that fails the test itself",
    ),
)


def is_known(logger: str, message: str) -> bool:
    """Whether a record is on the list (matched as ``logger: message``)."""
    line = f"{logger}: {message}"
    return any(re.match(pattern, line, re.DOTALL) for pattern, _reason in KNOWN)
