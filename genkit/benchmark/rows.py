"""Rows of `genkit bench`: a workload prepared, measured and told in columns."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from genkit.benchmark import memory
from genkit.benchmark.timing import in_turns, timed
from genkit.errors import DataError
from genkit.family import Workload
from genkit.progress import SILENT, Progress

SECONDS = 5.0  # spent on a row beside compilation
# Memory grows in this order. A peak that cannot be reset is then still one of the row's own.
LIGHTEST_FIRST = ("incremental", "fixed-point", "training_step", "naive")

Row = dict[str, Any]


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


def measure(workload: Workload, prepared: Prepared, seconds: float = SECONDS) -> Row:
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
    row: Row = {
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
        "resident_bytes": prepared.memory.resident,
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


def _never(workload: Workload) -> None:
    """Nothing is left out."""


@dataclass(frozen=True)
class Benchmark:
    """Measures workloads one after the other.

    Memory is measured of all of them first, the lightest first, since the peak of an accelerator
    cannot be reset; times follow in the order given. What needs data that is not there is left out.

    Args:
        seconds: spent on each row, compilation not counted.
        progress: told of each step.
        refused: asked before a workload is compiled; a text is why it is left out, which its row
            says under `skipped`.
        tolerant: a workload that fails, such as for lack of memory, gives a row with `error`.
    """

    seconds: float = SECONDS
    progress: Progress = SILENT
    refused: Callable[[Workload], str | None] = _never
    tolerant: bool = False

    def rows(self, workloads: Sequence[Workload]) -> Iterator[Row]:
        """A row per workload, in their order, each as soon as it is measured.

        Args:
            workloads: fresh, not run before.
        """
        self.progress.start("bench", 2 * len(workloads), "step")
        prepared: dict[int, Prepared | Row] = {}
        for i in sorted(range(len(workloads)), key=lambda i: _weight(workloads[i])):
            reason = self.refused(workloads[i])
            left_out = None if reason is None else {**_named(workloads[i]), "skipped": reason}
            prepared[i] = left_out or self._attempt(workloads[i], prepare)
            self.progress.advance()
        for i, workload in enumerate(workloads):
            yield self._timed(workload, prepared[i])
            self.progress.advance()
        self.progress.finish()

    def _timed(self, workload: Workload, ready: Prepared | Row) -> Row:
        if not isinstance(ready, Prepared):
            return ready  # why it could not even be prepared
        row: Row = self._attempt(workload, lambda w: measure(w, ready, self.seconds))
        return row

    def _attempt(self, workload: Workload, run: Callable[[Workload], Any]) -> Any:
        """What `run` returns, or the row that says why there is nothing."""
        try:
            return run(workload)
        except DataError as error:
            return {**_named(workload), "skipped": error.message}
        except Exception as error:  # out of memory has no type that backends share
            if not self.tolerant:
                raise
            return {**_named(workload), "error": f"{type(error).__name__}: {error}"[:500]}


def _named(workload: Workload) -> Row:
    return {"sampler": workload.name, "tile": workload.tile}


def with_speedups(rows: Iterable[Row]) -> list[Row]:
    """The rows with `over_naive`: how many times faster than the naive sampler of the tile."""
    found = [dict(row) for row in rows]
    measured = [row for row in found if "seconds" in row]
    naive = {row["tile"]: row["seconds"] for row in measured if row["sampler"] == "naive"}
    for row in measured:
        if row["sampler"] not in ("naive", "training_step") and row["tile"] in naive:
            row["over_naive"] = naive[row["tile"]] / row["seconds"]
    return found


def run_all(
    workloads: Sequence[Workload], seconds: float = SECONDS, progress: Progress = SILENT
) -> list[Row]:
    """A row per workload, in their order."""
    return with_speedups(Benchmark(seconds, progress).rows(workloads))


def _weight(workload: Workload) -> tuple[int, int]:
    known = workload.name in LIGHTEST_FIRST
    place = LIGHTEST_FIRST.index(workload.name) if known else len(LIGHTEST_FIRST)
    return place, workload.tile
