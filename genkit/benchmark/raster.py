"""Workloads of image models: each sampler beside the teacher-forced forward pass of its batch."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from genkit import backend
from genkit.conformance.dependence import random_images
from genkit.family import Arrays, Chunk, SampleSettings, Workload
from genkit.sampling.driver import sample_tile
from genkit.sampling.raster import (
    SAMPLERS,
    ImageFixedPoint,
    NaiveGenerator,
    RasterNetwork,
    RowFixedPoint,
    make_generator,
)
from genkit.sampling.raster.steering import VECTOR

# The naive sampler of larger images is estimated from a few of its values, all of which cost a
# forward pass.
NAIVE_VALUES = 256
NAIVE_SAMPLE = 4


def raster_workloads(
    model: RasterNetwork, tiles: Sequence[int], samplers: Sequence[str] = SAMPLERS
) -> list[Workload]:
    """Each sampler at each tile."""
    forms = forward_forms()
    passes = [backend.compile(model.logits, model.variables, xla=xla) for xla in forms]
    found = []
    for tile in tiles:
        images, vector = random_images(model, tile, 0), model.examples(tile)
        forward = [_call(run, images, vector) for run in passes]
        found += [_workload(model, sampler, tile, forward) for sampler in samplers]
    return found


def forward_forms() -> tuple[bool, ...]:
    """With XLA and, where that may be faster, without.

    JAX hands each operation to XLA by itself without `jit`: never faster, and slow to compile.
    """
    return (True, False) if backend.name() == "tensorflow" else (True,)


def incremental_workload(model: RasterNetwork, tile: int) -> Workload:
    """The incremental sampler alone."""
    return _workload(model, "incremental", tile, [])


def _workload(
    model: RasterNetwork, sampler: str, tile: int, forward: Sequence[Callable[[], Any]]
) -> Workload:
    generator = make_generator(model, SampleSettings(tile, sampler=sampler))
    count = int(np.prod(model.shape))
    if isinstance(generator, NaiveGenerator) and count > NAIVE_VALUES:
        run, share = _few_values(generator, NAIVE_SAMPLE), NAIVE_SAMPLE / count
        return Workload(sampler, tile, tile * count, run, forward, share=share)
    passes: dict[str, float] = {}  # filled while it runs
    run = tile_after_tile(generator, {VECTOR: model.examples(tile)}, passes)
    return Workload(sampler, tile, tile * count, run, forward, passes)


def tile_after_tile(
    generator: Any, conditions: Arrays | None = None, passes: dict[str, float] | None = None
) -> Callable[[], Any]:
    """Each call draws the next tile: the noise of a tile drawn before would be at hand.

    Args:
        conditions: of every tile; None for what the generator takes where nothing is asked for.
        passes: a fixed-point sampler leaves there how many passes over the image the last call
            took: `passes_per_image` that an image needed in the mean, and `passes_run`, what its
            slowest images made the tile do.
    """
    tile = generator.settings.tile
    starts = itertools.count(0, tile)
    counted = {} if passes is None else passes

    def count(chunk: Chunk) -> None:
        if "passes" in chunk.extras:
            counted["passes_per_image"] += float(np.mean(chunk.extras["passes"]))
            counted["passes_run"] += float(chunk.extras["passes_run"])

    def run() -> Any:
        if isinstance(generator, (RowFixedPoint, ImageFixedPoint)):
            counted.update(passes_per_image=0.0, passes_run=0.0)
        start = next(starts)
        indices = range(start, start + tile)
        rows: list[Mapping[str, str]] = [{}] * tile
        return sample_tile(generator, 0, indices, rows, on_chunk=count, arrays=conditions)

    return run


def _few_values(generator: NaiveGenerator, count: int) -> Callable[[], Any]:
    """The first values of a tile, one forward pass each."""
    conditions = {VECTOR: generator.model.examples(generator.settings.tile)}

    def run() -> Any:
        state = generator.begin(conditions)
        noise = generator.noise(0, range(generator.settings.tile), 0)
        values, drawn = state["values"], None
        for at in itertools.islice(np.ndindex(*generator.model.shape), count):
            empty = np.zeros(generator.settings.tile, np.int32)
            uniform = noise[:, 0, at[1], at[2]]
            values, drawn, _ = generator.value(values, state["vector"], at, uniform, empty, empty)
        return drawn

    return run


def _call(run: Callable[..., Any], *args: Any) -> Callable[[], Any]:
    return lambda: run(*args)
