"""The sampler of every day: one compiled call for some rows, on a small state."""

from __future__ import annotations

from typing import Any

import numpy as np
from keras import ops

from genkit import backend
from genkit.family import Arrays, Chunk, Forced, SampleSettings
from genkit.sampling.raster.base import RasterGenerator
from genkit.sampling.raster.network import RasterNetwork
from genkit.sampling.raster.packing import Packing
from genkit.sampling.threads import in_threads, threads_of

SMALL_TILE = 16


def rows_of_chunk(height: int, tile: int) -> int:
    """Rows in one compiled call: the largest divisor of the height up to 16, for small tiles 32.

    A call costs time before its work begins, and where a tile is computed in two threads the
    faster one waits at its end; between calls a job reports and stops.
    """
    longest = min(height, 32 if tile < SMALL_TILE else 16)
    return next(rows for rows in range(longest, 0, -1) if height % rows == 0)


class IncrementalGenerator(RasterGenerator):
    """Some rows a compiled call, on a small state: about the work of one forward pass."""

    def __init__(
        self,
        model: RasterNetwork,
        settings: SampleSettings,
        *,
        xla: bool = True,
        with_logits: bool = False,
    ) -> None:
        super().__init__(model, settings, rows_of_chunk(model.shape[0], settings.tile))
        self.with_logits = with_logits
        self.threads = threads_of(settings.tile)
        self._rows = model.row_sampler(self.decoding, with_logits)
        self._fixed, self._cache = Packing(), Packing()
        self._begin = backend.compile(self._start, model.variables, xla=xla)
        self._advance = backend.compile(self._some_rows, [], xla=xla)

    def _start(self, vector: Any) -> tuple[Any, Any]:
        fixed, cache = self._rows.begin(self.settings.tile // self.threads, vector)
        return self._fixed.pack(fixed), self._cache.pack(cache)

    def _some_rows(self, fixed: Any, cache: Any, *inputs: Any) -> tuple[Any, Any, Any, Any]:
        fixed, cache = self._fixed.unpack(fixed), self._cache.unpack(cache)
        values, log_prob, logits, cache = self._rows.advance(fixed, cache, *inputs)
        return values, log_prob, logits, self._cache.pack(cache)

    def begin(self, conditions: Arrays) -> Any:
        parts = np.split(self.vector(conditions), self.threads)
        fixed, caches = zip(*(self._begin(vector) for vector in parts), strict=True)
        return {"chunk": 0, "fixed": fixed, "caches": caches}

    def advance(
        self, state: Any, noise: np.ndarray, forced: Forced | None, conditions: Arrays
    ) -> Chunk:
        chunk = state["chunk"]
        inputs = (noise, *self.forced_rows(forced, chunk))
        parts = zip(*(np.split(array, self.threads) for array in inputs), strict=True)
        found = in_threads(self._part, state["fixed"], state["caches"], list(parts))
        values, log_prob, logits = (
            np.concatenate([part[i] for part in found]) if found[0][i] is not None else None
            for i in range(3)
        )
        extras: dict[str, Any] = dict(conditions)
        if self.with_logits:
            extras["logits"] = logits
        following = {**state, "chunk": chunk + 1, "caches": [part[3] for part in found]}
        return Chunk(values, log_prob, following, chunk + 1 == self.chunks, extras)

    def _part(self, fixed: Any, cache: Any, inputs: Any) -> tuple[Any, Any, Any, Any]:
        values, log_prob, logits, cache = self._advance(fixed, cache, *inputs)
        logits = None if logits is None else ops.convert_to_numpy(logits)
        return ops.convert_to_numpy(values), ops.convert_to_numpy(log_prob), logits, cache
