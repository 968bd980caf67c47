"""Fréchet distance: closed forms, and how it behaves on sound."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.linalg import sqrtm

from genkit import randomness
from genkit.errors import DataError
from genkit.metrics.frechet import distance_of_sets, frechet_distance, frechet_log_mel

RATE = 8_000


def tones(start: int, count: int) -> list[np.ndarray]:
    """Decaying tones of random pitch, with a little noise, 0.2 to 0.4 s."""
    found = []
    for i in range(start, start + count):
        pitch, length = randomness.uniform(0, "test/tone", i, (2,))
        time = np.arange(int(RATE * (0.2 + 0.2 * length))) / RATE
        tone = np.sin(2 * np.pi * (200 + 800 * pitch) * time) * np.exp(-3 * time)
        hiss = randomness.normal(0, "test/hiss", i, time.shape)
        found.append(np.int16(10_000 * tone + 100 * hiss))
    return found


def noisy(recordings: list[np.ndarray], amount: float) -> list[np.ndarray]:
    return [
        np.int16(recording + amount * randomness.normal(1, "test/noise", i, recording.shape))
        for i, recording in enumerate(recordings)
    ]


def test_two_normal_distributions_in_closed_form() -> None:
    """Diagonal covariances: |m - n|^2 + sum (a - b)^2 of the standard deviations."""
    a, b = np.array([1.0, 2.0, 3.0]), np.array([2.0, 2.0, 0.5])
    found = frechet_distance(np.zeros(3), np.diag(a**2), np.array([1.0, 0, 2.0]), np.diag(b**2))
    assert found == pytest.approx(5.0 + 1.0 + 6.25)
    turn = np.linalg.qr(np.arange(9.0).reshape(3, 3) ** 1.5 + np.eye(3))[0]
    turned = frechet_distance(
        np.zeros(3),
        turn @ np.diag(a**2) @ turn.T,
        turn @ [1.0, 0, 2.0],
        turn @ np.diag(b**2) @ turn.T,
    )
    assert turned == pytest.approx(12.25)


def test_covariances_that_do_not_commute_and_singular_ones() -> None:
    noise = randomness.normal(0, "test", 0, (2, 6, 6)).astype(np.float64)
    first, second = (matrix @ matrix.T for matrix in noise)
    expected = np.trace(first + second - 2 * np.real(sqrtm(first @ second)))
    zero = np.zeros(6)
    assert frechet_distance(zero, first, zero, second) == pytest.approx(expected)
    assert frechet_distance(zero, second, zero, first) == pytest.approx(expected)
    line = np.outer(noise[0, 0], noise[0, 0])  # of rank one: v'v less what they share
    shared = 2 * np.sqrt(noise[0, 0] @ second @ noise[0, 0])
    expected = np.trace(line) + np.trace(second) - shared
    assert frechet_distance(zero, line, zero, second) == pytest.approx(expected)
    assert frechet_distance(zero, line, zero, line) == pytest.approx(0.0, abs=1e-6)


def test_few_vectors_of_one_source_are_farther_apart() -> None:
    """Why only distances of equal counts are compared."""
    vectors = randomness.normal(0, "test", 1, (800, 10)).astype(np.float64)
    few, many = (distance_of_sets(vectors[:n], vectors[n : 2 * n]) for n in (20, 400))
    assert few > 3 * many
    assert distance_of_sets(vectors, vectors) == pytest.approx(0.0, abs=1e-9)


def test_the_distance_grows_with_noise_from_that_of_real_recordings() -> None:
    real, others = tones(0, 60), tones(60, 40)
    found = [frechet_log_mel(real, noisy(others, amount), RATE) for amount in (0, 100, 300, 1_000)]
    distances = [one["distance"] for one in found]
    assert distances == sorted(distances)
    assert distances[1] > 1.2 * distances[0]
    assert distances[0] == pytest.approx(found[0]["real_split"], rel=0.35)
    assert len({one["real_split"] for one in found}) == 1
    assert found[0]["count"] == 30
    assert frechet_log_mel(real, others, RATE) == found[0]
    assert frechet_log_mel(real, others, RATE, seed=1) != found[0]


def test_both_distances_are_of_the_smaller_count() -> None:
    real = tones(0, 40)
    alike = frechet_log_mel(real, tones(40, 5), RATE)
    assert alike["count"] == 5
    assert alike["real_split"] > frechet_log_mel(real, real, RATE)["real_split"]


def test_too_few_recordings() -> None:
    with pytest.raises(DataError, match=r"at least 4 real and 2 generated.*Received: 3 and 9"):
        frechet_log_mel(tones(0, 3), tones(0, 9), RATE)
    with pytest.raises(DataError, match="Received: 4 and 1"):
        frechet_log_mel(tones(0, 4), tones(0, 1), RATE)
