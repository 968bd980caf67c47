"""What all samplers of images share: conditions, noise, forced values and the finished images."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import numpy as np
from keras import ops

from genkit.artifacts import Images
from genkit.errors import UsageError, unknown
from genkit.family import Arrays, Chunk, Forced, SampleSettings
from genkit.randomness import uniform
from genkit.sampling.decoding import Decoding
from genkit.sampling.raster.network import RasterNetwork


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
        """`class`: `(B,)` int64. Without a class, sample i has class i modulo their number."""
        allowed = [] if self.model.classes is None else ["class"]
        for row in rows:
            for key in row:
                if key not in allowed:
                    raise UsageError(f"--condition: {unknown('condition', key, allowed)}")
        if self.model.classes is None:
            return {}
        chosen = [
            self._class(row["class"]) if "class" in row else (first_index + i) % self.model.classes
            for i, row in enumerate(rows)
        ]
        return {"class": np.array(chosen, np.int64)}

    def _class(self, text: str) -> int:
        classes = self.model.classes or 0
        if not str(text).isdecimal() or int(text) >= classes:
            raise UsageError(
                f"--condition class=...: a class is an integer from 0 to {classes - 1}. "
                f"Received: {text!r}"
            )
        return int(text)

    def noise(self, seed: int, indices: Sequence[int], chunk: int) -> np.ndarray:
        """`(B, R, W, C)` float32 of a chunk: a cut of each sample's `(H, W, C)` numbers."""
        return self._tile_noise(seed, tuple(indices))[:, self.rows_of(chunk)]

    def rows_of(self, chunk: int) -> slice:
        """The rows of the image that a chunk holds."""
        return slice(chunk * self.rows_per_chunk, (chunk + 1) * self.rows_per_chunk)

    def _make_noise(self, seed: int, indices: tuple[int, ...]) -> np.ndarray:
        return np.stack([uniform(seed, "sample", i, self.model.shape) for i in indices])

    def vector(self, conditions: Arrays) -> np.ndarray:
        """What the network takes: one-hot classes `(B, classes)`, float32; a single unused column
        without classes; or the `vector` among the conditions, for networks steered otherwise."""
        if "vector" in conditions:
            return conditions["vector"]
        if self.model.classes is None:
            return np.zeros((self.settings.tile, 1), np.float32)
        return np.eye(self.model.classes, dtype=np.float32)[conditions["class"]]

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
