"""What the products of one step cost by themselves: the yardstick of `blas_ratio`.

A sampler at tile 1 reads every weight once a step. So its step is compared with one matrix-vector
product a layer with the same weights, by NumPy's BLAS on one thread in the same process.
"""

from __future__ import annotations

import time
from collections.abc import Sequence

import numpy as np
from threadpoolctl import threadpool_limits

ROUNDS = 25
STEPS = 40  # of a round


def stacked(weights: Sequence[np.ndarray], columns: int) -> np.ndarray:
    """All weights of a layer as one float32 matrix of that many columns, filled up with zeros."""
    flat = np.concatenate([np.asarray(array, np.float32).ravel() for array in weights])
    rows = -(-flat.size // columns)
    return np.pad(flat, (0, rows * columns - flat.size)).reshape(rows, columns)


def stacked_product_seconds(weights: Sequence[np.ndarray]) -> float:
    """Seconds of one matrix-vector product with each of the matrices, one after the other.

    What as many calls on 1x1 matrices take is subtracted. Of row-major and column-major matrices
    the faster ones count.
    """
    rows = [np.ascontiguousarray(matrix) for matrix in weights]
    columns = [np.asfortranarray(matrix) for matrix in weights]
    empty = [np.ones((1, 1), np.float32) for _ in weights]
    with threadpool_limits(1, user_api="blas"):
        found = _seconds([rows, columns, empty])
    return max(min(found[:2]) - found[2], 0.0)


def _seconds(ways: Sequence[Sequence[np.ndarray]]) -> list[float]:
    """Median seconds of going through each list of matrices once, measured in turns."""
    ready = []
    for matrices in ways:
        vectors = [np.ones(m.shape[1], np.float32) for m in matrices]
        outputs = [np.empty(m.shape[0], np.float32) for m in matrices]
        ready.append(list(zip(matrices, vectors, outputs, strict=True)))
    found: list[list[float]] = [[] for _ in ways]
    for _ in range(ROUNDS):
        for products, seconds in zip(ready, found, strict=True):
            start = time.perf_counter()
            for _ in range(STEPS):
                for matrix, vector, out in products:
                    np.dot(matrix, vector, out=out)
            seconds.append((time.perf_counter() - start) / STEPS)
    return [float(np.median(seconds)) for seconds in found]
