"""What the user sees: steps with time and progress, and problems as one sentence."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Iterator

# A terminal gets every change on one line; a log file gets a line now and then.
QUIET_SECONDS = 10.0


class Problem(Exception):
    """Something that the user can mend: one sentence that says what and how."""


class Step:
    """A running step; ``progress`` says how far it is."""

    def __init__(self, title: str) -> None:
        self.title = title
        self.started = time.monotonic()
        self._last = self.started
        self._tty = sys.stdout.isatty()
        self._width = 0

    def progress(self, text: str) -> None:
        """Show how far the step is."""
        if self._tty:
            line = f"    {text}"[:100]
            sys.stdout.write("\r" + line.ljust(self._width))
            self._width = len(line)
            sys.stdout.flush()
        elif time.monotonic() - self._last >= QUIET_SECONDS:
            self._last = time.monotonic()
            say(f"    {text}")

    def end(self, text: str) -> None:
        """Replace the progress by the closing line."""
        if self._tty and self._width:
            sys.stdout.write("\r" + " " * self._width + "\r")
        say(f"    {text}")


def say(text: str = "") -> None:
    """Print a line at once: it keeps its place among those of child processes."""
    print(text, flush=True)


@contextlib.contextmanager
def step(title: str) -> Iterator[Step]:
    """Announce a step, and at its end how long it took."""
    say(f"==> {title}")
    running = Step(title)
    try:
        yield running
    except BaseException:
        running.end(f"broken off after {time.monotonic() - running.started:.0f} s")
        raise
    running.end(f"done in {time.monotonic() - running.started:.0f} s")
