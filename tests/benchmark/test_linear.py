"""n values against 2n values."""

from __future__ import annotations

from typing import Any

import pytest

from genkit.benchmark import linear_row, raster_lengths
from genkit.family import Workload
from tests import densities


def test_height_and_width_are_doubled() -> None:
    view = densities.learner(data={"channels": 3}, model={"width": 5, "head": 7}).view
    found = {side: (once.values, twice.values) for side, once, twice in raster_lengths(view, 2)}
    assert found == {"height": (96, 192), "width": (96, 192)}
    assert view.shape == (4, 4, 3), "the model itself stays as it is"


def test_the_row(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = {"now": 0.0}
    monkeypatch.setattr("genkit.benchmark.timing.time.perf_counter", lambda: clock["now"])

    def taking(seconds: float) -> Any:
        return lambda: clock.update(now=clock["now"] + seconds)

    once = Workload("incremental", 2, 100, taking(1.0))
    twice = Workload("incremental", 2, 200, taking(2.5))
    assert linear_row("width", once, twice, seconds=1.0) == {
        "doubled": "width",
        "sampler": "incremental",
        "tile": 2,
        "values": 100,
        "seconds": 1.0,
        "seconds_of_twice": 2.5,
        "ratio": 2.5,
    }
