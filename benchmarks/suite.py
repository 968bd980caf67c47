"""The project's own figures on this machine: every sampler of the networks in `cases.py`.

    python benchmarks/suite.py [--only NAME,...] [--seconds S] [--out FILE]

Prints tables and writes one JSON file. Needs no data and no training.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

# How long compilation takes is a figure; programs of earlier runs would hide it.
os.environ.setdefault("GENKIT_COMPILATION_CACHE", "off")

from benchmarks import cases, report
from genkit.benchmark import Benchmark, linear_row, machine, raster_lengths, with_speedups

LINEAR = {"linear": ("grey-15x64", 16), "tiny-linear": ("tiny", 2)}
AUDIO = "audio-stack"
DEFAULT = ("grey-15x64", "colour-15x66", "grey-7x32", "linear", AUDIO)
LINEAR_COLUMNS = {
    "case": "case",
    "doubled": "doubled",
    "tile": "tile",
    "values": "values",
    "seconds": "seconds",
    "seconds_of_twice": "of twice",
    "ratio": "ratio",
}
AUDIO_COLUMNS = {
    "residual": "residual",
    "skip": "skip",
    "tile": "tile",
    "threads": "threads",
    "steps_per_second": "steps/s",
    "values_per_second": "values/s",
    "real_time_factor": "real time",
    "blas_ratio": "over BLAS",
    "compile_seconds": "compile",
    "linear_time_ratio": "2n over n",
}


def sampler_rows(name: str, seconds: float) -> list[dict[str, Any]]:
    """Every sampler of one network at its tiles."""
    case = cases.CASES[name]
    rows = Benchmark(seconds).rows(case.sampling(case.tiles))
    return [{**case.describe(), **row} for row in with_speedups(rows)]


def linear_rows(name: str, seconds: float) -> Iterator[dict[str, Any]]:
    """n and 2n values."""
    chosen, tile = LINEAR[name]
    learner: Any = cases.CASES[chosen].learner()
    for doubled, once, twice in raster_lengths(learner.view, tile):
        yield {"case": chosen, **linear_row(doubled, once, twice, seconds)}


def audio_rows() -> list[dict[str, Any]]:
    """The dilated stack alone, by its own benchmark, which limits the cores of its processes."""
    command = [sys.executable, str(Path(__file__).with_name("audio_stack.py"))]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    rows: list[dict[str, Any]] = json.loads(done.stdout)["rows"]
    return rows


def measure(name: str, seconds: float, found: report.Report) -> None:
    """Add the rows of one name to the report."""
    if name in LINEAR:
        for row in linear_rows(name, seconds):
            found.add(row, "linear_time")
    elif name == AUDIO:
        for row in audio_rows():
            found.add(row, "audio_stack")
    else:
        for row in sampler_rows(name, seconds):
            found.add(row)


def show(values: dict[str, Any]) -> None:
    """Tables of what was measured."""
    if values["results"]:
        print(report.table(values["results"]))
    if "linear_time" in values:
        print("\nTime of twice the values over that of the values")
        print(report.table(values["linear_time"], LINEAR_COLUMNS))
    if "audio_stack" in values:
        print("\nThe dilated stack as a sampler of audio")
        print(report.table(values["audio_stack"], AUDIO_COLUMNS))


def main() -> int:
    names = [*cases.CASES, *LINEAR, AUDIO]
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
        measure(name, chosen.seconds, found)
    show(found.values)
    report.say(f"\nWritten: {chosen.out}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
