"""The project's own figures on this machine: every sampler of the networks in `cases.py`.

    python benchmarks/suite.py [--only NAME,...] [--seconds S] [--out FILE]

Prints tables and writes one JSON file. Needs no data and no training.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

# How long compilation takes is a figure; programs of earlier runs would hide it.
os.environ.setdefault("GENKIT_COMPILATION_CACHE", "off")

from benchmarks import cases, report
from genkit.benchmark import Benchmark, linear_row, machine, raster_lengths, raster_workloads
from genkit.benchmark.rows import with_speedups

LINEAR = {"linear": ("grey-15x64", 16), "tiny-linear": ("tiny", 2)}
DEFAULT = ("grey-15x64", "colour-15x66", "grey-7x32", "linear")
LINEAR_COLUMNS = {
    "case": "case",
    "doubled": "doubled",
    "tile": "tile",
    "values": "values",
    "seconds": "seconds",
    "seconds_of_twice": "of twice",
    "ratio": "ratio",
}


def image_rows(name: str, seconds: float) -> list[dict[str, Any]]:
    """Every sampler of one network at its tiles."""
    case = cases.IMAGES[name]
    learner: Any = case.learner()
    rows = Benchmark(seconds).rows(raster_workloads(learner.view, case.tiles))
    return [{**cases.describe(case), **row} for row in with_speedups(rows)]


def linear_rows(name: str, seconds: float) -> Iterator[dict[str, Any]]:
    """n and 2n values."""
    chosen, tile = LINEAR[name]
    learner: Any = cases.IMAGES[chosen].learner()
    for doubled, once, twice in raster_lengths(learner.view, tile):
        yield {"case": chosen, **linear_row(doubled, once, twice, seconds)}


def main() -> int:
    names = [*cases.IMAGES, *LINEAR]
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", default=",".join(DEFAULT), help=f"some of {', '.join(names)}")
    parser.add_argument("--seconds", type=float, default=6.0, help="for each row")
    parser.add_argument("--out", type=Path, default=report.default_out("bench.json"))
    chosen = parser.parse_args()
    wanted = chosen.only.split(",")
    unknown = [name for name in wanted if name not in names]
    if unknown:
        parser.error(f"--only takes some of {', '.join(names)}. Received: {', '.join(unknown)}")
    found = report.Report(chosen.out, machine.facts())
    for name in wanted:
        report.say(f"{name} ...")
        if name in LINEAR:
            for row in linear_rows(name, chosen.seconds):
                found.add(row, "linear_time")
        else:
            for row in image_rows(name, chosen.seconds):
                found.add(row)
    print(report.table(found.values["results"]))
    if "linear_time" in found.values:
        print("\nTime of twice the values over that of the values")
        print(report.table(found.values["linear_time"], LINEAR_COLUMNS))
    report.say(f"\nWritten: {chosen.out}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
