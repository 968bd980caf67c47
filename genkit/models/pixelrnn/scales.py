"""Draws a small image, then the large one that it steers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import numpy as np
from keras import ops

from genkit.artifacts import Images
from genkit.family import Arrays, Chunk, Forced, SampleSettings
from genkit.layers.values import centred_array
from genkit.randomness import uniform
from genkit.sampling.raster import RasterNetwork, make_generator


class MultiScaleGenerator:
    """The first chunk is the small image, the others are rows of the large one.

    Args:
        small, large: the views of both networks; the vector of the large one is the small image,
            centred. factor: every factor-th pixel of every factor-th row is the small image.
        settings: of both.
    """

    def __init__(
        self, small: RasterNetwork, large: RasterNetwork, factor: int, settings: SampleSettings
    ) -> None:
        self.small, self.large = make_generator(small, settings), make_generator(large, settings)
        self.settings, self.factor = settings, factor
        self.chunks: int | None = None if self.large.chunks is None else self.large.chunks + 1
        self._small_noise = lru_cache(maxsize=8)(self._make_noise)

    def conditions(self, rows: Sequence[Mapping[str, str]], first_index: int) -> Arrays:
        return self.large.conditions(rows, first_index)

    def noise(self, seed: int, indices: Sequence[int], chunk: int) -> np.ndarray:
        """Of the small image, `(B, h, w, C)`; then as for one scale."""
        if chunk == 0:
            return self._small_noise(seed, tuple(indices))
        return self.large.noise(seed, indices, chunk - 1)

    def _make_noise(self, seed: int, indices: tuple[int, ...]) -> np.ndarray:
        shape = self.small.model.shape
        return np.stack([uniform(seed, "sample/small", i, shape) for i in indices])

    def begin(self, conditions: Arrays) -> Any:
        return {"begun": False, "state": self.small.begin(conditions)}

    def advance(
        self, state: Any, noise: np.ndarray, forced: Forced | None, conditions: Arrays
    ) -> Chunk:
        if state["begun"]:
            chunk = self.large.advance(state["state"], noise, forced, conditions)
            chunk.state = {"begun": True, "state": chunk.state}
            return chunk
        values, chance = self._draw_small(state["state"], noise, forced, conditions)
        vector = centred_array(values, self.large.model.levels)
        following = {"begun": True, "state": self.large.begin({"vector": vector})}
        return Chunk(values, chance, following, False, dict(conditions))

    def _draw_small(
        self, state: Any, noise: np.ndarray, forced: Forced | None, conditions: Arrays
    ) -> tuple[np.ndarray, np.ndarray]:
        """Values and log-probabilities `(B, h, w, C)`; given pixels of the large image that are
        pixels of the small one are given there too."""
        if forced is not None:
            every = (slice(None), *(slice(None, None, self.factor),) * 2)
            forced = Forced(forced.values[every], forced.mask[every])
        chunks: list[Chunk] = []
        while not (chunks and chunks[-1].done):
            rows = self.small.rows_of(len(chunks))
            chunks.append(self.small.advance(state, noise[:, rows], forced, conditions))
            state = chunks[-1].state
        values = np.concatenate([ops.convert_to_numpy(c.values) for c in chunks], axis=1)
        chance = np.concatenate([ops.convert_to_numpy(c.log_prob) for c in chunks], axis=1)
        return values, chance

    def finish(self, chunks: Sequence[Chunk], indices: Sequence[int]) -> list[Images]:
        """The large images; their log-probability is that of both."""
        (images,) = self.large.finish(chunks[1:], indices)
        small = np.asarray(chunks[0].log_prob, np.float64).sum(axis=(1, 2, 3))[: len(indices)]
        total = (images.log_prob.astype(np.float64) + small).astype(np.float32)
        return [Images(images.samples, total, images.index, images.levels, images.labels)]
