"""How well boxes of things are found."""

from __future__ import annotations

import numpy as np


def overlaps(found: np.ndarray, true: np.ndarray) -> np.ndarray:
    """Intersection over union `(n, m)` of boxes `(n, 4)` and `(m, 4)`: top, left, height, width."""
    low = np.maximum(found[:, None, :2], true[None, :, :2])
    high = np.minimum((found[:, :2] + found[:, 2:])[:, None], (true[:, :2] + true[:, 2:])[None])
    common = np.clip(high - low, 0.0, None).prod(axis=-1)
    areas = found[:, None, 2:].prod(axis=-1) + true[None, :, 2:].prod(axis=-1) - common
    return np.divide(common, areas, out=np.zeros_like(common), where=areas > 0)


def matched_overlaps(found: np.ndarray, true: np.ndarray) -> np.ndarray:
    """Of each true box `(m, 4)` its overlap with the one box of `(n, 4)` that is its own, `(m,)`;
    0 where none is left. Boxes are paired so that the overlaps' sum is greatest."""
    from scipy.optimize import linear_sum_assignment

    kept = np.zeros(len(true))
    if len(found) and len(true):
        table = overlaps(np.asarray(found, np.float64), np.asarray(true, np.float64))
        rows, columns = linear_sum_assignment(-table)
        kept[columns] = table[rows, columns]
    return kept
