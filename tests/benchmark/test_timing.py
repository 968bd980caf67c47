"""Times are taken in turns, and what changes the machine's speed changes no ratio."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from genkit.benchmark import timing


class Clock:
    """A machine that slows down while it works: calls cost more and more."""

    def __init__(self, slowdown: float = 1.0) -> None:
        self.now, self.pace, self.slowdown = 0.0, 1.0, slowdown
        self.order: list[str] = []

    def call(self, name: str, cost: float) -> Callable[[], Any]:
        def run() -> None:
            self.order.append(name)
            self.now += cost * self.pace
            self.pace *= self.slowdown

        return run


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(timing.time, "perf_counter", lambda: made.now)
    return made


def test_the_call_is_measured_between_its_references(clock: Clock) -> None:
    turns = timing.in_turns(clock.call("a", 2.0), [clock.call("b", 1.0)], budget=12.0)
    assert clock.order == ["b", "a", "b", *["a", "b"] * 4]
    assert turns.seconds == [2.0] * 4
    assert turns.median() == 2.0
    assert turns.reference_median() == 1.0
    assert turns.ratio() == pytest.approx(2.0)


def test_a_machine_that_slows_down_changes_no_ratio(clock: Clock) -> None:
    clock.slowdown = 1.1
    turns = timing.in_turns(clock.call("a", 3.0), [clock.call("b", 1.0)], budget=100.0)
    assert turns.seconds[-1] > 2 * turns.seconds[0]
    assert turns.ratio() == pytest.approx(3.0, rel=0.01)


def test_the_fastest_reference_counts_and_slow_ones_are_dropped(clock: Clock) -> None:
    references = [clock.call("slow", 5.0), clock.call("near", 1.1), clock.call("fast", 1.0)]
    turns = timing.in_turns(clock.call("a", 2.0), references, budget=1.0)
    assert turns.chosen == 2
    assert turns.ratio() == pytest.approx(2.0)
    assert clock.order.count("slow") == 1
    assert clock.order.count("near") == clock.order.count("fast") == 1 + 1 + timing.FEWEST


def test_rounds_are_bounded(clock: Clock) -> None:
    assert len(timing.in_turns(clock.call("a", 1e3), [], 1.0).seconds) == timing.FEWEST
    quick = timing.in_turns(clock.call("a", 1e-6), [], 1.0)
    assert len(quick.seconds) == timing.MOST
    assert (quick.ratio(), quick.reference_median(), quick.chosen) == (None, None, None)


def test_results_are_waited_for(monkeypatch: pytest.MonkeyPatch, clock: Clock) -> None:
    def wait(outputs: Any) -> Any:
        clock.now += 7.0
        return outputs

    monkeypatch.setattr(timing.backend, "synchronise", wait)
    assert timing.timed(clock.call("a", 1.0)) == 8.0
