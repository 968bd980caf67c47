"""What all samplers of sequences share: noise by position, given values, the finished sequences."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from keras import ops

from genkit.artifacts import Sequences
from genkit.errors import UsageError
from genkit.family import Arrays, Chunk, Forced, SampleSettings
from genkit.randomness import uniform
from genkit.sampling.decoding import Decoding
from genkit.sampling.sequence.network import SequenceNetwork

STRETCH = 1024
# Among the conditions of a tile: `(B,)` int, how many values each sample has. It belongs to the
# sampler, not to the network.
LENGTH = "length"
# Noise is made in blocks of this many positions, whatever the length of a stretch.
NOISE_BLOCK = 1024


def position_noise(seed: int, index: int, start: int, stop: int) -> np.ndarray:
    """Uniform numbers `(stop - start,)` of one sample: each a function of (seed, index,
    position)."""
    blocks = range(start // NOISE_BLOCK, -(-stop // NOISE_BLOCK))
    made = [uniform(seed, "sequence", index, (NOISE_BLOCK,), stream=block) for block in blocks]
    first = blocks.start * NOISE_BLOCK
    return np.concatenate(made)[start - first : stop - first]


def time_cut(array: np.ndarray, start: int, stop: int) -> np.ndarray:
    """`array[:, start:stop]`, zeros past the end."""
    cut = array[:, start:stop]
    missing = stop - start - cut.shape[1]
    return np.pad(cut, ((0, 0), (0, missing)) + ((0, 0),) * (array.ndim - 2))


def of_samples(conditions: Arrays) -> dict[str, np.ndarray]:
    """Those conditions that are small, for the extras of a chunk: one row a sample."""
    return {name: array for name, array in conditions.items() if array.ndim <= 2}


class SequenceGenerator:
    """Common part: a chunk is a stretch of time steps; the last one is cut to the length.

    Args:
        network: the model of sequences.
        settings: tile, temperature, top-k, top-p, sampler.
        length: values of a sample, unless the conditions of a tile hold `length`.
        stretch: values of a chunk; changes no sample. One compiled call draws them, so that
            longer ones save calls, and shorter ones answer sooner.
    """

    def __init__(
        self,
        network: SequenceNetwork,
        settings: SampleSettings,
        length: int,
        stretch: int = STRETCH,
    ) -> None:
        if length < 1 or stretch < 1:
            raise UsageError(
                f"a sequence and its stretches have at least one value. "
                f"Received: {length} values in stretches of {stretch}"
            )
        if settings.top_k is not None and settings.top_k > network.levels:
            raise UsageError(
                f"--top-k must be at most the number of levels, {network.levels}. "
                f"Received: {settings.top_k}"
            )
        self.network, self.settings = network, settings
        # Stretches are whole frames of whatever the network does once a frame.
        grid = network.grid
        self.length, self.stretch = length, -(-min(stretch, length) // grid) * grid
        self.decoding = Decoding(settings.temperature, settings.top_k, settings.top_p)
        self.chunks: int | None = -(-length // self.stretch)

    def conditions(self, rows: Sequence[Mapping[str, str]], first_index: int) -> Arrays:
        """Arrays from what the user wrote, one mapping a sample."""
        return self.network.conditions(rows, first_index)

    def noise(self, seed: int, indices: Sequence[int], chunk: int) -> np.ndarray:
        """`(B, stretch)` float32, each a function of (seed, sample, position)."""
        start = chunk * self.stretch
        return np.stack([position_noise(seed, i, start, start + self.stretch) for i in indices])

    def given(self, forced: Forced | None, start: int) -> tuple[np.ndarray, np.ndarray]:
        """Given values and mask of a stretch, `(B, stretch)` int32; nothing past the end."""
        shape = (self.settings.tile, self.stretch)
        values, mask = np.zeros(shape, np.int32), np.zeros(shape, np.int32)
        if forced is not None:
            cut = forced.values[:, start : start + self.stretch]
            values[:, : cut.shape[1]] = cut
            mask[:, : cut.shape[1]] = forced.mask[:, start : start + self.stretch]
        return values, mask

    def longest(self, conditions: Arrays) -> int:
        """Values of the longest sample of a tile."""
        return int(np.max(conditions[LENGTH])) if LENGTH in conditions else self.length

    def left(self, start: int, length: int) -> int:
        """Values of the stretch from `start` that belong to samples of this length."""
        return min(self.stretch, length - start)

    def finish(self, chunks: Sequence[Chunk], indices: Sequence[int]) -> Sequence[Any]:
        """The sequences of the tile; padding rows are left out."""
        values, totals, _ = self.joined(chunks, len(indices))
        index = np.asarray(indices, np.int64)
        return [Sequences(values, totals, index, self.network.levels)]

    def joined(
        self, chunks: Sequence[Chunk], count: int
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Values `(count, T)`, log-probability (nats, float32) and length `(count,)` of samples."""
        values, chances = (
            np.concatenate([ops.convert_to_numpy(part) for part in parts], axis=1)[:count]
            for parts in ([c.values for c in chunks], [c.log_prob for c in chunks])
        )
        whole = np.full(count, values.shape[1], np.int64)
        length = np.asarray(chunks[0].extras.get(LENGTH, whole), np.int64)[:count]
        own = np.arange(values.shape[1]) < length[:, None]
        totals = np.where(own, chances.astype(np.float64), 0.0).sum(axis=1)
        return values, totals.astype(np.float32), length

    def begin(self, conditions: Arrays) -> Any:
        raise NotImplementedError

    def advance(
        self, state: Any, noise: np.ndarray, forced: Forced | None, conditions: Arrays
    ) -> Chunk:
        raise NotImplementedError
