"""Loudness of a copy against that of the recording."""

from __future__ import annotations

import numpy as np
import pytest

from genkit.metrics.speech.loudness import loudness_correlation
from genkit.randomness import normal

RATE = 8_000


def noise(index: int, levels: np.ndarray) -> np.ndarray:
    """Frames of 20 ms of noise, of these standard deviations of full scale."""
    drawn = normal(0, "tests/loudness", index, (len(levels), 160))
    return (32_768 * levels[:, None] * drawn).clip(-32_768, 32_767).astype(np.int16).ravel()


def test_it_tells_levels_and_nothing_else() -> None:
    levels = np.exp(normal(0, "tests/levels", 0, (200,))) * 0.02
    one, same, other = noise(0, levels), noise(1, levels), noise(2, np.full(200, 0.02))
    assert loudness_correlation(one, one, RATE) == pytest.approx(1.0)
    assert loudness_correlation(one, same, RATE) > 0.98
    assert abs(loudness_correlation(one, other, RATE)) < 0.25
    assert loudness_correlation(one, noise(3, 4e-4 / levels), RATE) < -0.9
    # Floats are the same sound; what only one of them has counts nothing.
    assert loudness_correlation(one / 32_768.0, one[:-500], RATE) == pytest.approx(1.0, abs=1e-6)


def test_where_there_is_nothing_to_compare() -> None:
    silence = np.zeros(1_600, np.int16)
    assert np.isnan(loudness_correlation(silence, noise(0, np.full(10, 0.1)), RATE))
    assert np.isnan(loudness_correlation(silence[:200], silence[:200], RATE))
