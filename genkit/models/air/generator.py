"""Draws scenes from the prior: a count, places and looks, one chunk a scene."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

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


class Prior(Protocol):
    """What the things of a scene are drawn from.

    Args:
        slots: how many things there can be. numbers: standard normal numbers of a thing.
        choices: uniform numbers of a thing.
    """

    slots: int
    numbers: int
    choices: int

    def scenes(
        self, latents: np.ndarray, choices: np.ndarray, alive: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Canvases `(B, H, W, C)` and boxes `(B, N, 4)` top, left, height, width.

        Args:
            latents: `(B, N, numbers)`. choices: `(B, N, choices)`. alive: `(B, N)` bool.
        """
        ...

    def choice_log_prob(self) -> float:
        """Log-probability of the choices of a thing."""
        ...


class WindowPrior:
    """Places and looks of windows.

    Args:
        network: built.
    """

    choices = 0

    def __init__(self, network: AIR) -> None:
        self.network, self.slots = network, network.slots
        self.numbers = WHERE + network.what
        self._draw = backend.compile(self._drawn, network.variables)

    def _drawn(self, where: Any, what: Any, alive: Any) -> tuple[Any, Any]:
        return self.network.draw(where, what, alive), self.network.boxes(where)

    def scenes(
        self, latents: np.ndarray, choices: np.ndarray, alive: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        where, what = np.split(latents, [WHERE], axis=-1)
        found = self._draw(where, what, alive.astype(np.float32))
        canvas, boxes = (np.asarray(ops.convert_to_numpy(x)) for x in found)
        return canvas, corners(boxes)

    def choice_log_prob(self) -> float:
        return 0.0


class SceneGenerator:
    """Scenes are drawn at once: the canvas of things whose latents come from the prior.

    Args:
        prior: of things.
        chances: gives the probabilities `(N + 1,)` of counts.
        levels: values of a channel of the images.
        settings: tile and temperature; that multiplies the deviations of places and looks.

    Raises:
        UsageError: for settings of samplers that draw value by value.
    """

    def __init__(
        self,
        prior: Prior,
        chances: Callable[[], np.ndarray],
        levels: int,
        settings: SampleSettings,
    ) -> None:
        _refuse(settings)
        self.prior, self.levels, self.settings = prior, levels, settings
        self.chances = chances
        self.chunks: int | None = 1

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
        text, slots = str(row[COUNT]), self.prior.slots
        if not text.isdecimal() or int(text) > slots:
            raise UsageError(
                f"--condition count=...: a whole number from 0 to {slots}, the slots of the model. "
                f"Received: {text!r}"
            )
        return int(text)

    def noise(self, seed: int, indices: Sequence[int], chunk: int) -> np.ndarray:
        """`(B, 1 + N (numbers + choices))` uniform numbers."""
        del chunk
        numbers = 1 + self.prior.slots * (self.prior.numbers + self.prior.choices)
        return np.stack([uniform(seed, "sample", i, (numbers,)) for i in indices])

    def begin(self, conditions: Arrays) -> Any:
        """Nothing comes before the one chunk."""
        return ()

    def advance(
        self, state: Any, noise: np.ndarray, forced: Forced | None, conditions: Arrays
    ) -> Chunk:
        """All of the scenes."""
        slots, chances = self.prior.slots, self.chances()
        free = np.searchsorted(np.cumsum(chances)[:-1], noise[:, 0], side="right")
        count = np.where(conditions[COUNT] == FREE, free, conditions[COUNT])
        drawn = noise[:, 1:].reshape(len(noise), slots, -1)
        drawn, choices = np.split(drawn, [self.prior.numbers], axis=-1)
        latents = ndtri(drawn.astype(np.float64)) * self.settings.temperature
        alive = np.arange(slots) < count[:, None]
        chance = np.where(conditions[COUNT] == FREE, np.log(chances[count]), 0.0)
        density = -0.5 * (np.square(latents) + np.log(2 * np.pi)).sum(axis=-1)
        density += self.prior.choice_log_prob()
        canvas, boxes = self.prior.scenes(latents.astype(np.float32), choices, alive)
        values = np.rint(np.clip(canvas, 0.0, 1.0) * (self.levels - 1)).astype(np.uint8)
        log_prob = (chance + (density * alive).sum(axis=1)).astype(np.float32)
        found = boxes * alive[..., None]
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
