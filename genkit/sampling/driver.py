"""Draws one tile: a Python loop over compiled chunks, so it can report, stream and stop."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from genkit.family import Chunk, Forced, Generator

OnChunk = Callable[[Chunk], None]


def sample_tile(
    generator: Generator,
    seed: int,
    indices: Sequence[int],
    conditions: Sequence[Mapping[str, str]],
    forced: Forced | None = None,
    on_chunk: OnChunk | None = None,
) -> list[Any]:
    """Draw the samples `indices`, at most a tile of them.

    A short tile is padded with further indices, whose samples are dropped: the compiled batch
    never changes its shape, and sample i stays row i mod tile.

    Args:
        generator: of the family.
        seed: of the job.
        indices: consecutive sample indices.
        conditions: what the user wrote for each sample.
        forced: given values of each sample, or None.
        on_chunk: called after each chunk; an exception raised in it cancels.

    Returns:
        The artifacts of `generator.finish`.
    """
    tile = generator.settings.tile
    if not 0 < len(indices) <= tile:
        raise ValueError(f"a tile holds 1 to {tile} samples. Received: {len(indices)}")
    missing = tile - len(indices)
    every = [*indices, *range(indices[-1] + 1, indices[-1] + 1 + missing)]
    arrays = generator.conditions([*conditions, *[{}] * missing], indices[0])
    if forced is not None and missing:
        forced = Forced(_pad(forced.values, missing), _pad(forced.mask, missing))
    state = generator.begin(arrays)
    chunks: list[Chunk] = []
    while not (chunks and chunks[-1].done):
        noise = generator.noise(seed, every, len(chunks))
        chunks.append(generator.advance(state, noise, forced, arrays))
        state = chunks[-1].state
        if on_chunk is not None:
            on_chunk(chunks[-1])
    return list(generator.finish(chunks, indices))


def _pad(array: np.ndarray, missing: int) -> np.ndarray:
    return np.concatenate([array, np.zeros((missing, *array.shape[1:]), array.dtype)])
