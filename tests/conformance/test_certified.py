"""When two samplers may differ: at certified near-ties only."""

from __future__ import annotations

import numpy as np
import pytest

from genkit.conformance.suite import NEAR_TIE, certified

SHAPE = (2, 2, 1)
# Probabilities 1/4, 1/2, 1/4: edges at 0.25 and 0.75.
LOGITS = np.broadcast_to(np.log(np.array([0.25, 0.5, 0.25], np.float32)), (*SHAPE, 3))


def images(*values: int) -> np.ndarray:
    return np.array(values).reshape(SHAPE)


def noise(at_second: float) -> np.ndarray:
    return np.array([0.1, at_second, 0.5, 0.9], np.float32).reshape(SHAPE)


def test_equal_samples_are_certified() -> None:
    assert certified(images(0, 1, 1, 2), images(0, 1, 1, 2), noise(0.5), LOGITS, LOGITS)


def test_a_first_difference_at_an_edge_is_a_near_tie_whatever_follows() -> None:
    u = 0.25 + NEAR_TIE / 2
    assert certified(images(0, 1, 1, 2), images(0, 0, 2, 2), noise(u), LOGITS, LOGITS)


@pytest.mark.parametrize("u", [0.25 + 3 * NEAR_TIE, 0.5, 0.75 - 3 * NEAR_TIE])
def test_a_first_difference_off_the_edge_is_none(u: float) -> None:
    assert not certified(images(0, 1, 1, 2), images(0, 0, 1, 2), noise(u), LOGITS, LOGITS)


def test_the_edge_has_to_be_there_in_both() -> None:
    moved = np.broadcast_to(np.log(np.array([0.26, 0.49, 0.25], np.float32)), (*SHAPE, 3))
    u = 0.25 + NEAR_TIE / 2
    assert not certified(images(0, 1, 1, 2), images(0, 0, 1, 2), noise(u), LOGITS, moved)
    assert not certified(images(0, 1, 1, 2), images(0, 0, 1, 2), noise(u), moved, LOGITS)


def test_only_the_first_difference_counts() -> None:
    """A later near-tie excuses nothing."""
    u = 0.5
    later = noise(u)
    later[1, 0, 0] = 0.75
    assert not certified(images(0, 1, 1, 2), images(0, 0, 2, 2), later, LOGITS, LOGITS)
