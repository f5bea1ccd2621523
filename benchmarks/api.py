"""What a benchmark is written with."""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any

LEAST_ROUNDS = 3


@dataclass(frozen=True)
class Figure:
    """A benchmark: what it is called, and what it is compared with."""

    name: str
    peer: str
    function: Callable[[Bench], None]
    unit: str = "s"
    goal: float | None = None


@dataclass
class Result:
    """What was measured. ``ratio`` says how many times better ours is than the peer."""

    name: str
    unit: str
    peer_name: str
    ours: float
    peer: float
    ratio: float
    rounds: int
    goal: float | None = None
    notes: dict[str, float] = field(default_factory=dict)
    ours_samples: list[float] = field(default_factory=list)
    peer_samples: list[float] = field(default_factory=list)

    def line(self) -> str:
        """Return the one line that is printed."""
        goal = f", goal {self.goal:g}x" if self.goal else ""
        notes = "".join(f"; {name} {value:g}" for name, value in self.notes.items())
        return (
            f"{self.name}: ours {self.ours:.4g} {self.unit},"
            f" {self.peer_name} {self.peer:.4g} {self.unit},"
            f" {self.ratio:.3g}x{goal} (median of {self.rounds}){notes}"
        )

    def as_json(self) -> dict[str, Any]:
        """Return the same for the file."""
        return asdict(self)


FIGURES: list[Figure] = []


def figure(
    name: str, *, peer: str, unit: str = "s", goal: float | None = None
) -> Callable[[Callable[[Bench], None]], Callable[[Bench], None]]:
    """Register a function as the benchmark ``name``, compared with ``peer``.

    ``goal`` is the ratio to reach; it is printed and recorded, not judged.
    """

    def register(function: Callable[[Bench], None]) -> Callable[[Bench], None]:
        FIGURES.append(Figure(name, peer, function, unit, goal))
        return function

    return register


class Bench:
    """Given to each benchmark: a database to work on, and the clock."""

    def __init__(self, env: Any, subject: Figure, rounds: int = LEAST_ROUNDS) -> None:
        #: Odoo's environment (superuser) on a cursor that is rolled back at the end.
        self.env = env
        self.figure = subject
        self.rounds = max(rounds, LEAST_ROUNDS)
        self.result: Result | None = None
        #: Further numbers for the line and the file, as ``bench.notes["MB"] = 12``.
        self.notes: dict[str, float] = {}

    def compare(
        self,
        ours: Callable[[], Any],
        peer: Callable[[], Any],
        *,
        work: int | None = None,
        prepare: Callable[[], Any] | None = None,
        keep: bool = False,
    ) -> Result:
        """Run both alternately, at least three times each, and record the medians.

        With ``work`` (how many records one run handles) the figure is a rate, and more
        is better; without it the figure is seconds. ``prepare`` runs before each run,
        outside the clock. What a run does to the database is undone after it, unless
        ``keep`` says that it commits or cleans up by itself.
        """
        samples: dict[str, list[float]] = {"ours": [], "peer": []}
        for number in range(self.rounds):
            # The one that goes first would always meet the colder caches.
            order = [("ours", ours), ("peer", peer)]
            for side, function in order if number % 2 == 0 else reversed(order):
                seconds = self._time(function, prepare, keep)
                samples[side].append(work / seconds if work else seconds)
        return self.record(samples["ours"], samples["peer"], rate=bool(work))

    def record(
        self, ours: list[float], peer: list[float], *, rate: bool = False
    ) -> Result:
        """Record samples that were taken elsewhere; ``rate`` if more is better."""
        if min(len(ours), len(peer)) < LEAST_ROUNDS:
            raise ValueError(f"at least {LEAST_ROUNDS} samples of each are needed")
        our_median, peer_median = statistics.median(ours), statistics.median(peer)
        better, worse = (our_median, peer_median) if rate else (peer_median, our_median)
        self.result = Result(
            name=self.figure.name,
            unit=self.figure.unit,
            peer_name=self.figure.peer,
            ours=our_median,
            peer=peer_median,
            ratio=better / worse,
            rounds=min(len(ours), len(peer)),
            goal=self.figure.goal,
            notes=self.notes,
            ours_samples=ours,
            peer_samples=peer,
        )
        return self.result

    def _time(
        self,
        function: Callable[[], Any],
        prepare: Callable[[], Any] | None,
        keep: bool,
    ) -> float:
        if keep:
            if prepare:
                prepare()
            return _clock(function)
        with self.env.cr.savepoint(flush=True) as savepoint:
            if prepare:
                prepare()
            self.env.flush_all()
            self.env.invalidate_all()
            seconds = _clock(lambda: (function(), self.env.flush_all()))
            self.env.invalidate_all(flush=False)
            savepoint.rollback()
        return seconds


def _clock(function: Callable[[], Any]) -> float:
    gc.collect()
    started = time.perf_counter()
    function()
    return time.perf_counter() - started
