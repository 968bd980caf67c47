"""Dynamic time warping: which frame of one utterance belongs to which frame of another.

`librosa.sequence.dtw` holds three matrices of all pairs of frames, 180 MB for two utterances of
15 s. Here a band around the straight line is searched, an anti-diagonal at a time: memory grows
with the band, and nothing has to be compiled.
"""

from __future__ import annotations

import numpy as np

from genkit.errors import DataError

BAND = 0.1  # half the width of the band, as a share of the frames of both utterances


def warping_path(real: np.ndarray, made: np.ndarray, band: float = BAND) -> np.ndarray:
    """Path of least summed distance through the pairs of frames.

    A step moves on by a frame in the one, in the other or in both, at the same price (Sakoe and
    Chiba, 1978, the symmetric form without weights).

    Args:
        real: `(F, D)`, a vector for each frame; distances are Euclidean.
        made: `(G, D)`.
        band: how far both frames of a pair may be from those that would lie there if one were
            the other evenly stretched, as a share of F + G. At 1 all paths are allowed; at 0.1,
            two utterances of 3 s may be apart by 1.2 s at a place.

    Returns:
        `(P, 2)` int64, frames of `real` and of `made`; from (0, 0) to (F - 1, G - 1), so
        max(F, G) <= P < F + G.

    Raises:
        DataError: if one of them has no frames.
    """
    if not len(real) or not len(made):
        raise DataError(f"nothing to align: {len(real)} and {len(made)} frames")
    lows, highs = _band(len(real), len(made), band)
    steps = _search(np.asarray(real, np.float64), np.asarray(made, np.float64), lows, highs)
    return _walked_back(steps, lows, len(real), len(made))


def _band(rows: int, columns: int, band: float) -> tuple[np.ndarray, np.ndarray]:
    """First and last row, both inclusive, on each anti-diagonal row + column = k."""
    diagonals = np.arange(rows + columns - 1)
    centres = diagonals * ((rows - 1) / max(rows + columns - 2, 1))
    # With one row to each side there is always a way from one anti-diagonal to the next.
    radius = max(1.0, band * (rows + columns))
    lows = np.maximum(np.ceil(centres - radius), np.maximum(0, diagonals - columns + 1))
    highs = np.minimum(np.floor(centres + radius), np.minimum(rows - 1, diagonals))
    return lows.astype(np.int64), highs.astype(np.int64)


BOTH, FIRST, SECOND = range(3)  # which of the two moved on


def _search(
    real: np.ndarray, made: np.ndarray, lows: np.ndarray, highs: np.ndarray
) -> list[np.ndarray]:
    """For each anti-diagonal the step, uint8, by which each row in the band is reached best."""
    backwards = made[::-1]  # along an anti-diagonal one index rises, the other one falls
    # Costs by row + 1, of this anti-diagonal and of the two before; row -1 cannot be reached.
    before = np.full(len(real) + 1, np.inf)
    last = before.copy()
    steps = []
    for k, (low, high) in enumerate(zip(lows, highs, strict=True)):
        first = len(made) - 1 - k + low  # in `backwards`, of column k - low
        apart = real[low : high + 1] - backwards[first : first + high + 1 - low]
        rows = slice(low + 1, high + 2)
        above = slice(low, high + 1)
        choices = np.stack([before[above], last[above], last[rows]])
        best = choices.argmin(axis=0).astype(np.uint8)
        reached = 0.0 if k == 0 else choices.min(axis=0)
        before, last = last, np.full(len(real) + 1, np.inf)
        last[rows] = reached + np.sqrt(np.einsum("rd,rd->r", apart, apart))
        steps.append(best)
    return steps


def _walked_back(steps: list[np.ndarray], lows: np.ndarray, rows: int, columns: int) -> np.ndarray:
    row, column = rows - 1, columns - 1
    path = [(row, column)]
    while row or column:
        step = steps[row + column][row - lows[row + column]]
        row -= step != SECOND
        column -= step != FIRST
        path.append((row, column))
    return np.array(path[::-1], np.int64)
