"""Things put on a canvas: where each may lie, and the picture of all."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from genkit.data.scenes.config import FlatConfig
from genkit.data.scenes.dataset import BOX, COUNT, IMAGE, LABEL, stacked
from genkit.errors import DataError
from genkit.family import Arrays
from genkit.randomness import uniform

ATTEMPTS = 200  # at a whole scene
PLACES = 16  # tried for each thing in an attempt


@dataclass(frozen=True)
class Thing:
    """Something that can lie on a canvas.

    Args:
        picture: `(h, w, C)` uint8, cut to the ink: the first and last rows and columns have some.
        label: what it is.
    """

    picture: np.ndarray
    label: int

    @property
    def ink(self) -> np.ndarray:
        """`(h, w)` bool, where it covers the canvas."""
        return inked(self.picture)


def inked(picture: np.ndarray) -> np.ndarray:
    """Where a picture `(h, w, C)` is not black, `(h, w)` bool."""
    return np.asarray((picture > 0).any(axis=-1))


def cut(picture: np.ndarray) -> np.ndarray:
    """A picture `(h, w, C)` cut to its ink."""
    ink = inked(picture)
    rows, columns = np.flatnonzero(ink.any(axis=1)), np.flatnonzero(ink.any(axis=0))
    if not len(rows):
        raise DataError("a thing without any ink cannot lie on a canvas")
    return picture[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


class Composer:
    """Makes scenes.

    Args:
        config: canvas, counts and the rule of overlap.
        counts: of these scenes; scene i has `counts[i mod len(counts)]` things.
        things: `things(seed, number, count)` gives those of a scene.
        purpose: of what is drawn, such as `multi_mnist/test`.
    """

    def __init__(
        self,
        config: FlatConfig,
        counts: Sequence[int],
        things: Callable[[int, int, int], Sequence[Thing]],
        purpose: str,
    ) -> None:
        self.config, self.counts = config, tuple(counts)
        self.things, self.purpose = things, purpose

    def __call__(self, numbers: np.ndarray, seed: int, truth: bool = True) -> Arrays:
        """Scenes `numbers` (n,) of a seed; see `SceneSplit`."""
        del truth  # it costs nothing
        return stacked([self._scene(seed, int(number)) for number in numbers])

    def _scene(self, seed: int, number: int) -> dict[str, Any]:
        count, most = self.counts[number % len(self.counts)], self.config.most
        things = self.things(seed, number, count) if count else []
        corners = self._corners(seed, number, things)
        canvas = np.zeros(self.config.image_shape(), np.int32)
        boxes, labels = np.zeros((most, 4), np.float32), np.full(most, -1, np.int64)
        for i, (thing, (top, left)) in enumerate(zip(things, corners, strict=True)):
            height, width = thing.picture.shape[:2]
            canvas[top : top + height, left : left + width] += thing.picture
            boxes[i], labels[i] = (top, left, height, width), thing.label
        image = np.minimum(canvas, 255).astype(np.uint8)
        return {IMAGE: image, COUNT: np.int64(count), BOX: boxes, LABEL: labels}

    def _corners(self, seed: int, number: int, things: Sequence[Thing]) -> list[tuple[int, int]]:
        """Where the upper left pixels lie: one thing after the other is put where there is room,
        and all are put anew where there is none."""
        if not things:
            return []
        for attempt in range(ATTEMPTS):
            draw = uniform(seed, f"{self.purpose}/place", number, (len(things), PLACES, 2), attempt)
            found = self._attempt(things, draw)
            if found is not None:
                return found
        raise DataError(
            f"scene {number}: no room for {len(things)} things on a canvas of "
            f"{self.config.size}x{self.config.size} in {ATTEMPTS} attempts. Make size larger, the "
            "things smaller, or counts lower; or allow more by apart."
        )

    def _attempt(self, things: Sequence[Thing], draw: np.ndarray) -> list[tuple[int, int]] | None:
        taken = np.zeros((self.config.size, self.config.size), bool)
        found = []
        for thing, places in zip(things, draw, strict=True):
            height, width = thing.picture.shape[:2]
            free = np.array([self.config.size - height, self.config.size - width]) + 1
            covers = np.ones((height, width), bool) if self.config.apart == "boxes" else thing.ink
            for top, left in (places * free).astype(np.int64).tolist():
                under = taken[top : top + height, left : left + width]
                if self.config.apart == "any" or not (under & covers).any():
                    under |= covers
                    found.append((top, left))
                    break
            else:
                return None
        return found
