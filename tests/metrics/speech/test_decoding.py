"""Sequences of phones: the most probable one, and the model it is taken from."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from genkit import randomness
from genkit.metrics.speech.decoding import PhoneModel, phone_model, smoothed, viterbi


def total(path: tuple[int, ...], scores: np.ndarray, model: PhoneModel) -> float:
    moved = sum(model.moves[a, b] for a, b in itertools.pairwise(path))
    return float(model.first[path[0]] + moved + sum(scores[f, k] for f, k in enumerate(path)))


@pytest.mark.parametrize(("frames", "phones"), [(1, 3), (2, 2), (5, 3), (6, 2), (4, 4)])
@pytest.mark.parametrize("index", range(5))
def test_the_best_of_all_paths(frames: int, phones: int, index: int) -> None:
    first, moves, scores = (
        randomness.normal(index, f"test/viterbi/{name}", frames * 10 + phones, shape)
        for name, shape in (
            ("first", (phones,)),
            ("moves", (phones, phones)),
            ("scores", (frames, phones)),
        )
    )
    model = PhoneModel(first, moves)
    every = itertools.product(range(phones), repeat=frames)
    best = max(every, key=lambda path: total(path, scores, model))
    assert viterbi(scores, model).tolist() == list(best)


def test_ways_that_do_not_exist_are_not_taken() -> None:
    with np.errstate(divide="ignore"):
        model = PhoneModel(np.log([1.0, 0.0]), np.log([[0.5, 0.5], [0.0, 1.0]]))
    # Frame 2 looks like phone 0, but nothing leads back to it.
    scores = np.array([[0.0, 9.0], [0.0, 5.0], [1.0, 0.0], [0.0, 5.0]])
    assert viterbi(scores, model).tolist() == [0, 1, 1, 1]


def test_no_frames_have_no_path() -> None:
    assert viterbi(np.empty((0, 2)), PhoneModel(np.zeros(2), np.zeros((2, 2)))).shape == (0,)


def test_probabilities_are_counts_and_one() -> None:
    sequences = [np.array([0, 1, 0, 1, 2]), np.array([0, 2]), np.array([], np.int64)]
    model = phone_model(sequences, np.array([4.0, 2.0, 1.0]))
    np.testing.assert_allclose(np.exp(model.first), [3 / 5, 1 / 5, 1 / 5])
    follow = np.array([[0, 3 / 5, 2 / 5], [2 / 4, 0, 2 / 4], [1 / 2, 1 / 2, 0]])
    leave = np.array([1 / 4, 1 / 2, 1 / 1.1])
    expected = leave[:, None] * follow + np.diag(1 - leave)
    np.testing.assert_allclose(np.exp(model.moves), expected)
    np.testing.assert_allclose(np.exp(model.moves).sum(axis=1), 1.0)


def test_smoothed_phones_last_three_frames() -> None:
    sure = np.log(np.array([0.05, 0.05, 0.9]))
    frames = np.full((20, 3), np.log(0.05))
    frames[np.arange(20), [0] * 6 + [1] + [0] * 3 + [2] * 2 + [1] * 8] = sure[2]
    path = smoothed(frames)
    # One frame of another phone is averaged away; two go to the neighbour that explains them.
    assert set(path[:9]) == {0}
    assert set(path[12:]) == {1}
    edges = np.flatnonzero(np.diff(path)) + 1
    assert np.diff([0, *edges, 20]).min() >= 3
    assert smoothed(frames[:1]).tolist() == [0]
    assert smoothed(frames[:0]).tolist() == []
