"""Scores of loop closures, by hand."""

from __future__ import annotations

import numpy as np
import pytest

from genkit.rl.navigation.loop_scores import loop_scores


def test_scores_are_pooled_over_steps_that_count() -> None:
    probability = np.array([[0.9, 0.5, 0.2, np.nan], [0.7, 0.1, 0.8, 0.9]])
    label = np.array([[1, 0, 1, 1], [1, 0, 0, 1]])
    mask = np.array([[1, 1, 1, 0], [1, 1, 1, 0]], bool)
    # Of four claims two are right; of three closures two are found.
    found = loop_scores(probability, label, mask)
    assert found == pytest.approx(
        {
            "loop_precision": 2 / 4,
            "loop_recall": 2 / 3,
            "loop_f1": 2 * 2 / (4 + 3),
            "loop_positive_rate": 3 / 6,
        }
    )
    precision, recall = found["loop_precision"], found["loop_recall"]
    assert found["loop_f1"] == pytest.approx(2 * precision * recall / (precision + recall))
    assert loop_scores(probability, label, mask, threshold=0.6)["loop_precision"] == 2 / 3


@pytest.mark.parametrize(
    ("probability", "label", "wanted"),
    [
        (0.1, 0, {"loop_positive_rate": 0.0}),
        (0.1, 1, {"loop_recall": 0.0, "loop_f1": 0.0, "loop_positive_rate": 1.0}),
        (0.9, 0, {"loop_precision": 0.0, "loop_f1": 0.0, "loop_positive_rate": 0.0}),
    ],
)
def test_what_is_undefined_is_absent(
    probability: float, label: int, wanted: dict[str, float]
) -> None:
    every = np.ones((2, 3), bool)
    assert loop_scores(np.full((2, 3), probability), np.full((2, 3), label), every) == wanted
    assert loop_scores(np.full((2, 3), probability), np.full((2, 3), label), ~every) == {}
