"""Sampling and training on the accelerator that JAX sees, within a time budget.

    KERAS_BACKEND=jax PYTHONPATH=. python benchmarks/gpu.py [--out FILE] [--seconds S]

Writes one JSON file, after every row anew. What does not fit into the budget is left out, and its
row says so. Without an accelerator it says that and exits 0; `--allow-cpu` measures the CPU. Needs
JAX, Keras, NumPy, pydantic, ruamel.yaml and Pillow; TensorFlow may be missing.

Each network is measured in two processes of its own, one for sampling and one for training: the
peak of an accelerator's memory cannot be reset, and a lack of memory should stop one of them only.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

os.environ.setdefault("KERAS_BACKEND", "jax")
os.environ.setdefault("GENKIT_COMPILATION_CACHE", "off")

from benchmarks import cases, report  # after the settings; neither imports a backend

NO_ACCELERATOR = 77
DEFAULT = ("grey-15x64", "colour-15x66", "audio-64x256", "grey-7x32")
PARTS = ("sampling", "training")
TILES = (1, 16, 64, 256, 1024)
BATCHES = (64, 256)
START = 12.0  # seconds that a part needs before its first row
GRACE = 90.0  # a part may be in the middle of a long compilation when its time is over
ROW_SECONDS = 2.0


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--out", type=Path, help="the JSON file (bench-gpu.json below $OUT or runs)"
    )
    parser.add_argument("--seconds", type=float, default=300.0, help="for everything")
    parser.add_argument("--only", default=",".join(DEFAULT), help="networks, with commas between")
    parser.add_argument("--tiles", default=",".join(map(str, TILES)))
    parser.add_argument("--batches", default=",".join(map(str, BATCHES)), help="of training")
    parser.add_argument("--allow-cpu", action="store_true", help="measure without an accelerator")
    parser.add_argument("--part", choices=PARTS, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    unknown = [name for name in asked.only.split(",") if name not in cases.CASES]
    if unknown:
        allowed = ", ".join(cases.CASES)
        parser.error(f"--only takes some of {allowed}. Received: {', '.join(unknown)}")
    return asked


def numbers(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split(","))


def part_rows(asked: argparse.Namespace) -> Iterator[dict[str, Any]]:
    """The rows of one network's sampling or training, measured in this process."""
    from genkit.benchmark import Benchmark

    end = time.monotonic() + asked.seconds

    def refused(workload: Any) -> str | None:
        return "no time left" if time.monotonic() > end else None

    benchmark = Benchmark(ROW_SECONDS, refused=refused, tolerant=True)
    sizes = numbers(asked.tiles if asked.part == "sampling" else asked.batches)
    groups = cases.sampling if asked.part == "sampling" else cases.training
    for columns, workloads in groups(cases.CASES[asked.only], sizes):
        for row in benchmark.rows(workloads):
            if asked.part == "training" and "seconds" in row:
                row["steps_per_second"] = 1.0 / row["seconds"]
            yield {**columns, **row}


def measure_part(asked: argparse.Namespace) -> int:
    """Write the rows of a part, one a line, as they come."""
    from genkit import backend

    if not backend.accelerated() and not asked.allow_cpu:
        return NO_ACCELERATOR
    from genkit.benchmark import machine

    with asked.out.open("w", encoding="utf-8") as file:
        for row in itertools.chain([{"machine": machine.facts()}], part_rows(asked)):
            file.write(json.dumps(row) + "\n")
            file.flush()
    return 0


def run_part(name: str, part: str, asked: argparse.Namespace, seconds: float) -> tuple[int, str]:
    """Run a part in a process of its own; its exit code, and its lines so far whatever happened."""
    lines = asked.out.with_name(f".{asked.out.name}.part")
    lines.write_text("")
    command = [sys.executable, __file__, "--part", part, "--only", name, "--out", str(lines)]
    command += ["--seconds", str(seconds), "--tiles", asked.tiles, "--batches", asked.batches]
    command += ["--allow-cpu"] if asked.allow_cpu else []
    try:
        code = subprocess.run(command, timeout=seconds + START + GRACE, check=False).returncode
    except subprocess.TimeoutExpired:
        code = -1
    text = lines.read_text(encoding="utf-8")
    lines.unlink()
    return code, text


def fits(name: str, part: str) -> bool:
    """Whether a network has this part."""
    return part == "sampling" or cases.CASES[name].trains


def measure_all(asked: argparse.Namespace, say: Callable[[str], None]) -> int:
    """Every part that fits into the budget."""
    end = time.monotonic() + asked.seconds
    found = report.Report(asked.out, {})
    names = asked.only.split(",")
    parts = [(name, part) for part in PARTS for name in names if fits(name, part)]
    for i, (name, part) in enumerate(parts):
        # An equal share of the time that is left; what a part does not use, the later ones have.
        share = (end - time.monotonic()) / (len(parts) - i) - START
        if share <= 0:
            found.add({"case": name, "part": part, "skipped": "no time left"})
            continue
        say(f"{name}, {part}: {share:.0f} s ...")
        code, text = run_part(name, part, asked, share)
        if code == NO_ACCELERATOR:
            asked.out.unlink()
            say("JAX sees no accelerator: nothing to measure. --allow-cpu measures the CPU.")
            return 0
        for line in text.splitlines():
            row = json.loads(line)
            if "machine" in row:
                found.values["machine"] = row["machine"]
            else:
                found.add({"part": part, **row})
        if code != 0:
            reason = "took too long and was stopped" if code == -1 else f"exit code {code}"
            found.add({"case": name, "part": part, "error": reason})
    print(report.table(found.values["results"]))
    say(f"Written: {asked.out}")
    measured = [row for row in found.values["results"] if "seconds" in row]
    return 0 if measured else 1


def main() -> int:
    asked = arguments()
    if asked.part:
        return measure_part(asked)
    asked.out = asked.out or report.default_out("bench-gpu.json")
    return measure_all(asked, report.say)


if __name__ == "__main__":
    raise SystemExit(main())
