"""The most probable sequence of phones: a hidden Markov model with a state for each phone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

AVERAGED = 5  # frames around one, whose posteriors are averaged
SHORTEST = 3  # frames of a phone: 30 ms; of TIMIT's, 12 % are shorter
_AROUND = np.arange(AVERAGED) - AVERAGED // 2


@dataclass(frozen=True)
class PhoneModel:
    """Natural logarithms of the probabilities of K phones.

    Args:
        first: `(K,)`, of the first frame.
        moves: `(K, K)`, from the phone of a frame (row) to that of the next one.
    """

    first: np.ndarray
    moves: np.ndarray


def phone_model(sequences: Sequence[np.ndarray], frames: np.ndarray) -> PhoneModel:
    """Bigram and durations of phones.

    A phone stays with probability 1 - 1 / d, where d is its mean duration. Otherwise another one
    follows, by how often it does in the sequences; all counts are one larger than they are.

    Args:
        sequences: each `(S,)` int, phones in their order, no phone after itself.
        frames: `(K,)`, mean duration of each phone in frames; less than 1.1 counts as 1.1, so that
            a phone can stay.
    """
    count = len(frames)
    firsts = np.ones(count)
    follow = np.ones((count, count))
    for sequence in sequences:
        if len(sequence):
            firsts[sequence[0]] += 1
            np.add.at(follow, (sequence[:-1], sequence[1:]), 1)
    np.fill_diagonal(follow, 0.0)
    leave = 1.0 / np.maximum(frames, 1.1)
    moves = leave[:, None] * follow / np.maximum(follow.sum(axis=1, keepdims=True), 1e-12)
    np.fill_diagonal(moves, 1.0 - leave)
    with np.errstate(divide="ignore"):
        return PhoneModel(np.log(firsts / firsts.sum()), np.log(moves))


def smoothed(log_probabilities: np.ndarray) -> np.ndarray:
    """The most probable phone of each frame, without a model of their sequence, `(F,)` int64.

    Posteriors are averaged over `AVERAGED` frames; then phones shorter than `SHORTEST` frames
    go to the neighbour that explains them better, the shortest ones first.

    Args:
        log_probabilities: `(F, K)`.
    """
    frames = len(log_probabilities)
    if not frames:
        return np.empty(0, np.int64)
    around = np.clip(np.arange(frames)[:, None] + _AROUND, 0, frames - 1)
    path = np.exp(log_probabilities)[around].mean(axis=1).argmax(axis=1)
    while True:
        edges = np.flatnonzero(np.diff(path)) + 1
        starts, stops = np.append(0, edges), np.append(edges, frames)
        lengths = stops - starts
        short = int(lengths.argmin())
        if len(lengths) == 1 or lengths[short] >= SHORTEST:
            return path
        own = slice(starts[short], stops[short])
        near = [int(path[i]) for i in (starts[short] - 1, stops[short]) if 0 <= i < frames]
        path[own] = max(near, key=lambda phone: float(log_probabilities[own, phone].sum()))


def viterbi(scores: np.ndarray, model: PhoneModel) -> np.ndarray:
    """The path of the largest summed score, `(F,)` int64.

    Args:
        scores: `(F, K)`, how well each phone explains each frame, natural logarithms.
        model: of the K phones. Of equally good paths, the one through earlier phones wins.
    """
    frames = len(scores)
    if not frames:
        return np.empty(0, np.int64)
    came_from = np.empty(scores.shape, np.int64)
    best = model.first + scores[0]
    for frame in range(1, frames):
        ways = best[:, None] + model.moves
        came_from[frame] = ways.argmax(axis=0)
        best = ways.max(axis=0) + scores[frame]
    path = np.empty(frames, np.int64)
    path[-1] = best.argmax()
    for frame in range(frames - 1, 0, -1):
        path[frame - 1] = came_from[frame, path[frame]]
    return path
