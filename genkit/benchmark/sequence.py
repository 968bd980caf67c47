"""Workloads of sequence models, such as raw audio, beside the forward pass of the same batch."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from genkit import backend
from genkit.benchmark.raster import forward_forms, tile_after_tile
from genkit.family import SampleSettings, Workload
from genkit.randomness import raw_bits
from genkit.sampling.sequence import SAMPLERS, NaiveGenerator, SequenceNetwork, make_generator

# The naive sampler is estimated from a few values, each of which costs a forward pass over the
# receptive field.
NAIVE_SAMPLE = 4


def sequence_workloads(
    network: SequenceNetwork,
    tiles: Sequence[int],
    length: int,
    sample_rate: int | None = None,
    samplers: Sequence[str] = SAMPLERS,
) -> list[Workload]:
    """Each sampler at each tile.

    Args:
        network: the model.
        tiles: batch sizes.
        length: values of a sequence.
        sample_rate: values a second, for audio: gives `real_time_factor`, and at tile 1
            `blas_ratio` where the network tells its `products()`.
    """
    passes = [
        backend.compile(network.logits, network.variables, xla=xla) for xla in forward_forms()
    ]
    details = {} if sample_rate is None else {"sample_rate": float(sample_rate)}
    found = []
    for tile in tiles:
        bits = raw_bits(0, "benchmark/sequences", 0, tile * length)
        values = (bits % np.uint64(network.levels)).astype(np.int32).reshape(tile, length)
        given = network.cut(network.conditions([{}] * tile, 0), 0, length)
        forward = [_call(run, values, given) for run in passes]
        columns = {**details, **(_products(network) if sample_rate and tile == 1 else {})}
        for sampler in samplers:
            run, share = _run(network, sampler, tile, length)
            found.append(Workload(sampler, tile, tile * length, run, forward, columns, share=share))
    return found


def _run(
    network: SequenceNetwork, sampler: str, tile: int, length: int
) -> tuple[Callable[[], Any], float]:
    """The call, and the share of the values that it produces."""
    settings = SampleSettings(tile, sampler=sampler)
    generator = make_generator(network, settings, length)
    if not isinstance(generator, NaiveGenerator) or length <= NAIVE_SAMPLE:
        return tile_after_tile(generator), 1.0
    short = NaiveGenerator(network, settings, length, NAIVE_SAMPLE)
    conditions = short.conditions([{}] * tile, 0)
    noise = short.noise(0, range(tile), 0)
    state = short.begin(conditions)
    # A stretch may be longer than asked for: whole frames of the network.
    share = min(short.stretch, length) / length
    return lambda: short.advance(state, noise, None, conditions).values, share


def _products(network: SequenceNetwork) -> dict[str, float]:
    """Time of the plain products of one step, where the network tells its weights by layer."""
    products: Callable[[], list[list[np.ndarray]] | None] | None
    products = getattr(network, "products", None)
    if products is None or backend.accelerated():
        return {}
    weights = products()
    if weights is None:
        return {}
    from genkit.benchmark.blas import stacked, stacked_product_seconds

    matrices = [stacked(layer, layer[-1].shape[0]) for layer in weights]
    return {"blas_seconds_per_step": stacked_product_seconds(matrices)}


def _call(run: Callable[..., Any], *args: Any) -> Callable[[], Any]:
    return lambda: run(*args)
