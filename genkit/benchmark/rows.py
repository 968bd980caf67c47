"""Rows of `genkit bench`: a workload prepared, measured and told in columns."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from genkit.benchmark import memory
from genkit.benchmark.timing import in_turns, timed
from genkit.family import Workload
from genkit.progress import SILENT, Progress

SECONDS = 5.0  # spent on a row beside compilation
# Memory grows in this order. A peak that cannot be reset is then still one of the row's own.
LIGHTEST_FIRST = ("incremental", "fixed-point", "training_step", "naive")


@dataclass(frozen=True)
class Prepared:
    """What the first two calls of a workload told.

    Args:
        first: seconds of the first call: tracing, compilation and the run itself.
        memory: of the second call.
    """

    first: float
    memory: memory.Memory


def prepare(workload: Workload) -> Prepared:
    """Compile a workload; nothing else of its row may have run before."""
    first = timed(workload.run)
    return Prepared(first, memory.measure(workload.run))


def measure(workload: Workload, prepared: Prepared, seconds: float = SECONDS) -> dict[str, Any]:
    """The row of a prepared workload.

    `seconds` is the median over `repeats` rounds; where only a share of the values was really
    produced, it is scaled up and the row says `extrapolated`.
    """
    for run in workload.forward:
        timed(run)
    turns = in_turns(workload.run, workload.forward, seconds)
    whole = 1.0 / workload.share
    taken = turns.median() * whole
    ratio = turns.ratio()
    row: dict[str, Any] = {
        "sampler": workload.name,
        "tile": workload.tile,
        "seconds": taken,
        "seconds_min": min(turns.seconds) * whole,
        "seconds_max": max(turns.seconds) * whole,
        "repeats": len(turns.seconds),
        "extrapolated": workload.share < 1.0,
        "forward_seconds": turns.reference_median(),
        "ratio": None if ratio is None else ratio * whole,
        "values_per_second": workload.values / taken,
        "compile_seconds": max(0.0, prepared.first - turns.median()),
        "peak_bytes": prepared.memory.peak,
        "rise_bytes": prepared.memory.rise,
        **workload.details,
    }
    return {**row, **_of_audio(workload, taken)}


def _of_audio(workload: Workload, seconds: float) -> dict[str, float]:
    """Columns that follow from a sample rate (Hz) and from the time of plain products."""
    found, steps = {}, workload.values / workload.tile
    if "sample_rate" in workload.details:
        found["real_time_factor"] = steps / workload.details["sample_rate"] / seconds
    if "blas_seconds_per_step" in workload.details:
        found["blas_ratio"] = seconds / steps / workload.details["blas_seconds_per_step"]
    return found


def run_all(
    workloads: Sequence[Workload],
    seconds: float = SECONDS,
    progress: Progress = SILENT,
    refused: Callable[[Workload], str | None] = lambda workload: None,
) -> list[dict[str, Any]]:
    """A row per workload, in their order.

    Args:
        workloads: fresh, not run before.
        seconds: spent on each row, compilation not counted.
        progress: told of each step.
        refused: asked before a workload is compiled and before it is timed; a text is why it is
            left out, which its row says under `skipped`.
    """
    progress.start("bench", 2 * len(workloads), "step")
    rows: dict[int, dict[str, Any]] = {}
    prepared: dict[int, Prepared] = {}
    for i in sorted(range(len(workloads)), key=lambda i: _weight(workloads[i])):
        reason = refused(workloads[i])
        if reason is None:
            prepared[i] = prepare(workloads[i])
        else:
            rows[i] = _skipped(workloads[i], reason)
        progress.advance()
    for i, workload in enumerate(workloads):
        reason = refused(workload)
        if i in prepared:
            rows[i] = (
                measure(workload, prepared[i], seconds)
                if reason is None
                else _skipped(workload, reason)
            )
        progress.advance()
    progress.finish()
    found = [rows[i] for i in range(len(workloads))]
    _compare_with_naive(found)
    return found


def _weight(workload: Workload) -> tuple[int, int]:
    known = workload.name in LIGHTEST_FIRST
    place = LIGHTEST_FIRST.index(workload.name) if known else len(LIGHTEST_FIRST)
    return place, workload.tile


def _skipped(workload: Workload, reason: str) -> dict[str, Any]:
    return {"sampler": workload.name, "tile": workload.tile, "skipped": reason}


def _compare_with_naive(rows: Sequence[dict[str, Any]]) -> None:
    """`over_naive`: how many times faster than the naive sampler of the same tile."""
    naive = {
        row["tile"]: row["seconds"]
        for row in rows
        if row["sampler"] == "naive" and "seconds" in row
    }
    for row in rows:
        if (
            "seconds" in row
            and row["tile"] in naive
            and row["sampler"] not in ("naive", "training_step")
        ):
            row["over_naive"] = naive[row["tile"]] / row["seconds"]
