"""The reference: a whole forward pass for every value."""

from __future__ import annotations

from typing import Any

import numpy as np
from keras import ops

from genkit import backend
from genkit.family import Arrays, Chunk, Forced, SampleSettings
from genkit.sampling.decoding import choose
from genkit.sampling.raster.base import RasterGenerator
from genkit.sampling.raster.network import RasterNetwork


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
        drawn, chance = choose(logits, noise, self.decoding, forced, mask)
        at_place = ops.cast(place, "int32")
        values = values * (1 - at_place) + drawn[:, None, None, None] * at_place
        return values, drawn, chance

    def value(
        self,
        values: Any,
        vector: Any,
        place: tuple[int, ...],
        noise: Any,
        forced: Any,
        mask: Any,
    ) -> tuple[Any, Any, Any]:
        """One value of every image: one forward pass.

        Args:
            values: `(B, H, W, C)`, those drawn so far. vector: the condition.
            place: row, column and colour. noise, forced, mask: `(B,)`.

        Returns:
            `values` with the new one, the new one `(B,)`, its log-probability `(B,)`.
        """
        where = np.zeros(self.model.shape, np.float32)
        where[place] = 1.0
        found: tuple[Any, Any, Any] = self._value(values, vector, where, noise, forced, mask)
        return found

    def begin(self, conditions: Arrays) -> Any:
        values = np.zeros((self.settings.tile, *self.model.shape), np.int32)
        return {"row": 0, "values": values, "vector": self.vector(conditions)}

    def advance(
        self, state: Any, noise: np.ndarray, forced: Forced | None, conditions: Arrays
    ) -> Chunk:
        row, values = state["row"], state["values"]
        given, mask = self.forced_rows(forced, row)
        drawn, chances = [], []
        for column in range(self.model.shape[1]):
            for colour in range(self.model.shape[2]):
                at = (slice(None), 0, column, colour)
                inputs = (noise[at], given[at], mask[at])
                place = (row, column, colour)
                values, value, chance = self.value(values, state["vector"], place, *inputs)
                drawn.append(ops.convert_to_numpy(value))
                chances.append(ops.convert_to_numpy(chance))
        following = {"row": row + 1, "values": values, "vector": state["vector"]}
        every, chance = (np.stack(part, axis=1).reshape(given.shape) for part in (drawn, chances))
        return Chunk(every, chance, following, row + 1 == self.chunks, dict(conditions))
