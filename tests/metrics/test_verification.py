"""Pairs of one class against pairs of two."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from genkit.metrics.verification import distances_figure, verification_auc
from genkit.randomness import uniform


@pytest.mark.parametrize(
    ("same", "different", "expected"),
    [
        ([0.1, 0.2], [0.3, 0.4], 1.0),
        ([0.3, 0.4], [0.1, 0.2], 0.0),
        ([0.5], [0.5, 0.5], 0.5),
        ([0.1, 0.3], [0.2], 0.5),
    ],
)
def test_by_hand(same: list[float], different: list[float], expected: float) -> None:
    assert verification_auc(np.array(same), np.array(different)) == expected


def test_every_pair_of_pairs() -> None:
    same = np.round(uniform(0, "same", 0, (40,)), 1)
    different = np.round(uniform(0, "different", 0, (30,)) + 0.2, 1)
    compared = [(s < d) + 0.5 * (s == d) for s in same for d in different]
    assert verification_auc(same, different) == pytest.approx(np.mean(compared))


def test_a_picture_also_without_pairs_of_one_kind() -> None:
    both = distances_figure(np.array([0.1, 0.2]), np.array([1.9]), "pairs")
    one = distances_figure(np.zeros(0), np.array([1.9]), "pairs")
    assert both.name == "distances"
    assert both.png != one.png
    assert Image.open(io.BytesIO(both.png)).size == (660, 385)
