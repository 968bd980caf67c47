"""The triplet loss against loops over triplets."""

from __future__ import annotations

import numpy as np
import pytest
from keras import ops

from genkit import backend
from genkit.models.image_embedding.proofs import loss_by_hand
from genkit.models.image_embedding.triplets import squared_distances, triplet_loss
from genkit.randomness import normal
from tests.densities import array

pytestmark = pytest.mark.backends
MINING = ("semi_hard", "hard", "all")


def points(count: int, dimensions: int = 3, purpose: str = "points") -> np.ndarray:
    drawn = normal(0, purpose, 0, (count, dimensions))
    return drawn / np.linalg.norm(drawn, axis=1, keepdims=True)


def angles(*degrees: float) -> np.ndarray:
    """Points of the unit circle."""
    turned = np.deg2rad(degrees)
    return np.stack([np.cos(turned), np.sin(turned)], axis=1).astype(np.float32)


def loss(x: np.ndarray, labels: list[int], margin: float, mining: str) -> tuple[float, dict]:
    compiled = backend.compile(lambda a, b: triplet_loss(a, b, margin, mining), [])
    found, metrics = compiled(x, np.array(labels, np.int32))
    return float(array(found)), {name: float(array(value)) for name, value in metrics.items()}


def gradient(x: np.ndarray, labels: list[int], margin: float, mining: str) -> np.ndarray:
    people = ops.convert_to_tensor(np.array(labels, np.int32))
    return array(backend.input_gradient(lambda a: triplet_loss(a, people, margin, mining)[0], x))


@pytest.mark.parametrize("mining", MINING)
@pytest.mark.parametrize("margin", [0.05, 0.8, 3.0])
def test_the_loss_by_brute_force(mining: str, margin: float) -> None:
    labels = [0, 0, 0, 4, 4, 2, 2, 2]
    x = points(8)
    found, _ = loss(x, labels, margin, mining)
    expected = loss_by_hand(x, np.array(labels), margin, mining)
    assert found == pytest.approx(expected, abs=1e-5)
    assert expected > 0


def test_semi_hard_negatives_are_the_nearest_beyond_the_pair() -> None:
    x, labels = angles(0, 30, 20, 60, 90), [0, 0, 1, 1, 1]
    d = array(squared_distances(ops.convert_to_tensor(x)))
    # Of the pair 0, 1 the negative at 20 degrees is too near, that at 60 degrees is taken.
    terms = [
        d[0, 1] - d[0, 3], d[1, 0] - d[1, 4],
        d[2, 3] - d[2, 0], d[2, 4] - d[2, 0], d[3, 2] - d[3, 0], d[3, 4] - d[3, 0],
        d[4, 2] - d[4, 0], d[4, 3] - d[4, 1],
    ]  # fmt: skip
    found, _ = loss(x, labels, 1.0, "semi_hard")
    assert found == pytest.approx(np.mean(np.maximum(0, np.array(terms) + 1.0)), abs=1e-6)


def test_metrics_of_a_batch() -> None:
    x, labels = angles(0, 0, 180, 180), [3, 3, 5, 5]
    for mining in MINING:
        found, metrics = loss(x, labels, 0.5, mining)
        assert found == 0
        assert metrics["active_share"] == 0
        assert metrics["positive_squared_distance"] == pytest.approx(0, abs=1e-6)
        assert metrics["negative_squared_distance"] == pytest.approx(4)
    swapped, metrics = loss(x, [3, 5, 3, 5], 0.5, "all")
    assert metrics["active_share"] == 1
    assert swapped == pytest.approx((4.5 + 0.5) / 2)  # a negative at 0 and one at 4


@pytest.mark.parametrize("mining", MINING)
def test_one_person_alone_or_single_photographs_give_no_loss(mining: str) -> None:
    for labels in ([1, 1, 1], [0, 1, 2]):
        found, metrics = loss(points(3), labels, 0.5, mining)
        assert found == 0
        assert metrics["active_share"] == 0
        assert np.all(gradient(points(3), labels, 0.5, mining) == 0)


@pytest.mark.parametrize("mining", MINING)
def test_only_active_triplets_have_a_gradient(mining: str) -> None:
    # Two people apart, and two near each other. Of the former no triplet is active.
    x, labels = angles(0, 4, 90, 94, 200, 205, 208, 212), [0, 0, 1, 1, 2, 2, 3, 3]
    found = gradient(x, labels, 0.2, mining)
    assert np.all(found[:4] == 0)
    assert np.all(np.abs(found[5:7]).max(axis=1) > 0)


@pytest.mark.parametrize("mining", MINING)
def test_the_gradient_by_finite_differences(mining: str) -> None:
    x, labels = points(6, purpose=f"slopes/{mining}"), [0, 0, 1, 1, 2, 2]
    slope = gradient(x, labels, 0.7, mining)

    def along(step: float) -> float:
        # Of vectors that are no longer of unit length the loss is that of 2 - 2 a b.
        moved = ops.convert_to_tensor((x + step * slope).astype(np.float32))
        people = ops.convert_to_tensor(np.array(labels, np.int32))
        return float(array(triplet_loss(moved, people, 0.7, mining)[0]))

    size = 1e-3
    expected = (along(size) - along(-size)) / (2 * size)
    assert expected == pytest.approx(float(np.sum(slope**2)), rel=2e-2)


def test_identical_photographs_have_a_finite_gradient() -> None:
    x = angles(0, 0, 1, 1)
    for mining in MINING:
        assert np.isfinite(gradient(x, [0, 0, 1, 1], 0.2, mining)).all()
