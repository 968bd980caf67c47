"""The sampler of every day: one compiled call a row, on a small state."""

from __future__ import annotations

from typing import Any

import numpy as np
from keras import ops

from genkit import backend
from genkit.family import Arrays, Chunk, Forced, SampleSettings
from genkit.sampling.raster.base import RasterGenerator
from genkit.sampling.raster.network import RasterNetwork
from genkit.sampling.threads import in_threads, threads_of


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
