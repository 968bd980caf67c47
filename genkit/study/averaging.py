"""Several curves as one. Between two records a curve is a straight line."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from genkit.study.records import Curve

POINTS = 200  # of a curve that is drawn


def overlap(curves: Sequence[Curve]) -> tuple[float, float]:
    """The steps where all curves have begun, and where all still are."""
    begin = max(float(x[0]) for x, _ in curves)
    return begin, max(begin, min(float(x[-1]) for x, _ in curves))


def averaged(curves: Sequence[Curve]) -> Curve:
    """The mean on evenly spaced steps of where the curves overlap."""
    grid = np.linspace(*overlap(curves), POINTS)
    return grid, _heights(curves, grid).mean(axis=0)


def exact_mean(curves: Sequence[Curve]) -> Curve:
    """The mean where the curves overlap, at all steps that have a record: its every corner."""
    begin, end = overlap(curves)
    steps = np.unique(np.concatenate([x for x, _ in curves]))
    steps = steps[(begin <= steps) & (steps <= end)]
    return steps, _heights(curves, steps).mean(axis=0)


def common_grid(curves: Sequence[Curve]) -> np.ndarray:
    """Evenly spaced steps `(POINTS,)` from where the first of all begins to where the last ends."""
    begin = min(float(x[0]) for x, _ in curves)
    return np.linspace(begin, max(float(x[-1]) for x, _ in curves), POINTS)


def spread(curves: Sequence[Curve], grid: np.ndarray) -> np.ndarray:
    """Mean, least and most of the curves, `(3, n)`; NaN where they do not overlap.

    Args:
        grid: steps `(n,)`.
    """
    heights = _heights(curves, grid)
    found = np.stack([heights.mean(axis=0), heights.min(axis=0), heights.max(axis=0)])
    begin, end = overlap(curves)
    found[:, (grid < begin) | (grid > end)] = np.nan
    return found


def _heights(curves: Sequence[Curve], grid: np.ndarray) -> np.ndarray:
    return np.stack([np.interp(grid, x, y) for x, y in curves])
