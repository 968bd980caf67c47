"""Any number of items through a function that is compiled for batches of one size."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np


def pad_rows(array: np.ndarray, missing: int) -> np.ndarray:
    """`array` with `missing` rows of zeros behind it."""
    return np.concatenate([array, np.zeros((missing, *array.shape[1:]), array.dtype)])


def in_batches(run: Callable[[np.ndarray], Any], rows: np.ndarray, size: int) -> np.ndarray:
    """`run` of rows `(N, ...)`, one at least, `size` at a time; the last batch is padded.

    Args:
        run: takes and gives arrays, of either backend, whose first axis is `size`.
    """
    found = []
    for start in range(0, len(rows), size):
        own = np.asarray(rows[start : start + size])
        made = np.asarray(run(pad_rows(own, size - len(own))))
        found.append(made[: len(own)])
    return np.concatenate(found)
