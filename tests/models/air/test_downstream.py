"""Tasks on top of what AIR infers: their answers, and that they are taught by so many labels."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from genkit.errors import UsageError
from genkit.metrics import taught
from genkit.models.air import downstream
from genkit.progress import SILENT
from tests import scenes


def test_answers_of_the_tasks() -> None:
    found = {
        "label": np.array([[3, 9, -1], [9, 3, -1], [5, 5, -1], [0, 7, -1]]),
        "box": np.zeros((4, 3, 4), np.float32),
    }
    found["box"][:, 0, 1] = [1, 1, 8, 20]
    found["box"][:, 1, 1] = [9, 9, 1, 2]
    found["box"][:, :2, 3] = 6
    np.testing.assert_array_equal(downstream.sums(found), [12, 12, 10, 7])
    np.testing.assert_array_equal(downstream.orders(found), [1, 0, 1, 0])


def test_only_scenes_of_two_digits_are_asked_and_so_many_of_them() -> None:
    split = scenes.learner().split("train")
    found = downstream._with_two(split, 50)
    assert len(found["image"]) == 50
    assert (found["count"] == 2).all()
    test = scenes.learner().split("test")
    assert len(downstream._with_two(test, len(test), len(test))["image"]) == 3


def test_a_table_of_tasks_and_labels(monkeypatch: Any) -> None:
    monkeypatch.setattr(taught, "EPOCHS", 2)
    learner = scenes.learner(eval={"labels": [20, 40]}, data={"test_count": 30})
    rows = downstream.downstream(learner, learner.split("test"), 0, SILENT)
    assert [(row["task"], row["labels"]) for row in rows] == [
        ("sum", 20), ("sum", 40), ("order", 20), ("order", 40),
    ]  # fmt: skip
    for row in rows:
        assert 0 <= row["accuracy_on_things"] <= 1
        assert 0 <= row["accuracy_on_pixels"] <= 1
        assert 0 < row["chance"] < 1


def test_a_network_is_taught_what_can_be_learnt(monkeypatch: Any) -> None:
    monkeypatch.setattr(taught, "EPOCHS", 15)
    draw = np.random.default_rng(0)
    x = draw.normal(size=(600, 4)).astype(np.float32)
    y = (x[:, 0] > x[:, 2]).astype(np.int64)

    def teach(seed: int) -> float:
        known, held_out = (x[:400], y[:400]), (x[400:], y[400:])
        return taught.taught_accuracy(
            lambda: taught.vector_network((4,), 2), known, held_out, seed, "tests/taught"
        )

    found = teach(2**62)
    assert found > 0.9
    assert teach(2**62) == found


def test_scenes_without_digits_have_no_tasks() -> None:
    learner = scenes.learner("dair-colour", eval={"labels": [10]})
    with pytest.raises(UsageError, match="scenes of two digits"):
        downstream.downstream(learner, learner.split("test"), 0, SILENT)
    few = scenes.learner(eval={"labels": [10]})
    with pytest.raises(UsageError, match="none of the first 2 scenes holds two digits"):
        downstream.downstream(few, few.split("test").first(2), 0, SILENT)
