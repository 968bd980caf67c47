"""Draws scenes from the prior: a count, places and looks, one chunk a scene."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from keras import ops
from scipy.special import ndtri

from genkit import backend
from genkit.artifacts.scenes import Scenes
from genkit.errors import UsageError, unknown
from genkit.family import Arrays, Chunk, Forced, SampleSettings
from genkit.models.air.config import WHERE
from genkit.models.air.network import AIR
from genkit.randomness import uniform

COUNT = "count"
FREE = -1  # a count that chance decides


class SceneGenerator:
    """Scenes are drawn at once: the canvas of things whose latents come from the prior.

    Args:
        network: built.
        chances: gives the probabilities `(N + 1,)` of counts.
        levels: values of a channel of the images.
        settings: tile and temperature; that multiplies the deviations of places and looks.

    Raises:
        UsageError: for settings of samplers that draw value by value.
    """

    def __init__(
        self,
        network: AIR,
        chances: Callable[[], np.ndarray],
        levels: int,
        settings: SampleSettings,
    ) -> None:
        _refuse(settings)
        self.network, self.levels, self.settings = network, levels, settings
        self.chances = chances
        self.chunks: int | None = 1
        self._draw = backend.compile(self._drawn, network.variables)

    def _drawn(self, where: Any, what: Any, alive: Any) -> tuple[Any, Any]:
        return self.network.draw(where, what, alive), self.network.boxes(where)

    def conditions(self, rows: Sequence[Mapping[str, str]], first_index: int) -> Arrays:
        """`count` `(B,)` int64, -1 where chance decides.

        Raises:
            UsageError: for another condition, or a count that there are no slots for.
        """
        del first_index
        return {COUNT: np.array([self._count(row) for row in rows], np.int64)}

    def _count(self, row: Mapping[str, str]) -> int:
        for key in row:
            if key != COUNT:
                raise UsageError(f"--condition: {unknown('condition', key, [COUNT])}")
        if COUNT not in row:
            return FREE
        text, slots = str(row[COUNT]), self.network.slots
        if not text.isdecimal() or int(text) > slots:
            raise UsageError(
                f"--condition count=...: a whole number from 0 to {slots}, the slots of the model. "
                f"Received: {text!r}"
            )
        return int(text)

    def noise(self, seed: int, indices: Sequence[int], chunk: int) -> np.ndarray:
        """`(B, 1 + N (3 + K))` uniform numbers."""
        del chunk
        numbers = 1 + self.network.slots * (WHERE + self.network.what)
        return np.stack([uniform(seed, "sample", i, (numbers,)) for i in indices])

    def begin(self, conditions: Arrays) -> Any:
        """Nothing comes before the one chunk."""
        return ()

    def advance(
        self, state: Any, noise: np.ndarray, forced: Forced | None, conditions: Arrays
    ) -> Chunk:
        """All of the scenes."""
        slots, chances = self.network.slots, self.chances()
        free = np.searchsorted(np.cumsum(chances)[:-1], noise[:, 0], side="right")
        count = np.where(conditions[COUNT] == FREE, free, conditions[COUNT])
        latents = ndtri(noise[:, 1:].astype(np.float64)).reshape(len(noise), slots, -1)
        latents *= self.settings.temperature
        alive = np.arange(slots) < count[:, None]
        chance = np.where(conditions[COUNT] == FREE, np.log(chances[count]), 0.0)
        density = -0.5 * (np.square(latents) + np.log(2 * np.pi)).sum(axis=-1)
        where, what = (part.astype(np.float32) for part in np.split(latents, [WHERE], axis=-1))
        canvas, boxes = self._draw(where, what, alive.astype(np.float32))
        brightest = self.levels - 1
        shown = np.clip(np.asarray(ops.convert_to_numpy(canvas)), 0.0, 1.0) * brightest
        values = np.rint(shown).astype(np.uint8)
        log_prob = (chance + (density * alive).sum(axis=1)).astype(np.float32)
        found = corners(np.asarray(ops.convert_to_numpy(boxes))) * alive[..., None]
        extras = {COUNT: count.astype(np.int64), "box": found.astype(np.float32)}
        return Chunk(values, log_prob, state, done=True, extras=extras)

    def finish(self, chunks: Sequence[Chunk], indices: Sequence[int]) -> list[Scenes]:
        """The scenes of a tile; padding rows are left out."""
        (chunk,) = chunks
        count = len(indices)
        return [
            Scenes(
                chunk.values[:count],
                chunk.log_prob[:count],
                np.asarray(indices, np.int64),
                self.levels,
                chunk.extras[COUNT][:count],
                chunk.extras["box"][:count],
            )
        ]


def corners(boxes: np.ndarray) -> np.ndarray:
    """Top, left, height and width `(..., 4)` of boxes given by centre down, centre across, height
    and width."""
    down, across, height, width = np.moveaxis(np.asarray(boxes), -1, 0)
    return np.stack([down - height / 2, across - width / 2, height, width], axis=-1)


def _refuse(settings: SampleSettings) -> None:
    for name, value in (("--top-k", settings.top_k), ("--top-p", settings.top_p)):
        if value is not None:
            raise UsageError(f"{name} is for values drawn one by one; air draws scenes at once")
    if settings.sampler != "incremental":
        raise UsageError(
            f"--sampler {settings.sampler} is for values drawn one by one; air draws scenes at once"
        )
