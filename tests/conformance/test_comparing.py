"""When two samplers may differ: at certified near-ties only."""

from __future__ import annotations

import numpy as np
import pytest

from genkit.conformance.comparing import (
    NEAR_TIE,
    most_near_ties,
    relative,
    verdict,
    verdicts,
)
from genkit.sampling.decoding import Decoding

SHAPE = (2, 2, 1)
# Probabilities 1/4, 1/2, 1/4: edges at 0.25 and 0.75.
LOGITS = np.broadcast_to(np.log(np.array([0.25, 0.5, 0.25], np.float32)), (*SHAPE, 3))


def images(*values: int) -> np.ndarray:
    return np.array(values).reshape(SHAPE)


def noise(at_second: float) -> np.ndarray:
    return np.array([0.1, at_second, 0.5, 0.9], np.float32).reshape(SHAPE)


def test_equal_samples_are_equal() -> None:
    assert verdict(images(0, 1, 1, 2), images(0, 1, 1, 2), noise(0.5), LOGITS, LOGITS) == "equal"


def test_a_first_difference_at_an_edge_is_a_near_tie_whatever_follows() -> None:
    u = 0.25 + NEAR_TIE / 2
    found = verdict(images(0, 1, 1, 2), images(0, 0, 2, 2), noise(u), LOGITS, LOGITS)
    assert found == "near_tie"


@pytest.mark.parametrize("u", [0.25 + 3 * NEAR_TIE, 0.5, 0.75 - 3 * NEAR_TIE])
def test_a_first_difference_off_the_edge_is_none(u: float) -> None:
    found = verdict(images(0, 1, 1, 2), images(0, 0, 1, 2), noise(u), LOGITS, LOGITS)
    assert found == "different"


def test_the_edge_has_to_be_there_in_both() -> None:
    moved = np.broadcast_to(np.log(np.array([0.26, 0.49, 0.25], np.float32)), (*SHAPE, 3))
    u = 0.25 + NEAR_TIE / 2
    for pair in ((LOGITS, moved), (moved, LOGITS)):
        assert verdict(images(0, 1, 1, 2), images(0, 0, 1, 2), noise(u), *pair) == "different"


def test_only_the_first_difference_counts() -> None:
    """A later near-tie excuses nothing."""
    later = noise(0.5)
    later[1, 0, 0] = 0.75
    found = verdict(images(0, 1, 1, 2), images(0, 0, 2, 2), later, LOGITS, LOGITS)
    assert found == "different"


def test_edges_are_those_of_the_decoding() -> None:
    """The two most probable of 1/4, 1/2, 1/8, 1/8 have their edge at 1/3."""
    logits = np.broadcast_to(np.log([0.25, 0.5, 0.125, 0.125]), (*SHAPE, 4))
    pair = (images(0, 1, 1, 2), images(0, 0, 1, 2))
    for u, plain, top in ((0.25, "near_tie", "different"), (1 / 3, "different", "near_tie")):
        assert verdict(*pair, noise(u), logits, logits) == plain
        assert verdict(*pair, noise(u), logits, logits, decoding=Decoding(top_k=2)) == top
    warm = Decoding(temperature=0.5)  # probabilities 1/16, 1/4, ...: the first edge at 2/11
    assert verdict(*pair, noise(2 / 11), logits, logits, decoding=warm) == "near_tie"


def test_a_tie_at_the_end_of_what_is_kept_is_a_near_tie_wherever_the_noise_falls() -> None:
    """Rounding decides whether the third value is kept, which moves every edge."""
    logits = np.broadcast_to(np.log([0.4, 0.3, 0.3 - 1e-6, 1e-6]), (*SHAPE, 4))
    pair = (images(0, 1, 1, 2), images(0, 0, 1, 2))
    for decoding in (Decoding(top_k=2), Decoding(top_p=0.7)):
        assert verdict(*pair, noise(0.5), logits, logits, decoding=decoding) == "near_tie"
    for decoding in (Decoding(top_k=3), Decoding(top_p=0.8)):
        assert verdict(*pair, noise(0.5), logits, logits, decoding=decoding) == "different"


def test_the_share_that_is_held_may_be_a_tie_too() -> None:
    logits = np.broadcast_to(np.log([0.1, 0.4, 0.2, 0.3]), (*SHAPE, 4))
    pair = (images(0, 1, 1, 2), images(0, 0, 1, 2))
    for share, found in ((0.7, "near_tie"), (0.7 + 5e-6, "near_tie"), (0.75, "different")):
        decoding = Decoding(top_p=share)
        assert verdict(*pair, noise(0.15), logits, logits, decoding=decoding) == found


def test_equal_logits_are_the_ties_of_a_cold_draw() -> None:
    logits = np.broadcast_to(np.array([1.0, 1.0 + 1e-6, 0.0]), (*SHAPE, 3))
    pair = (images(0, 1, 1, 2), images(0, 0, 1, 2))
    cold = Decoding(temperature=0.0)
    assert verdict(*pair, noise(0.5), logits, logits, decoding=cold) == "near_tie"
    assert verdict(*pair, noise(0.5), LOGITS, LOGITS, decoding=cold) == "different"


def test_verdicts_are_counted_over_a_tile() -> None:
    mine = np.stack([images(0, 1, 1, 2)] * 3)
    theirs = np.stack([images(0, 1, 1, 2), images(0, 0, 1, 2), images(0, 0, 1, 2)])
    numbers = np.stack([noise(0.5), noise(0.25), noise(0.4)])
    logits = np.stack([LOGITS] * 3)
    found = verdicts(mine, theirs, numbers, logits, logits)
    assert found == {"equal": 1, "near_tie": 1, "different": 1}
    assert found["near_ties"] == 0
    assert most_near_ties(0) == 3
    assert most_near_ties(10_000) == 5


def test_differences_are_relative_to_large_numbers_only() -> None:
    assert relative(np.array([0.5]), np.array([0.25])) == 0.25
    assert relative(np.array([110.0, 1.0]), np.array([100.0, 1.0])) == pytest.approx(0.1)
