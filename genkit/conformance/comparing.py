"""When two samplers agree: the rule of exactness, and the size of float differences."""

from __future__ import annotations

from collections import Counter
from typing import Literal

import numpy as np

from genkit.sampling.decoding import Decoding, edge_distance

NEAR_TIE = 1e-5  # a draw this close to an edge may fall on either side
# Share of 256-way draws that rounding of about 1e-6 moves over an edge.
FLIPS = 5e-5

Verdict = Literal["equal", "near_tie", "different"]


def verdict(
    mine: np.ndarray,
    theirs: np.ndarray,
    noise: np.ndarray,
    *logits: np.ndarray,
    decoding: Decoding = Decoding(),  # noqa: B008 - frozen
) -> Verdict:
    """Whether two samples of the same noise are equal, or first differ at a certified near-tie.

    Args:
        mine, theirs: values of any shape, in the order in which they were drawn.
        noise: the shared uniform numbers, same shape.
        logits: `(..., K)` of each sampler after the same earlier values: the draw has to be
            close to an edge in all of them.
        decoding: of both samplers.
    """
    different = np.flatnonzero(mine != theirs)
    if not len(different):
        return "equal"
    first = int(different[0])
    u = float(noise.reshape(-1)[first])
    rows = [scores.reshape(-1, scores.shape[-1])[first] for scores in logits]
    close = all(edge_distance(row, u, decoding) <= NEAR_TIE for row in rows)
    return "near_tie" if close else "different"


def verdicts(
    mine: np.ndarray,
    theirs: np.ndarray,
    noise: np.ndarray,
    *logits: np.ndarray,
    decoding: Decoding = Decoding(),  # noqa: B008 - frozen
) -> Counter[str]:
    """How many samples of a tile, the first axis of every array, are of each verdict."""
    samples = zip(mine, theirs, noise, *logits, strict=True)
    return Counter(verdict(*sample, decoding=decoding) for sample in samples)


def most_near_ties(draws: int) -> int:
    """More near-ties than this among so many draws are no accident of rounding."""
    return 3 + int(np.ceil(4 * FLIPS * draws))


def relative(left: np.ndarray, right: np.ndarray) -> float:
    """Largest difference in units of the largest size, at least 1."""
    scale = max(1.0, float(np.max(np.abs(right))))
    return float(np.max(np.abs(left.astype(np.float64) - right.astype(np.float64)))) / scale
