"""What it costs to turn logits into values inside a compiled loop, by every way that was tried.

    python benchmarks/decoding.py [--group draw|log_prob|top_p] [--shape 16x256]...

Prints microseconds of one step of the loop (all samples of the tile), less those of a loop that
only reads its logits. The ways that `genkit.sampling.decoding` does not use live here alone.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from genkit import backend
from genkit.randomness import normal, uniform
from genkit.sampling.decoding import (
    Decoding,
    choose,
    cumulative,
    draw,
    log_probability,
    weights_of,
)

from keras import ops  # isort: skip - the backend is chosen by genkit

SHAPES = ("1x256", "16x256", "64x256", "16x2")
STEPS, REPEATS = 256, 25
Way = Callable[[Any, Any], tuple[Any, Any]]


def nothing(logits: Any, u: Any) -> tuple[Any, Any]:
    """The loop itself: reads the logits, draws from the first one."""
    return ops.cast(logits[:, 0] > u, "int32"), u


# The inverse of the cumulative distribution, by sums of all values


def summed(sums_of: Callable[[Any], Any]) -> Way:
    def way(logits: Any, u: Any) -> tuple[Any, Any]:
        weights = weights_of(logits, Decoding())
        return first_above(weights, sums_of(weights), u), u

    return way


def first_above(weights: Any, sums: Any, u: Any) -> Any:
    count = int(weights.shape[-1])
    above = (weights > 0) & (sums > u[:, None] * sums[:, -1:])
    return ops.min(ops.where(above, np.arange(count, dtype=np.int32), count - 1), axis=-1)


def two_levels(weights: Any) -> Any:
    """Sums within blocks of 16 and, added to them, sums of the blocks before."""
    count = int(weights.shape[-1])
    if count <= 32:
        return cumulative(weights)
    inside = cumulative(ops.reshape(weights, (-1, count // 16, 16)))
    totals = inside[..., -1]
    return ops.reshape(inside + (cumulative(totals) - totals)[..., None], weights.shape)


# Log-probability beside the draw


def drawn(logits: Any, u: Any) -> tuple[Any, Any]:
    return draw(logits, u, Decoding()), u


def softmax_and_one_hot(logits: Any, u: Any) -> tuple[Any, Any]:
    value = draw(logits, u, Decoding())
    one_hot = ops.one_hot(value, int(logits.shape[-1]))
    return value, ops.sum(ops.log_softmax(logits, axis=-1) * one_hot, axis=-1)


def separate(logits: Any, u: Any) -> tuple[Any, Any]:
    value = draw(logits, u, Decoding())
    return value, log_probability(logits, value)


def gathered(logits: Any, u: Any) -> tuple[Any, Any]:
    value = draw(logits, u, Decoding())
    depth = logits - ops.max(logits, axis=-1, keepdims=True)
    chosen = ops.take_along_axis(depth, value[:, None], axis=-1)[:, 0]
    return value, chosen - ops.log(ops.sum(ops.exp(depth), axis=-1))


def chosen(decoding: Decoding) -> Way:
    """What samplers do."""

    def way(logits: Any, u: Any) -> tuple[Any, Any]:
        nothing_forced = ops.zeros(u.shape, "int32")
        return choose(logits, u, decoding, nothing_forced, nothing_forced)

    return way


# Top-p and top-k


def shaped(decoding: Decoding) -> Way:
    return lambda logits, u: (draw(logits, u, decoding), u)


def kept(keep: Callable[[Any], Any]) -> Way:
    """A draw from the weights where `keep(weights)` holds."""

    def way(logits: Any, u: Any) -> tuple[Any, Any]:
        weights = weights_of(logits, Decoding())
        weights = ops.where(keep(weights), weights, 0.0)
        return draw(ops.log(weights), u, Decoding()), u

    return way


def by_bisection(weights: Any) -> Any:
    """From e^-104 up, in 32 steps, by plain sums."""
    depth = ops.log(weights)
    low = ops.full_like(depth[:, :1], -104.0)
    high = ops.zeros_like(low)
    target = SHARE * ops.sum(weights, axis=-1, keepdims=True)
    for _ in range(32):
        middle = 0.5 * (low + high)
        held = ops.sum(ops.where(depth >= middle, weights, 0.0), axis=-1, keepdims=True)
        low = ops.where(held >= target, middle, low)
        high = ops.where(held >= target, high, middle)
    return depth >= low


def by_sections(weights: Any) -> Any:
    """Three thresholds a step."""
    depth, width = ops.log(weights), -float(np.log((1 - SHARE) / int(weights.shape[-1])))
    low = ops.full_like(depth[:, :1], -width)
    target = SHARE * ops.sum(weights, axis=-1, keepdims=True)
    for _ in range(int(np.ceil(np.log2(width / 1e-6) / 2))):
        edges = low + width * np.arange(1, 4, dtype=np.float32) / 4
        above = depth[:, None, :] >= edges[:, :, None]
        held = ops.sum(ops.where(above, weights[:, None, :], 0.0), axis=-1)
        width /= 4
        low = low + width * ops.sum(ops.cast(held >= target, "float32"), axis=-1, keepdims=True)
    return depth >= low


def by_pairs(weights: Any) -> Any:
    """Exact: a value stays where the more probable ones hold less than the share."""
    more = weights[:, None, :] > weights[:, :, None]
    held = ops.sum(ops.where(more, weights[:, None, :], 0.0), axis=-1)
    return held < SHARE * ops.sum(weights, axis=-1, keepdims=True)


def by_sorting(weights: Any) -> Any:
    ordered = ops.flip(ops.sort(weights, axis=-1), axis=-1)
    sums = two_levels(ordered)
    needed = sums - ordered < SHARE * sums[:, -1:]
    return weights >= ops.min(ops.where(needed, ordered, 2.0), axis=-1, keepdims=True)


def by_top_k(weights: Any) -> Any:
    return weights >= ops.top_k(weights, min(HIGHEST, int(weights.shape[-1])))[0][:, -1:]


SHARE, HIGHEST = 0.9, 20
GROUPS: dict[str, dict[str, Way]] = {
    "draw": {
        "cumsum": summed(lambda weights: ops.cumsum(weights, axis=-1)),
        "one triangular product": summed(cumulative),
        "two levels of sums": summed(two_levels),
        "block, then value (used)": drawn,
        "argmax (used)": shaped(Decoding(0.0)),
        "temperature (used)": shaped(Decoding(0.7)),
    },
    "log_prob": {
        "the draw alone": drawn,
        "log_softmax, one_hot": softmax_and_one_hot,
        "log_softmax, where": separate,
        "shared, gather": gathered,
        "shared (used)": chosen(Decoding()),
    },
    "top_p": {
        "bisection by sums, 32": kept(by_bisection),
        "three thresholds a step": kept(by_sections),
        "all pairs": kept(by_pairs),
        "sort": kept(by_sorting),
        "ops.top_k": kept(by_top_k),
        "top-p (used)": shaped(Decoding(top_p=SHARE)),
        "top-k (used)": shaped(Decoding(top_k=HIGHEST)),
        "both, and log_prob": chosen(Decoding(0.7, HIGHEST, SHARE)),
    },
}


def loop(way: Way) -> Callable[[Any, Any], Any]:
    """`STEPS` draws one after the other; each draw's logits wait for the one before."""

    def run(table: Any, noise: Any) -> Any:
        tile, levels = int(table.shape[1]), int(table.shape[2])

        def body(i: Any, value: Any, total: Any) -> Any:
            logits = ops.reshape(ops.slice(table, (i, 0, 0), (1, tile, levels)), (tile, levels))
            u = ops.reshape(ops.slice(noise, (i, 0), (1, tile)), (tile,))
            logits = logits + 1e-6 * ops.cast(value, "float32")[:, None]
            value, chance = way(logits, u)
            return i + 1, value, total + chance + ops.cast(value, "float32")

        start = (ops.zeros((), "int32"), ops.zeros((tile,), "int32"), ops.zeros((tile,)))
        return ops.while_loop(lambda i, *_: i < STEPS, body, start, maximum_iterations=STEPS)[2]

    return backend.compile(run, [])


def seconds(way: Way, table: np.ndarray, noise: np.ndarray) -> float:
    """The fastest of some calls."""
    run = loop(way)
    backend.synchronise(run(table, noise))
    found = []
    for _ in range(REPEATS):
        start = time.perf_counter()
        backend.synchronise(run(table, noise))
        found.append(time.perf_counter() - start)
    return min(found)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--group", action="append", choices=list(GROUPS))
    parser.add_argument("--shape", action="append", metavar="TILExLEVELS")
    chosen = parser.parse_args()
    for shape in chosen.shape or SHAPES:
        tile, levels = (int(part) for part in shape.split("x"))
        table = normal(0, "benchmark/logits", 0, (STEPS, tile, levels)) * np.float32(2.0)
        noise = uniform(0, "benchmark/u", 0, (STEPS, tile))
        empty = seconds(nothing, table, noise)
        print(f"{shape}: the empty loop {1e6 * empty / STEPS:.2f} us a step", flush=True)
        for group in chosen.group or GROUPS:
            for name, way in GROUPS[group].items():
                taken = 1e6 * (seconds(way, table, noise) - empty) / STEPS
                print(f"  {group:9} {name:26} {taken:8.2f} us", flush=True)


if __name__ == "__main__":
    main()
