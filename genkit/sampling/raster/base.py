"""What all samplers of images share: conditions, noise, forced values and the finished images."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import numpy as np
from keras import ops

from genkit.artifacts import Images
from genkit.errors import UsageError
from genkit.family import Arrays, Chunk, Forced, SampleSettings
from genkit.randomness import uniform
from genkit.sampling.decoding import Decoding
from genkit.sampling.raster.network import RasterNetwork
from genkit.sampling.raster.steering import VECTOR, Steering


class RasterGenerator:
    """Common part: a chunk is some rows, the noise of a value belongs to (seed, sample, place).

    Values of a chunk are `(B, R, W, C)`, R rows.

    Args:
        model: the image model.
        settings: tile, temperature, top-k, top-p, sampler.
        rows: rows of a chunk, a divisor of the height.
    """

    def __init__(self, model: RasterNetwork, settings: SampleSettings, rows: int = 1) -> None:
        if settings.top_k is not None and settings.top_k > model.levels:
            raise UsageError(
                f"--top-k must be at most the number of levels, {model.levels}. "
                f"Received: {settings.top_k}"
            )
        self.model, self.settings = model, settings
        self.decoding = Decoding(settings.temperature, settings.top_k, settings.top_p)
        self.rows_per_chunk = rows
        self.chunks: int | None = model.shape[0] // rows
        # A whole tile at a time: one counter a sample, not one a sample and row.
        self._tile_noise = lru_cache(maxsize=8)(self._make_noise)

    def conditions(self, rows: Sequence[Mapping[str, str]], first_index: int) -> Arrays:
        """`vector` `(B, D)` float32 of all conditions, and with classes `class` `(B,)` int64; see
        `Steering.read`."""
        return self.model.steering.read(rows, range(first_index, first_index + len(rows)))

    @property
    def steering(self) -> Steering:
        """The conditions of the model."""
        return self.model.steering

    def condition_values(self, rows: Sequence[Mapping[str, str]]) -> str | None:
        """A digest of the vectors that conditions refer to, in files and splits."""
        return self.model.steering.digest(rows)

    def noise(self, seed: int, indices: Sequence[int], chunk: int) -> np.ndarray:
        """`(B, R, W, C)` float32 of a chunk: a cut of each sample's `(H, W, C)` numbers."""
        return self.cut_noise(self._tile_noise(seed, tuple(indices)), chunk)

    def cut_noise(self, whole: np.ndarray, chunk: int) -> np.ndarray:
        """What a chunk needs of the numbers `(B, H, W, C)` of whole images."""
        return whole[:, self.rows_of(chunk)]

    def rows_of(self, chunk: int) -> slice:
        """The rows of the image that a chunk holds."""
        return slice(chunk * self.rows_per_chunk, (chunk + 1) * self.rows_per_chunk)

    def _make_noise(self, seed: int, indices: tuple[int, ...]) -> np.ndarray:
        return np.stack([uniform(seed, "sample", i, self.model.shape) for i in indices])

    def vector(self, conditions: Arrays) -> np.ndarray:
        """What the network takes: the `vector` among the conditions, or a single unused column."""
        if VECTOR in conditions:
            return conditions[VECTOR]
        return np.zeros((self.settings.tile, 1), np.float32)

    def forced_rows(self, forced: Forced | None, chunk: int) -> tuple[np.ndarray, np.ndarray]:
        """Given values and mask of a chunk, `(B, R, W, C)` int32."""
        if forced is None:
            shape = (self.settings.tile, self.rows_per_chunk, *self.model.shape[1:])
            return (np.zeros(shape, np.int32),) * 2
        rows = self.rows_of(chunk)
        return forced.values[:, rows].astype(np.int32), forced.mask[:, rows].astype(np.int32)

    def finish(self, chunks: Sequence[Chunk], indices: Sequence[int]) -> list[Images]:
        """The images of the tile; padding rows are left out."""
        count = len(indices)
        values = np.concatenate([ops.convert_to_numpy(c.values) for c in chunks], axis=1)
        chance = np.concatenate([ops.convert_to_numpy(c.log_prob) for c in chunks], axis=1)
        totals = chance.astype(np.float64).sum(axis=(1, 2, 3)).astype(np.float32)
        images = values.astype(np.uint8)[:count]
        label = chunks[0].extras.get("class")
        labels = None if label is None else np.asarray(label)[:count]
        index = np.asarray(indices, np.int64)
        return [Images(images, totals[:count], index, self.model.levels, labels)]

    def begin(self, conditions: Arrays) -> Any:
        raise NotImplementedError

    def advance(
        self, state: Any, noise: np.ndarray, forced: Forced | None, conditions: Arrays
    ) -> Chunk:
        raise NotImplementedError
