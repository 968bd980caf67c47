"""From logits and one uniform number to a value: inverse of the cumulative distribution.

All samplers share these functions, so that the same noise gives the same values. They follow the
float type of the logits. How each step is written was measured inside compiled loops on a CPU
(`benchmarks/decoding.py`): neither `cumsum` nor sorting is fast there.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from keras import ops

# e^-104 underflows in float32: values further below the most probable one are never drawn.
DEEPEST = 104.0
# Logits closer than this to the last one that top-k or top-p keeps count as equal to it.
EQUAL = 1e-6
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
        top_p: of what is left, keep the fewest most probable values that hold this share
            (and those equal to the last of them).
    """

    temperature: float = 1.0
    top_k: int | None = None
    top_p: float | None = None

    @property
    def cold(self) -> bool:
        """Whether the most probable value is taken."""
        return self.temperature < COLDEST


def logits_type(compute_dtype: str) -> str:
    """The float type of logits: float32 whatever the maps are rounded to, or float64."""
    return "float64" if compute_dtype == "float64" else "float32"


def choose(
    logits: Any, uniform: Any, decoding: Decoding, forced: Any, mask: Any
) -> tuple[Any, Any]:
    """Values and their log-probability: what a sampler does at each position.

    Args:
        logits: `(..., K)`. uniform: `(...)`, inside (0, 1).
        forced, mask: `(...)` integers; where the mask is 1 the forced value is taken.

    Returns:
        Values `(...)` int32, and their log-probability at temperature 1, nats, in the float type
        of the logits. Drawn at temperature 1, both come from one exponential of the logits.
    """
    depth = _depth(logits)
    values = ops.where(mask > 0, forced, _draw(depth, uniform, decoding))
    chosen = _at(depth, values)
    return values, chosen - ops.log(_total(ops.exp(depth))[..., 0])


def draw(logits: Any, uniform: Any, decoding: Decoding) -> Any:
    """The values that `uniform` draws.

    Args:
        logits: `(..., K)`.
        uniform: `(...)`, inside (0, 1).

    Returns:
        `(...)`, int32: the first value whose cumulative probability exceeds the uniform number.
    """
    return _draw(_depth(logits), uniform, decoding)


def log_probability(logits: Any, values: Any) -> Any:
    """Log-probability at temperature 1, nats, of integer `values (...)` under `(..., K)`.

    The form for whole arrays and for gradients; a sampler has it from `choose`.
    """
    return _at(ops.log_softmax(logits, axis=-1), values)


def weights_of(logits: Any, decoding: Decoding) -> Any:
    """Unnormalised weights, most probable value 1, excluded values 0; shape of `logits`.

    Not for a cold decoding, which has no distribution.
    """
    return _weights(_depth(logits), decoding)


def cumulative(weights: Any) -> Any:
    """Inclusive cumulative sums along the last axis, as a product with a triangle."""
    count = int(weights.shape[-1])
    ones = np.triu(np.ones((count, count), np.float32))
    return ops.matmul(weights, ops.cast(ones, weights.dtype))


def edge_distance(logits: np.ndarray, uniform: float, decoding: Decoding) -> float:
    """How near a draw is to another outcome, float64.

    The smallest of: the distance of the uniform number from an edge between two values; with
    top-k or top-p how much the logits, or the share that is held, would have to change for
    another set of values to be kept; and for a cold decoding the gap of the two largest logits.
    Two exact samplers may differ where this is below 1e-5 in both: a certified near-tie.

    Args:
        logits: `(K,)`, of one value.
    """
    scaled = np.asarray(logits, np.float64) - np.max(logits)
    ordered = np.sort(scaled)[::-1]
    if decoding.cold:
        return float(-ordered[1]) if len(ordered) > 1 else 1.0
    scaled, ordered = scaled / decoding.temperature, ordered / decoding.temperature
    kept, margins = len(ordered), [1.0]
    if decoding.top_k is not None and decoding.top_k < kept:
        kept = int(np.sum(ordered >= ordered[decoding.top_k - 1]))
    if decoding.top_p is not None and decoding.top_p < 1.0:
        held = np.cumsum(np.exp(ordered[:kept]))
        beyond = held / held[-1] - decoding.top_p
        margins.append(float(np.min(np.abs(beyond[:-1]), initial=1.0)))
        kept = int(np.sum(ordered >= ordered[np.argmax(beyond >= 0)]))
    if kept < len(ordered):
        margins.append(float(ordered[kept - 1] - ordered[kept]))
    sums = np.cumsum(np.where(scaled >= ordered[kept - 1], np.exp(scaled), 0.0))
    margins.append(float(np.min(np.abs(sums[:-1] / sums[-1] - uniform), initial=1.0)))
    return min(margins)


def _depth(logits: Any) -> Any:
    """Logits below the largest one."""
    logits = ops.convert_to_tensor(logits)
    return logits - ops.max(logits, axis=-1, keepdims=True)


def _at(scores: Any, values: Any) -> Any:
    """`scores[..., values]`: a gather without its price in a loop, and safe for -inf."""
    places = np.arange(int(scores.shape[-1]), dtype=np.int32)
    chosen = places == ops.cast(values, "int32")[..., None]
    return ops.sum(ops.where(chosen, scores, ops.zeros_like(scores)), axis=-1)


def _total(weights: Any) -> Any:
    """Sums along the last axis, which stays with size 1. Long ones are fastest as a product."""
    count = int(weights.shape[-1])
    if count <= DIRECT:
        return ops.sum(weights, axis=-1, keepdims=True)
    return ops.matmul(weights, ops.ones((count, 1), weights.dtype))


def _weights(depth: Any, decoding: Decoding) -> Any:
    if decoding.temperature != 1.0:
        depth = depth / decoding.temperature
    weights = ops.exp(depth)
    count = int(depth.shape[-1])
    if decoding.top_k is not None and decoding.top_k < count:
        kept = ops.full_like(depth[..., :1], float(decoding.top_k))
        weights = _keep(depth, weights, ops.ones_like(weights), kept, DEEPEST)
    if decoding.top_p is not None and decoding.top_p < 1.0:
        needed = decoding.top_p * _total(weights)
        # All values below this one would together hold less than what may be left out.
        lowest = min(DEEPEST, -math.log((1.0 - decoding.top_p) / count))
        weights = _keep(depth, weights, weights, needed, lowest)
    return weights


def _keep(depth: Any, weights: Any, measure: Any, needed: Any, lowest: float) -> Any:
    """Zero all weights below the highest depth whose values still hold the needed measure.

    By bisection from -lowest to 0, in a loop: it runs as fast as when it is unrolled, and compiles
    in half the time. Values at or above `low` always hold enough.
    """
    measure = ops.where(weights > 0, measure, ops.zeros_like(measure))
    steps = math.ceil(math.log2(lowest / EQUAL))

    def halve(i: Any, low: Any, width: Any) -> Any:
        middle = low + 0.5 * width
        held = _total(ops.where(depth >= middle, measure, ops.zeros_like(measure)))
        return i + 1, ops.where(held >= needed, middle, low), 0.5 * width

    start = (0, ops.full_like(depth[..., :1], -lowest), ops.full_like(depth[..., :1], lowest))
    _, low, _ = ops.while_loop(lambda i, *_: i < steps, halve, start, maximum_iterations=steps)
    return ops.where(depth >= low, weights, ops.zeros_like(weights))


def _draw(depth: Any, uniform: Any, decoding: Decoding) -> Any:
    if decoding.cold:
        return ops.cast(ops.argmax(depth, axis=-1), "int32")
    weights = _weights(depth, decoding)
    uniform = ops.cast(uniform, weights.dtype)[..., None]
    if int(weights.shape[-1]) <= DIRECT:
        sums = cumulative(weights)
        return _first(weights, sums, uniform * sums[..., -1:])
    return _search(weights, uniform)


def _search(weights: Any, uniform: Any) -> Any:
    """The block of 16 values that holds the uniform number, then the value in that block."""
    count = int(weights.shape[-1])
    blocks = -(-count // BLOCK)
    lead = tuple(weights.shape[:-1])
    if blocks * BLOCK > count:
        padding = [(0, 0)] * len(lead) + [(0, blocks * BLOCK - count)]
        weights = ops.pad(weights, padding)
    grid = ops.reshape(weights, (*lead, blocks, BLOCK))
    totals = ops.sum(grid, axis=-1)
    sums = cumulative(totals)
    wanted = uniform * sums[..., -1:]
    block = _first(totals, sums, wanted)[..., None]
    places = np.arange(blocks, dtype=np.int32)
    before = ops.sum(ops.where(places < block, totals, ops.zeros_like(totals)), axis=-1)
    here = (places == block)[..., None]
    inside = ops.sum(ops.where(here, grid, ops.zeros_like(grid)), axis=-2)
    rest = wanted - before[..., None]
    return block[..., 0] * BLOCK + _first(inside, cumulative(inside), rest)


def _first(weights: Any, sums: Any, wanted: Any) -> Any:
    """The first value of any weight whose sum exceeds what is wanted, `(...)` int32.

    Sums are rounded, so that those of excluded values may lie on either side of an edge; and
    where none exceeds what is wanted, the last value of any weight is drawn.
    """
    count = int(weights.shape[-1])
    places = np.arange(count, dtype=np.int32)
    allowed = weights > 0
    first = ops.min(ops.where(allowed & (sums > wanted), places, count), axis=-1)
    last = ops.max(ops.where(allowed, places, 0), axis=-1)
    return ops.minimum(first, last)
