"""Draws one tile: a Python loop over compiled chunks, so it can report, stream and stop."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from genkit.batches import pad_rows
from genkit.family import Arrays, Chunk, Forced, Generator

OnChunk = Callable[[Chunk], None]


def tile_chunks(
    generator: Generator,
    seed: int,
    indices: Sequence[int],
    conditions: Sequence[Mapping[str, str]],
    forced: Forced | None = None,
    arrays: Arrays | None = None,
) -> Iterator[Chunk]:
    """The chunks of the samples `indices`, each as soon as it is drawn; none is kept.

    A short tile is padded with further indices, whose samples nobody wants: the compiled batch
    never changes its shape, and sample i stays row i mod tile. So only the first `len(indices)`
    rows of a chunk count.

    Args:
        generator: of the family.
        seed: of the job.
        indices: consecutive sample indices, at most a tile of them.
        conditions: what the user wrote for each sample; or for a whole tile.
        forced: given values of each sample, or of a whole tile, or None.
        arrays: what the generator makes of conditions, for a whole tile, where that is at hand.

    Yields:
        Chunks without their state, which belongs to the next call. Whoever stops asking for
        more has cancelled the tile.
    """
    tile = generator.settings.tile
    if not 0 < len(indices) <= tile:
        raise ValueError(f"a tile holds 1 to {tile} samples. Received: {len(indices)}")
    missing = tile - len(indices)
    every = [*indices, *range(indices[-1] + 1, indices[-1] + 1 + missing)]
    if arrays is None:
        rows = [*conditions, *[{}] * (tile - len(conditions))]
        arrays = generator.conditions(rows, indices[0])
    if forced is not None and (absent := tile - len(forced.values)):
        forced = Forced(pad_rows(forced.values, absent), pad_rows(forced.mask, absent))
    state, number, done = generator.begin(arrays), 0, False
    while not done:
        noise = generator.noise(seed, every, number)
        chunk = generator.advance(state, noise, forced, arrays)
        state, done, number = chunk.state, chunk.done, number + 1
        yield replace(chunk, state=None)


def sample_tile(
    generator: Generator,
    seed: int,
    indices: Sequence[int],
    conditions: Sequence[Mapping[str, str]],
    forced: Forced | None = None,
    on_chunk: OnChunk | None = None,
    arrays: Arrays | None = None,
) -> list[Any]:
    """Draw the samples `indices` to their end; see `tile_chunks` for the arguments.

    Args:
        on_chunk: called after each chunk; an exception raised in it cancels.

    Returns:
        The artifacts of `generator.finish`.
    """
    chunks = []
    for chunk in tile_chunks(generator, seed, indices, conditions, forced, arrays):
        chunks.append(chunk)
        if on_chunk is not None:
            on_chunk(chunk)
    return list(generator.finish(chunks, indices))


def stream_tile(
    generator: Generator,
    seed: int,
    indices: Sequence[int],
    conditions: Sequence[Mapping[str, str]],
    write: OnChunk,
    forced: Forced | None = None,
) -> int:
    """Hand each chunk to `write` as soon as it is drawn, in memory that does not grow with the
    length of the samples; see `tile_chunks` for the arguments.

    Args:
        write: takes a chunk, before the next one is begun. What it raises ends the tile, such
            as BrokenPipeError where nobody reads any more.

    Returns:
        How many chunks were drawn.
    """
    count = 0
    for chunk in tile_chunks(generator, seed, indices, conditions, forced):
        write(chunk)
        count += 1
    return count
