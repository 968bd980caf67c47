"""From logits and one uniform number to a value: inverse of the cumulative distribution.

All samplers share these functions, so that the same noise gives the same values.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from keras import ops

# e^-104 underflows in float32: values further below the most probable one are never drawn.
DEEPEST = 104.0
BISECTIONS = 32
BLOCK = 16
DIRECT = 32
# Below this a float32 temperature is 0, or flushed to it, and would divide 0 by 0.
COLDEST = 1e-37


@dataclass(frozen=True)
class Decoding:
    """How logits become a distribution to draw from.

    Args:
        temperature: logits are divided by it; 0 takes the most probable value.
        top_k: keep the k most probable values (and those equal to the last of them).
        top_p: of what is left, keep the fewest most probable values that hold this share.
    """

    temperature: float = 1.0
    top_k: int | None = None
    top_p: float | None = None

    @property
    def cold(self) -> bool:
        """Whether the most probable value is taken."""
        return self.temperature < COLDEST


def cumulative(weights: Any) -> Any:
    """Inclusive cumulative sums along the last axis, K values.

    Sums are triangular products, in two levels past 32 values: `cumsum` may become a quadratic
    window reduction on XLA:CPU.
    """
    count = int(weights.shape[-1])
    if count <= DIRECT:
        return ops.matmul(weights, np.triu(np.ones((count, count), np.float32)))
    blocks = -(-count // BLOCK)
    lead = tuple(weights.shape[:-1])
    padding = [(0, 0)] * len(lead) + [(0, blocks * BLOCK - count)]
    grid = ops.reshape(ops.pad(weights, padding), (*lead, blocks, BLOCK))
    inside = ops.matmul(grid, np.triu(np.ones((BLOCK, BLOCK), np.float32)))
    before = np.triu(np.ones((blocks, blocks), np.float32), 1)
    offsets = ops.matmul(inside[..., -1], before)
    sums = ops.reshape(inside + offsets[..., None], (*lead, blocks * BLOCK))
    return sums[..., :count]


def weights_of(logits: Any, decoding: Decoding) -> Any:
    """Unnormalised weights, most probable value 1, excluded values 0; shape of `logits`.

    Not for a cold decoding, which has no distribution.
    """
    depth = (logits - ops.max(logits, axis=-1, keepdims=True)) / decoding.temperature
    weights = ops.exp(depth)
    if decoding.top_k is not None and decoding.top_k < int(logits.shape[-1]):
        kept = float(decoding.top_k)
        weights = _keep(depth, weights, ops.ones_like(weights), lambda total: kept)
    if decoding.top_p is not None and decoding.top_p < 1.0:
        share = decoding.top_p
        weights = _keep(depth, weights, weights, lambda total: share * total)
    return weights


def _keep(depth: Any, weights: Any, measure: Any, needed: Any) -> Any:
    """Zero all weights below the highest depth whose values still hold the needed measure."""
    measure = ops.where(weights > 0, measure, 0.0)
    target = needed(ops.sum(measure, axis=-1, keepdims=True))
    low = ops.full_like(depth[..., :1], -DEEPEST)
    high = ops.zeros_like(low)
    # Invariant: values at or above `low` hold enough. Unrolled: loops do not nest well in XLA.
    for _ in range(BISECTIONS):
        middle = 0.5 * (low + high)
        held = ops.sum(ops.where(depth >= middle, measure, 0.0), axis=-1, keepdims=True)
        enough = held >= target
        low, high = ops.where(enough, middle, low), ops.where(enough, high, middle)
    return ops.where(depth >= low, weights, 0.0)


def draw(logits: Any, uniform: Any, decoding: Decoding) -> Any:
    """The values that `uniform` draws.

    Args:
        logits: `(..., K)`, float32.
        uniform: `(...)`, inside (0, 1).

    Returns:
        `(...)`, int32: the first value whose cumulative probability exceeds the uniform number.
    """
    if decoding.cold:
        return ops.cast(ops.argmax(logits, axis=-1), "int32")
    weights = weights_of(logits, decoding)
    sums = cumulative(weights)
    count = int(weights.shape[-1])
    places = np.arange(count, dtype=np.int32)
    # Sums are rounded, so that those of excluded values may lie on either side of an edge.
    allowed = weights > 0
    passed = sums <= uniform[..., None] * sums[..., -1:]
    first = ops.min(ops.where(allowed & ~passed, places, count), axis=-1)
    # Where rounding takes u * total up to the total, the last value of any weight is drawn.
    last = ops.max(ops.where(allowed, places, 0), axis=-1)
    return ops.minimum(first, last)


def log_probability(logits: Any, values: Any) -> Any:
    """Log-probability at temperature 1, nats, of integer `values (...)` under `(..., K)`."""
    chosen = ops.one_hot(values, int(logits.shape[-1]), dtype="float32")
    return ops.sum(ops.log_softmax(logits, axis=-1) * chosen, axis=-1)


def edge_distance(logits: np.ndarray, uniform: float, decoding: Decoding) -> float:
    """Distance from a uniform number to the nearest edge of the distribution, float64.

    Two exact samplers may differ where this is below 1e-5 in both: a certified near-tie.

    Args:
        logits: `(K,)`, of one value.
    """
    depth = np.asarray(logits, np.float64)
    if decoding.cold:
        best = np.sort(depth)[-2:]
        return float(best[-1] - best[0]) if len(best) == 2 else 1.0
    weights = ops.convert_to_numpy(weights_of(np.asarray(logits, np.float32)[None], decoding))[0]
    sums = np.cumsum(weights.astype(np.float64))
    return float(np.min(np.abs(sums[:-1] / sums[-1] - uniform), initial=1.0))
