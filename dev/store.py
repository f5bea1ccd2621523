"""Folders that are built once: locks, and builds that are there whole or not at all."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO

from dev.console import Problem, say

COMPLETE = ".complete"
KEPT = 2  # builds of a kind: the one in use, and the one before for those who switch

# Locks on what this process uses, held to its end.
_in_use: list[IO[str]] = []


def digest(*parts: str | bytes) -> str:
    """Return a short hash of some inputs."""
    total = hashlib.sha256()
    for part in parts:
        data = part.encode() if isinstance(part, str) else part
        # The length keeps ("ab", "c") and ("a", "bc") apart.
        total.update(b"%d:" % len(data) + data)
    return total.hexdigest()[:12]


@contextlib.contextmanager
def lock(path: Path, waiting_for: str, *, shared: bool = False) -> Iterator[None]:
    """Hold a lock that the kernel gives back even when the holder is killed."""
    mode = fcntl.LOCK_SH if shared else fcntl.LOCK_EX
    with path.open("a") as file:
        try:
            fcntl.flock(file, mode | fcntl.LOCK_NB)
        except BlockingIOError:
            say(f"    waiting for another make to finish {waiting_for} ...")
            fcntl.flock(file, mode)
        yield


def remove(folder: Path) -> None:
    """Remove a folder, renamed first so that no half of it is ever found."""
    if folder.exists():
        trash = folder.with_name(f".trash-{folder.name}-{os.getpid()}")
        folder.rename(trash)
        shutil.rmtree(trash, ignore_errors=True)


def build(
    parent: Path,
    name: str,
    key: str,
    builder: Callable[[Path], None],
    *,
    in_place: bool = False,
) -> Path:
    """Return ``parent/name-key``, built by ``builder`` if it is not there yet.

    It is built aside and renamed, so an interrupted build leaves nothing that could be
    taken for a whole one. ``in_place`` is for what cannot be moved once it is built (a
    virtual environment): there the mark that is written last tells.
    """
    target = parent / f"{name}-{key}"
    with lock(parent / f"{name}.lock", f"preparing {name}"):
        if not (target / COMPLETE).exists():
            require_room(parent, 2 << 30)
            place = target if in_place else parent / f".{name}-{key}.building"
            remove(place)
            place.mkdir(parents=True)
            try:
                builder(place)
                (place / COMPLETE).touch()
            except BaseException:
                shutil.rmtree(place, ignore_errors=True)
                raise
            if place != target:
                place.rename(target)
        use(target / COMPLETE)
        _prune(parent, name)
    return target


def use(path: Path) -> None:
    """Keep others from removing something, until this process ends."""
    path.touch()  # its time tells which was used last
    file = path.open("a")
    fcntl.flock(file, fcntl.LOCK_SH)
    _in_use.append(file)


def is_used(path: Path) -> bool:
    """Whether a process holds on to something."""
    if not path.exists():
        return False
    with path.open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def _prune(parent: Path, name: str) -> None:
    """Remove builds of other times that nobody uses."""
    marks = list(parent.glob(f"{name}-*/{COMPLETE}"))
    marks.sort(key=lambda mark: mark.stat().st_mtime, reverse=True)
    for mark in marks[KEPT:]:
        if not is_used(mark):
            remove(mark.parent)


def require_room(folder: Path, needed: int) -> None:
    """Refuse to start what would not fit on the disk."""
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise Problem(
            f"The disk of {folder} has {free >> 20} MB left, and {needed >> 20} MB are"
            " needed: free some space, or name a folder on another disk with"
            " DATA=/path."
        )
