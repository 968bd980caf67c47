"""Generators of images in raster order, shared by every family that draws pixel by pixel."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, Protocol

import numpy as np
from keras import ops

from genkit import backend
from genkit.artifacts import Images
from genkit.errors import UsageError, unknown
from genkit.family import Arrays, Chunk, Forced, SampleSettings
from genkit.randomness import uniform
from genkit.sampling.decoding import Decoding, draw, log_probability
from genkit.sampling.threads import in_threads, threads_of

SAMPLERS = ("incremental", "naive")


class RasterNetwork(Protocol):
    """What a family tells about its image model.

    `shape` is (H, W, C), `classes` None without a class condition.
    """

    shape: tuple[int, int, int]
    levels: int
    classes: int | None
    variables: list[Any]

    def scores(self, x: Any, vector: Any) -> Any:
        """Parallel logits `(B, H, W, C, levels)` of centred images: gradients are taken of it."""
        ...

    def logits(self, values: Any, vector: Any) -> Any:
        """The same of integer images `(B, H, W, C)`."""
        ...

    def training_logits(self, batch: Any) -> Any:
        """Logits of a training batch: `image`, `vector` and what the family adds to it."""
        ...

    def sees(self, output: tuple[int, int, int], value: tuple[int, int, int]) -> bool:
        """Whether the logits at `output` (row, column, channel) must depend on `value`."""
        ...

    def row_sampler(self, decoding: Decoding, keep_logits: bool = False) -> Any:
        """An object with `begin(batch, vector)` and `advance(state, noise, forced, mask)`."""
        ...


def make_generator(model: RasterNetwork, settings: SampleSettings) -> RasterGenerator:
    """The generator of the sampler that the settings name."""
    if settings.sampler not in SAMPLERS:
        raise UsageError(f"--sampler: {unknown('sampler', settings.sampler, SAMPLERS)}")
    chosen = IncrementalGenerator if settings.sampler == "incremental" else NaiveGenerator
    return chosen(model, settings)


class RasterGenerator:
    """Common part: a chunk is a row, the noise of a value belongs to (seed, sample, row).

    Args:
        model: the image model.
        settings: tile, temperature, top-k, top-p, sampler.
    """

    def __init__(self, model: RasterNetwork, settings: SampleSettings) -> None:
        if settings.top_k is not None and settings.top_k > model.levels:
            raise UsageError(
                f"--top-k must be at most the number of levels, {model.levels}. "
                f"Received: {settings.top_k}"
            )
        self.model, self.settings = model, settings
        self.decoding = Decoding(settings.temperature, settings.top_k, settings.top_p)
        self.chunks: int | None = model.shape[0]
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
        """`(B, W, C)` float32 of one row: a cut of each sample's `(H, W, C)` numbers."""
        return self._tile_noise(seed, tuple(indices))[:, chunk]

    def _make_noise(self, seed: int, indices: tuple[int, ...]) -> np.ndarray:
        return np.stack([uniform(seed, "sample", i, self.model.shape) for i in indices])

    def vector(self, conditions: Arrays) -> np.ndarray:
        """One-hot classes `(B, classes)`, float32; a single unused column without classes."""
        if self.model.classes is None:
            return np.zeros((self.settings.tile, 1), np.float32)
        return np.eye(self.model.classes, dtype=np.float32)[conditions["class"]]

    def forced_row(self, forced: Forced | None, row: int) -> tuple[np.ndarray, np.ndarray]:
        """Given values and mask of one row, `(B, W, C)` int32."""
        if forced is None:
            empty = np.zeros((self.settings.tile, *self.model.shape[1:]), np.int32)
            return empty, empty
        return forced.values[:, row].astype(np.int32), forced.mask[:, row].astype(np.int32)

    def finish(self, chunks: Sequence[Chunk], indices: Sequence[int]) -> list[Images]:
        """The images of the tile; padding rows are left out."""
        count = len(indices)
        values = np.stack([ops.convert_to_numpy(chunk.values) for chunk in chunks], axis=1)
        chance = np.stack([ops.convert_to_numpy(chunk.log_prob) for chunk in chunks], axis=1)
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


class IncrementalGenerator(RasterGenerator):
    """One compiled call a row, on a small state: about the work of one forward pass."""

    def __init__(
        self,
        model: RasterNetwork,
        settings: SampleSettings,
        *,
        xla: bool = True,
        with_logits: bool = False,
    ) -> None:
        super().__init__(model, settings)
        self.with_logits = with_logits
        self.threads = threads_of(settings.tile)
        self._rows = model.row_sampler(self.decoding, with_logits)
        self._begin = backend.compile(self._start, model.variables, xla=xla)
        self._advance = backend.compile(self._step, model.variables, xla=xla)

    def _start(self, vector: Any) -> Any:
        return self._rows.begin(self.settings.tile // self.threads, vector)

    def _step(self, state: Any, noise: Any, forced: Any, mask: Any) -> Any:
        return self._rows.advance(state, noise, forced, mask)

    def begin(self, conditions: Arrays) -> Any:
        parts = np.split(self.vector(conditions), self.threads)
        return {"row": 0, "caches": [self._begin(vector) for vector in parts]}

    def advance(
        self, state: Any, noise: np.ndarray, forced: Forced | None, conditions: Arrays
    ) -> Chunk:
        row = state["row"]
        inputs = (noise, *self.forced_row(forced, row))
        parts = zip(*(np.split(array, self.threads) for array in inputs), strict=True)
        found = in_threads(self._part, state["caches"], list(parts))
        values, log_prob, logits = (
            np.concatenate([part[i] for part in found]) if found[0][i] is not None else None
            for i in range(3)
        )
        extras: dict[str, Any] = dict(conditions)
        if self.with_logits:
            extras["logits"] = logits
        following = {"row": row + 1, "caches": [part[3] for part in found]}
        return Chunk(values, log_prob, following, row + 1 == self.chunks, extras)

    def _part(self, cache: Any, inputs: Any) -> tuple[Any, Any, Any, Any]:
        values, log_prob, logits, cache = self._advance(cache, *inputs)
        logits = None if logits is None else ops.convert_to_numpy(logits)
        return ops.convert_to_numpy(values), ops.convert_to_numpy(log_prob), logits, cache


class NaiveGenerator(RasterGenerator):
    """A whole forward pass for every value: the reference that nobody should need."""

    def __init__(self, model: RasterNetwork, settings: SampleSettings, *, xla: bool = True) -> None:
        super().__init__(model, settings)
        self._value = backend.compile(self._step, model.variables, xla=xla)

    def _step(
        self, values: Any, vector: Any, place: Any, noise: Any, forced: Any, mask: Any
    ) -> Any:
        """Draw the value at the one-hot `place (H, W, C)` of every image."""
        every = self.model.logits(values, vector)
        logits = ops.einsum("bhwck,hwc->bk", every, place)
        drawn = ops.where(mask > 0, forced, draw(logits, noise, self.decoding))
        chance = log_probability(logits, drawn)
        at_place = ops.cast(place, "int32")
        values = values * (1 - at_place) + drawn[:, None, None, None] * at_place
        return values, drawn, chance

    def begin(self, conditions: Arrays) -> Any:
        values = np.zeros((self.settings.tile, *self.model.shape), np.int32)
        return {"row": 0, "values": values, "vector": self.vector(conditions)}

    def advance(
        self, state: Any, noise: np.ndarray, forced: Forced | None, conditions: Arrays
    ) -> Chunk:
        row, values = state["row"], state["values"]
        given, mask = self.forced_row(forced, row)
        drawn, chances = np.zeros_like(given), np.zeros(given.shape, np.float32)
        for column in range(self.model.shape[1]):
            for colour in range(self.model.shape[2]):
                place = np.zeros(self.model.shape, np.float32)
                place[row, column, colour] = 1.0
                at = (slice(None), column, colour)
                values, value, chance = self._value(
                    values, state["vector"], place, noise[at], given[at], mask[at]
                )
                drawn[at] = ops.convert_to_numpy(value)
                chances[at] = ops.convert_to_numpy(chance)
        following = {"row": row + 1, "values": values, "vector": state["vector"]}
        return Chunk(drawn, chances, following, row + 1 == self.chunks, dict(conditions))
