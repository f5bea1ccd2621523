"""Child processes: logged, watched, and ended with their parent."""

from __future__ import annotations

import collections
import contextlib
import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from dev.console import Problem

TAIL = 200
PR_SET_PDEATHSIG = 1

# What pip, apt and npm say when they cannot get out, and when there is no room.
NO_NETWORK = (
    "Temporary failure",
    "Could not resolve",
    "Could not connect",
    "Connection refused",
    "Cannot initiate the connection",
    "Connection timed out",
    "Network is unreachable",
    "No route to host",
    "NewConnectionError",
    "ConnectTimeoutError",
    "ProxyError",
    "ENOTFOUND",
    "ECONNREFUSED",
    "ETIMEDOUT",
    "EAI_AGAIN",
)
NO_ROOM = ("No space left on device", "ENOSPC", "not enough free space")

_libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


@dataclass(frozen=True)
class Result:
    """How a child ended, and the end of what it said."""

    code: int
    lines: Sequence[str]

    def says(self, phrases: Sequence[str]) -> bool:
        """Whether one of the phrases was said."""
        return any(phrase in line for line in self.lines for phrase in phrases)


def die_with_parent() -> None:
    """In a child: be ended by the kernel when the parent is killed outright."""
    if _libc is not None:
        _libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


@contextlib.contextmanager
def child(command: Sequence[str | Path], **options) -> Iterator[subprocess.Popen]:
    """Start a child in a group of its own, which is gone when the block is left.

    A group of its own keeps the terminal's Ctrl-C from it: the parent decides what
    each child hears, and when.
    """
    options.setdefault("start_new_session", True)
    options.setdefault("preexec_fn", die_with_parent)
    with subprocess.Popen([str(part) for part in command], **options) as process:
        try:
            yield process
        finally:
            end(process)


@contextlib.contextmanager
def uninterrupted() -> Iterator[None]:
    """Let no signal cut short what has to be finished (stopping a database)."""
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = {number: signal.signal(number, signal.SIG_IGN) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def end(process: subprocess.Popen, patience: float = 15) -> None:
    """End a child and what it started, politely first."""
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(patience)
        except subprocess.TimeoutExpired:
            pass
    # The leader may be gone while helpers of its group are not.
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def run(
    command: Sequence[str | Path],
    *,
    log: Path | None = None,
    on_line: Callable[[str], None] | None = None,
    env: Mapping[str, str] | None = None,
    **options,
) -> Result:
    """Run a child to its end; its words go to the log and to ``on_line``."""
    tail: collections.deque[str] = collections.deque(maxlen=TAIL)
    with contextlib.ExitStack() as stack:
        sink = stack.enter_context(log.open("w", encoding="utf-8")) if log else None
        process = stack.enter_context(
            child(
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                errors="replace",
                env=dict(env) if env is not None else None,
                **options,
            )
        )
        for line in process.stdout:
            line = line.rstrip("\n")
            tail.append(line)
            if sink:
                sink.write(line + "\n")
                sink.flush()
            if on_line:
                on_line(line)
        code = process.wait()
    return Result(code, tuple(tail))


def check(result: Result, what: str, mend: str) -> None:
    """Raise a problem when the child failed, naming network or disk if it was that."""
    if result.code == 0:
        return
    if result.says(NO_ROOM):
        raise Problem(
            f"{what}: the disk is full; free some space, or name a folder on another"
            " disk with DATA=/path, and run this again."
        )
    if result.says(NO_NETWORK):
        raise Problem(
            f"{what}: the network cannot be reached; check the connection (and the"
            " proxy or mirror that this machine is set up with), and run this again."
        )
    last = next((line.strip() for line in reversed(result.lines) if line.strip()), "")
    raise Problem(f"{what} (it ended with “{last[:200]}”): {mend}")
