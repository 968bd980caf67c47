"""Scenes as images, together with what is in them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from genkit.data.images.dataset import ImageSplit
from genkit.data.lazy import Lazy
from genkit.family import Arrays

IMAGE, COUNT, BOX, LABEL = "image", "count", "box", "label"
Make = Callable[[np.ndarray, int], Arrays]

SPLIT_SEED = 0  # of scenes that do not depend on a run's seed


def _nothing(numbers: np.ndarray, seed: int) -> Arrays:
    raise NotImplementedError("these scenes say nothing of themselves")


@dataclass(frozen=True)
class SceneSplit(ImageSplit):
    """One split of scenes.

    Args:
        make: `make(numbers, seed)` gives scenes: `image` (n, H, W, C) uint8; `count` (n,) int64;
            `box` (n, M, 4) float32, each top, left, height and width in pixels; `label` (n, M)
            int64, what the things are; of M places those beyond the count hold 0 and -1.
        class_names: of the labels.
    """

    make: Make = _nothing
    class_names: tuple[str, ...] = field(default=())

    def first(self, limit: int | None) -> SceneSplit:
        """The first `limit` scenes, or all."""
        images = self.images.first(limit)
        return SceneSplit(images, None, self.levels, make=self.make, class_names=self.class_names)

    def scenes(self, chosen: Sequence[int] | np.ndarray) -> Arrays:
        """Images and what is in them, of the scenes `chosen` (n,)."""
        return self.make(np.asarray(chosen, np.int64), SPLIT_SEED)


def split(
    make: Make,
    count: int,
    shape: tuple[int, int, int],
    endless: bool,
    class_names: tuple[str, ...],
) -> SceneSplit:
    """The first `count` scenes of seed 0.

    Args:
        make: makes them, see `SceneSplit`.
        shape: (H, W, C).
        endless: a training feed makes scenes anew, of its own seed, and never shows one twice.
        class_names: of the labels.
    """

    def one(number: int) -> np.ndarray:
        return make(np.array([number]), SPLIT_SEED)[IMAGE][0]

    def anew(chosen: np.ndarray, positions: np.ndarray, seed: int) -> np.ndarray:
        del chosen
        return make(positions, seed)[IMAGE]

    images = Lazy((count, *shape), np.uint8, one)
    draw = anew if endless else None
    return SceneSplit(images, None, 256, draw, make=make, class_names=class_names)


def stacked(scenes: list[Mapping[str, np.ndarray]]) -> Arrays:
    """Scenes one by one as arrays of all of them."""
    return {name: np.stack([scene[name] for scene in scenes]) for name in scenes[0]}
