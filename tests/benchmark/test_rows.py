"""Columns of a row, the order of measuring, and what is left out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from genkit.benchmark import memory, rows
from genkit.benchmark.rows import Benchmark, run_all, with_speedups
from genkit.errors import DataError
from genkit.family import Workload
from genkit.progress import Progress


def workload(name: str = "incremental", tile: int = 2, run: Any = None, **kwargs: Any) -> Workload:
    return Workload(name, tile, kwargs.pop("values", 10), run or (lambda: None), **kwargs)


class Sleeper:
    """Seconds of each call, told to a clock."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 0.0
        monkeypatch.setattr("genkit.benchmark.timing.time.perf_counter", lambda: self.now)

    def call(self, *seconds: float) -> Callable[[], Any]:
        left = list(seconds)

        def run() -> None:
            self.now += left.pop(0) if len(left) > 1 else left[0]

        return run


@pytest.fixture
def sleeper(monkeypatch: pytest.MonkeyPatch) -> Sleeper:
    return Sleeper(monkeypatch)


def test_columns(sleeper: Sleeper) -> None:
    forward = [sleeper.call(9.0, 0.5), sleeper.call(9.0, 1.0)]
    (row,) = run_all([workload(run=sleeper.call(7.0, 2.0), forward=forward)], seconds=1.0)
    assert row["sampler"] == "incremental"
    assert row["tile"] == 2
    assert row["seconds"] == row["seconds_min"] == row["seconds_max"] == 2.0
    assert row["forward_seconds"] == 0.5
    assert row["ratio"] == 4.0
    assert row["values_per_second"] == 5.0
    assert row["compile_seconds"] == 5.0
    assert row["extrapolated"] is False
    assert row["repeats"] == 3


def test_a_share_is_scaled_up(sleeper: Sleeper) -> None:
    part = workload("naive", run=sleeper.call(2.0), forward=[sleeper.call(1.0)], share=0.25)
    (row,) = run_all([part], seconds=1.0)
    assert row["extrapolated"] is True
    assert (row["seconds"], row["ratio"], row["values_per_second"]) == (8.0, 8.0, 1.25)


def test_audio(sleeper: Sleeper) -> None:
    details = {"sample_rate": 16_000.0, "blas_seconds_per_step": 1e-5}
    sound = workload(tile=2, values=32_000, run=sleeper.call(0.5), details=details)
    (row,) = run_all([sound], seconds=1.0)
    assert row["real_time_factor"] == pytest.approx(2.0)  # a second of sound in half a second
    assert row["blas_ratio"] == pytest.approx(0.5 / 16_000 / 1e-5)
    assert row["sample_rate"] == 16_000.0


def test_memory_is_measured_of_the_lightest_first_and_rows_keep_their_order() -> None:
    order: list[str] = []

    def named(name: str, tile: int) -> Workload:
        return workload(name, tile, lambda: order.append(f"{name} {tile}"))

    asked = [named("naive", 1), named("incremental", 4), named("new", 1), named("incremental", 1)]
    found = run_all(asked, seconds=1e-9)
    assert [(row["sampler"], row["tile"]) for row in found] == [
        ("naive", 1), ("incremental", 4), ("new", 1), ("incremental", 1),
    ]  # fmt: skip
    first = list(dict.fromkeys(order))
    assert first == ["incremental 1", "incremental 4", "naive 1", "new 1"]


def test_what_is_refused_says_why_and_costs_nothing() -> None:
    called: list[int] = []
    asked = [workload(tile=tile, run=lambda: called.append(1)) for tile in (1, 2)]
    benchmark = Benchmark(1e-9, refused=lambda w: "too late" if w.tile == 2 else None)
    rows_ = list(benchmark.rows(asked))
    assert "seconds" in rows_[0]
    assert rows_[1] == {"sampler": "incremental", "tile": 2, "skipped": "too late"}


def test_a_failure_is_a_row_where_that_is_wanted() -> None:
    def fails() -> None:
        raise MemoryError("no room")

    asked = [workload("naive", run=fails), workload()]
    with pytest.raises(MemoryError):
        list(Benchmark(1e-9).rows(asked))
    found = list(Benchmark(1e-9, tolerant=True).rows(asked))
    assert found[0] == {"sampler": "naive", "tile": 2, "error": "MemoryError: no room"}
    assert "seconds" in found[1]


def test_what_needs_data_that_is_not_there_is_left_out() -> None:
    def fails() -> None:
        raise DataError("cifar10 is not there")

    found = run_all([workload("training_step", run=fails), workload()], 1e-9)
    assert found[0]["skipped"] == "cifar10 is not there"
    assert "seconds" in found[1]


def test_progress_counts_every_step() -> None:
    class Counting(Progress):
        total = done = 0

        def start(self, label: str, total: int, unit: str, initial: int = 0) -> None:
            self.total = total

        def advance(self, count: int = 1, values: Any = None) -> None:
            self.done += count

    progress = Counting()
    run_all([workload(), workload("naive")], 1e-9, progress)
    assert progress.done == progress.total == 4


def test_speed_over_the_naive_sampler_of_the_same_tile() -> None:
    def row(sampler: str, tile: int, seconds: float) -> dict[str, Any]:
        return {"sampler": sampler, "tile": tile, "seconds": seconds}

    found = with_speedups(
        [row("incremental", 1, 2.0), row("naive", 1, 50.0), row("incremental", 2, 1.0),
         row("training_step", 1, 1.0), {"sampler": "fixed-point", "tile": 1, "skipped": "x"}]
    )  # fmt: skip
    assert [r.get("over_naive") for r in found] == [25.0, None, None, None, None]


def test_memory_of_a_call() -> None:
    """A call that holds 64 MB more than one that holds nothing; the process holds more yet."""

    def holds() -> Any:
        return float(np.ones(2**23).sum())

    found = memory.measure(holds)
    assert found.resident > 2**26
    if memory._reset_pages() is None:
        pytest.skip("the high-water mark cannot be reset on this system")
    assert 0.9 * 2**26 < (found.peak or 0) < 1.5 * 2**26
    assert (memory.measure(lambda: None).peak or 0) < 2**24


def test_without_any_count_there_is_no_figure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "_reset_pages", lambda: None)
    monkeypatch.setattr(memory.backend, "allocated", lambda: None)
    monkeypatch.setattr(memory.backend, "reset_allocated_peak", lambda: False)
    found = memory.measure(lambda: None)
    assert found.peak is None
    assert found.resident > 2**20


def test_a_peak_that_cannot_be_reset_counts_only_where_it_rises(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    state = {"used": 100, "peak": 1000}
    monkeypatch.setattr(memory, "_reset_pages", lambda: None)
    monkeypatch.setattr(memory.backend, "allocated", lambda: (state["used"], state["peak"]))
    monkeypatch.setattr(memory.backend, "reset_allocated_peak", lambda: False)
    assert memory.measure(lambda: None).peak is None
    assert memory.measure(lambda: state.update(peak=5000)).peak == 4900
    assert rows.LIGHTEST_FIRST.index("incremental") == 0
