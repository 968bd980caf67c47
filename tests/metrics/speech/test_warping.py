"""Alignment by dynamic time warping."""

from __future__ import annotations

import time

import numpy as np
import pytest

from genkit import randomness
from genkit.errors import DataError
from genkit.metrics.speech.warping import warping_path


def noise(index: int, *shape: int) -> np.ndarray:
    return randomness.normal(0, "test/warping", index, shape)


def cost(path: np.ndarray, one: np.ndarray, other: np.ndarray) -> float:
    return float(np.linalg.norm(one[path[:, 0]] - other[path[:, 1]], axis=1).sum())


@pytest.mark.parametrize(("rows", "columns"), [(1, 1), (1, 5), (6, 1), (2, 2), (7, 12), (30, 21)])
def test_the_path_costs_what_librosa_finds(rows: int, columns: int) -> None:
    import librosa

    one, other = noise(0, rows, 3), noise(1, columns, 3)
    path = warping_path(one, other, band=1.0)
    best = librosa.sequence.dtw(one.T, other.T, backtrack=False)[-1, -1]
    assert cost(path, one, other) == pytest.approx(best, rel=1e-5)


@pytest.mark.parametrize(("rows", "columns"), [(1, 9), (9, 1), (4, 5), (40, 25), (25, 40), (3, 60)])
@pytest.mark.parametrize("band", [0.0, 0.1, 1.0])
def test_a_path_goes_from_corner_to_corner_in_single_steps(
    rows: int, columns: int, band: float
) -> None:
    path = warping_path(noise(2, rows, 2), noise(3, columns, 2), band)
    assert path[0].tolist() == [0, 0]
    assert path[-1].tolist() == [rows - 1, columns - 1]
    steps = {tuple(step) for step in np.diff(path, axis=0).tolist()}
    assert steps <= {(1, 1), (0, 1), (1, 0)}


def test_repeated_frames_cost_nothing() -> None:
    one = noise(4, 40, 5)
    times = 1 + np.arange(40) % 3
    path = warping_path(one, np.repeat(one, times, axis=0))
    np.testing.assert_array_equal(path[:, 0], np.repeat(np.arange(40), times))


def test_the_band_keeps_the_path_near_the_straight_line() -> None:
    one = np.zeros((100, 1))
    one[10] = 9.0
    other = np.zeros((100, 1))
    other[60] = 9.0
    wide, narrow = warping_path(one, other, 1.0), warping_path(one, other, 0.05)
    assert cost(wide, one, other) == 0.0
    assert cost(narrow, one, other) == 18.0
    assert np.abs(np.diff(narrow, axis=1)).max() <= 2 * 0.05 * 200


def test_ten_seconds_take_a_moment() -> None:
    """0.5 s where nothing else runs; a matrix of all pairs would take 16 million steps."""
    began = time.process_time()
    warping_path(noise(5, 2_000, 24), noise(6, 2_000, 24))
    assert time.process_time() - began < 5


def test_nothing_cannot_be_aligned() -> None:
    with pytest.raises(DataError, match="nothing to align: 0 and 4 frames"):
        warping_path(np.zeros((0, 2)), np.zeros((4, 2)))
