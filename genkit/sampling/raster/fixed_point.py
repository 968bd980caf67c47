"""Proposals on the shared noise, accepted as far as they agree with what they were drawn from.

With the noise given, a value is a function of the values before it. All values are proposed at
once and drawn again from the logits that the proposal gives. Up to the first value that changes,
that one included, the draw is what any exact sampler draws: each pass settles one value at least,
in practice many. This is Jacobi's iteration (Song et al., 2021, arXiv:2002.03629), or fixed-point
forecasting (Wiggers & Hoogeboom, 2020, arXiv:2002.09928).

Chunks tell in `extras` under `passes`, `(tile,)` float32, how many passes each image needed,
counted in passes over a whole image, and under `passes_run` those that the tile made, which waits
for its slowest image.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from keras import ops

from genkit import backend
from genkit.family import Arrays, Chunk, Forced, SampleSettings
from genkit.sampling.decoding import choose
from genkit.sampling.raster.base import RasterGenerator
from genkit.sampling.raster.network import RasterNetwork, RowNetwork


def fixed_point_generator(
    model: RasterNetwork, settings: SampleSettings, *, with_logits: bool = False
) -> RasterGenerator:
    """Row by row where the network has such a view, which costs far less than whole images."""
    rows = model.parallel_rows()
    if rows is None:
        return ImageFixedPoint(model, settings, with_logits=with_logits)
    return RowFixedPoint(model, settings, rows, with_logits=with_logits)


def agreement(proposed: Any, drawn: Any) -> Any:
    """How many values of each item are settled, `(B,)` int32.

    Args:
        proposed, drawn: `(B, ...)` integers, in the order in which they depend on each other.
    """
    length = int(np.prod(drawn.shape[1:]))
    changed = ops.reshape(proposed != drawn, (drawn.shape[0], length))
    # The first changed value depends on unchanged ones only, so it is settled too.
    places = np.arange(1, length + 1, dtype=np.int32)
    return ops.min(ops.where(changed, places, length), axis=-1)


class RowFixedPoint(RasterGenerator):
    """One compiled call a row: passes over it until it stays what it is.

    Args:
        model, settings: as for every sampler. rows: the network's view of rows.
        xla: compile with XLA. with_logits: keep the logits of the last pass, for checks.
    """

    def __init__(
        self,
        model: RasterNetwork,
        settings: SampleSettings,
        rows: RowNetwork,
        *,
        xla: bool = True,
        with_logits: bool = False,
    ) -> None:
        super().__init__(model, settings)
        self.rows, self.with_logits = rows, with_logits
        self._begin = backend.compile(self._start, model.variables, xla=xla)
        self._advance = backend.compile(self._step, model.variables, xla=xla)

    def _start(self, vector: Any) -> Any:
        return self.rows.begin(self.settings.tile, vector)

    def _step(self, cache: Any, above: Any, noise: Any, forced: Any, mask: Any) -> Any:
        """One row; the values of the row above are the first proposal."""
        context, shape = self.rows.context(cache), tuple(noise.shape)
        length, float_type = int(np.prod(shape[1:])), self.rows.float_type
        kept = [ops.zeros((*shape, self.model.levels), float_type)] if self.with_logits else []
        start = (
            ops.where(mask > 0, forced, above),
            ops.zeros(shape, float_type),
            kept,
            ops.zeros(shape[:1], "int32"),
            ops.zeros(shape[:1], "int32"),
        )

        def body(values: Any, chance: Any, kept: Any, agreed: Any, passes: Any) -> Any:
            logits = self.rows.logits(context, values)
            drawn, chance = choose(logits, noise, self.decoding, forced, mask)
            passes = passes + ops.cast(agreed < length, "int32")
            return drawn, chance, [logits] * len(kept), agreement(values, drawn), passes

        values, chance, kept, _, passes = ops.while_loop(
            lambda *carry: ops.min(carry[3]) < length, body, start, maximum_iterations=length
        )
        return values, chance, kept, passes, self.rows.advance(cache, values)

    def begin(self, conditions: Arrays) -> Any:
        values = np.zeros((self.settings.tile, *self.model.shape[1:]), np.int32)
        return {"row": 0, "cache": self._begin(self.vector(conditions)), "values": values}

    def advance(
        self, state: Any, noise: np.ndarray, forced: Forced | None, conditions: Arrays
    ) -> Chunk:
        row, height = state["row"], self.model.shape[0]
        given = (part[:, 0] for part in self.forced_rows(forced, row))
        found = self._advance(state["cache"], state["values"], noise[:, 0], *given)
        values, chance = (ops.convert_to_numpy(part) for part in found[:2])
        passes = ops.convert_to_numpy(found[3]).astype(np.float32) / np.float32(height)
        extras: dict[str, Any] = {**conditions, "passes": passes, "passes_run": passes.max()}
        if self.with_logits:
            extras["logits"] = ops.convert_to_numpy(found[2][0])[:, None]
        following = {"row": row + 1, "cache": found[4], "values": values}
        drawn = (values[:, None], chance[:, None])
        return Chunk(*drawn, following, row + 1 == height, extras)


class ImageFixedPoint(RasterGenerator):
    """One compiled call a pass over the whole image; a chunk is a row that is settled.

    Needs nothing of the network but its parallel logits.
    """

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
        self._pass = backend.compile(self._step, model.variables, xla=xla)

    def cut_noise(self, whole: np.ndarray, chunk: int) -> np.ndarray:
        """All of it for every chunk: proposals reach beyond the chunk's row."""
        return whole

    def _step(self, values: Any, vector: Any, noise: Any, forced: Any, mask: Any) -> Any:
        logits = self.model.logits(values, vector)
        drawn, chance = choose(logits, noise, self.decoding, forced, mask)
        return drawn, chance, [logits] if self.with_logits else [], agreement(values, drawn)

    def begin(self, conditions: Arrays) -> Any:
        values = np.zeros((self.settings.tile, *self.model.shape), np.int32)
        settled = np.zeros(self.settings.tile, np.int32)
        return {"row": 0, "found": (values, None, [], settled), "vector": self.vector(conditions)}

    def advance(
        self, state: Any, noise: np.ndarray, forced: Forced | None, conditions: Arrays
    ) -> Chunk:
        row, found = state["row"], state["found"]
        width = int(np.prod(self.model.shape[1:]))
        given = self._given(forced)
        if found[1] is None:  # the first proposal
            found = (np.where(given[1] > 0, given[0], found[0]), *found[1:])
        passes = np.zeros(self.settings.tile, np.float32)
        run = 0
        while np.min(found[3]) < (row + 1) * width:
            passes += found[3] < self.model.shape[0] * width
            found = self._pass(found[0], state["vector"], noise, *given)
            found = (*found[:3], ops.convert_to_numpy(found[3]))
            run += 1
        extras: dict[str, Any] = {**conditions, "passes": passes, "passes_run": run}
        if self.with_logits:
            extras["logits"] = ops.convert_to_numpy(found[2][0][:, row : row + 1])
        values, chance = (ops.convert_to_numpy(part)[:, row : row + 1] for part in found[:2])
        following = {**state, "row": row + 1, "found": found}
        return Chunk(values, chance, following, row + 1 == self.model.shape[0], extras)

    def _given(self, forced: Forced | None) -> tuple[np.ndarray, np.ndarray]:
        if forced is None:
            empty = np.zeros((self.settings.tile, *self.model.shape), np.int32)
            return empty, empty
        return forced.values.astype(np.int32), forced.mask.astype(np.int32)
