"""Frames whose pixels do not depend on each other: one call draws them all."""

from __future__ import annotations

from typing import Any

import numpy as np

from genkit import backend
from genkit.family import Arrays, Chunk, Forced, SampleSettings
from genkit.sampling.decoding import choose
from genkit.sampling.raster.base import RasterGenerator
from genkit.sampling.raster.network import RasterNetwork


class WholeFrames(RasterGenerator):
    """The generator of the baseline's frames: a chunk is a whole frame.

    Args:
        model, settings: as for every sampler. with_logits: keep the logits, for checks.
    """

    def __init__(
        self, model: RasterNetwork, settings: SampleSettings, *, with_logits: bool = False
    ) -> None:
        super().__init__(model, settings, model.shape[0])
        self.with_logits = with_logits
        self._draw = backend.compile(self._frame, model.variables)

    def _frame(self, vector: Any, noise: Any, forced: Any, mask: Any) -> Any:
        logits = self.model.logits(forced, vector)  # whatever the frame is
        values, chance = choose(logits, noise, self.decoding, forced, mask)
        return values, chance, logits

    def begin(self, conditions: Arrays) -> Any:
        return self.vector(conditions)

    def advance(
        self, state: Any, noise: np.ndarray, forced: Forced | None, conditions: Arrays
    ) -> Chunk:
        values, chance, logits = self._draw(state, noise, *self.forced_rows(forced, 0))
        extras: dict[str, Any] = {"logits": logits} if self.with_logits else {}
        return Chunk(values, chance, state, True, extras)
