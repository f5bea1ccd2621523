"""Runs the benchmarks: one line a figure, and the same as JSON.

``make bench`` calls it with a database of its own; see README.md.
"""

from __future__ import annotations

import argparse
import datetime
import importlib
import json
import os
import platform
import sys
from pathlib import Path

from benchmarks.api import FIGURES, Bench, Figure, Result

FOLDER = Path(__file__).parent


def discover() -> list[Figure]:
    """Import every bench_*.py and return the figures that they register."""
    for file in sorted(FOLDER.glob("bench_*.py")):
        importlib.import_module(f"benchmarks.{file.stem}")
    return FIGURES


def chosen(figures: list[Figure], names: list[str]) -> list[Figure]:
    """Return the figures whose name, function or file has one of the names in it."""
    if not names:
        return figures
    return [
        figure
        for figure in figures
        if any(
            name.lower()
            in f"{figure.name} {figure.function.__module__} "
            f"{figure.function.__name__}".lower()
            for name in names
        )
    ]


def measure(figure: Figure, database: str, rounds: int) -> Result:
    """Run one benchmark on a cursor of its own."""
    from odoo import SUPERUSER_ID, api
    from odoo.modules.registry import Registry

    with Registry(database).cursor() as cursor:
        bench = Bench(api.Environment(cursor, SUPERUSER_ID, {}), figure, rounds)
        figure.function(bench)
        cursor.rollback()
    if bench.result is None:
        raise RuntimeError("it recorded nothing: call bench.compare or bench.record")
    return bench.result


def write(results: list[Result], output: Path) -> None:
    """Write what was measured, and on what."""
    content = {
        "measured_at": datetime.datetime.now(datetime.timezone.utc).isoformat(),
        "processors": os.cpu_count(),
        "python": platform.python_version(),
        "figures": [result.as_json() for result in results],
    }
    output.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


def main() -> int:
    """Run what is asked for; a benchmark that fails fails the run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*")
    parser.add_argument("--database", required=True)
    parser.add_argument("--config", required=True)
    parser.add_argument("--data-dir", required=True)
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()

    from odoo.tools import config

    config.parse_config(
        [
            f"--config={options.config}",
            f"--database={options.database}",
            f"--data-dir={options.data_dir}",
            "--http-interface=127.0.0.1",
            "--log-level=error",
        ],
        setup_logging=True,
    )
    figures = chosen(discover(), options.names)
    if not figures:
        print(f"No benchmark has {' or '.join(options.names) or 'a name'} in its name.")
        return 1
    results, failed = [], 0
    for figure in figures:
        try:
            results.append(measure(figure, options.database, options.rounds))
        except Exception as error:  # the others are still worth measuring
            failed += 1
            print(
                f"{figure.name}: failed ({type(error).__name__}: {error})", flush=True
            )
        else:
            print(results[-1].line(), flush=True)
        write(results, options.output)
    print(f"Written to {options.output}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
