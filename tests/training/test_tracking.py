"""What the loop keeps in mind, against closed forms."""

from __future__ import annotations

import math

import pytest

from genkit.errors import NonFiniteError
from genkit.family import Monitor
from genkit.feeding import Batches
from genkit.tracking import MAX_PENDING, Best, Plateau, Speed, Window


def test_a_window_averages_and_empties() -> None:
    window = Window()
    for step in range(1, 5):
        window.add(step, {"loss": float(step), "learning_rate": 1.0 / step})
    assert window.close() == {"loss": 2.5, "learning_rate": 0.25}
    assert window.close() == {}


def test_a_window_goes_on_after_saving() -> None:
    whole, first = Window(), Window()
    values = [0.1, 0.2, 0.7, 1e9]
    for step, value in enumerate(values):
        whole.add(step, {"loss": value})
    for step, value in enumerate(values[:2]):
        first.add(step, {"loss": value})
    first.drain()
    second = Window()
    second.restore(first.save())
    for step, value in enumerate(values[2:], 2):
        second.add(step, {"loss": value})
    assert second.close() == whole.close()


@pytest.mark.parametrize("name", ["loss", "gradient_norm"])
@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_window_names_the_first_bad_step(name: str, value: float) -> None:
    window = Window()
    window.add(7, {name: 1.0})
    window.add(8, {name: value})
    window.add(9, {name: math.nan})
    with pytest.raises(NonFiniteError, match=f"{name} is {value} at step 8"):
        window.drain()


def test_other_metrics_may_be_infinite() -> None:
    window = Window()
    window.add(1, {"loss": 1.0, "ratio": math.inf})
    assert window.close()["ratio"] == math.inf


def test_a_window_does_not_grow_without_bound() -> None:
    window = Window()
    for step in range(3 * MAX_PENDING):
        window.add(step, {"loss": 1.0})
    assert len(window._pending) < MAX_PENDING


def test_best_follows_the_mode_and_ignores_nan() -> None:
    best = Best(Monitor("accuracy", "max"))
    assert [best.update(i, v) for i, v in enumerate([0.5, 0.4, math.nan, math.inf, 0.5, 0.6])] == [
        True, False, False, False, False, True,
    ]  # fmt: skip
    assert (best.step, best.value) == (5, 0.6)
    assert not Best(None).update(1, 0.0)


def test_a_plateau_lowers_after_patience() -> None:
    plateau = Plateau(Monitor("loss"), patience=2)
    values = [3.0, 2.0, 2.0, math.nan, 2.5, 2.5, 1.0, 1.5]
    assert [plateau.update(value) for value in values] == [
        False, False, False, True, False, True, False, False,
    ]  # fmt: skip
    again = Plateau(Monitor("loss"), patience=2)
    again.restore(plateau.save())
    assert again.update(1.5)


def test_speed_leaves_out_the_first_update_and_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr("genkit.tracking.time.perf_counter", lambda: now[0])
    speed = Speed()
    assert speed.lap() is None
    now[0] += 50
    speed.start()
    assert speed.lap() is None
    speed.steps += 10
    now[0] += 2
    with speed.paused():
        now[0] += 1000
    assert speed.lap() == 5.0
    speed.steps += 1
    now[0] += 1
    assert speed.lap() == 1.0


class Counting:
    """A feed that notes what it was asked for."""

    def __init__(self, state: dict[str, int]) -> None:
        self.state = state
        self.asked: list[int] = []

    def batch(self, k: int) -> dict[str, int]:
        self.asked.append(k)
        if k == 13:
            raise ValueError("batch 13 is unlucky")
        return {"k": k}

    def save(self) -> dict[str, int]:
        return self.state

    def restore(self, state: object) -> None:
        raise NotImplementedError


def test_stateless_feeds_are_asked_one_ahead_and_never_past_the_end() -> None:
    feed = Counting({})
    with Batches(feed, 4) as batches:
        assert [batches.take(k)["k"] for k in (1, 2, 3)] == [1, 2, 3]
    assert feed.asked == [1, 2, 3]
    feed = Counting({})
    with Batches(feed, 100) as batches:
        batches.take(0)
    assert feed.asked in ([0], [0, 1])


def test_feeds_with_state_are_asked_in_time() -> None:
    feed = Counting({"position": 3})
    with Batches(feed, 9) as batches:
        batches.take(1)
        assert feed.asked == [1]


def test_errors_of_a_feed_come_out_at_their_own_batch() -> None:
    with Batches(Counting({}), 100) as batches:
        assert batches.take(12)["k"] == 12
        with pytest.raises(ValueError, match="batch 13 is unlucky"):
            batches.take(13)
