"""Scenes as images, together with what is in them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from genkit.data.images.dataset import ImageDataset, ImageSplit
from genkit.data.lazy import Lazy
from genkit.data.scenes.config import ScenesConfig
from genkit.family import Arrays

IMAGE, COUNT, BOX, LABEL = "image", "count", "box", "label"
SPLIT_SEED = 0  # of scenes that do not depend on a run's seed


class Make(Protocol):
    """What makes scenes."""

    def __call__(self, numbers: np.ndarray, seed: int, truth: bool = True) -> Arrays:
        """`image` (n, H, W, C) uint8 of the scenes `numbers` (n,) of a seed; and, if `truth` is
        wanted, `count` (n,) int64; `box` (n, M, 4) float32, each top, left, height and width in
        pixels; `label` (n, M) int64, what the things are; and what else a kind of scene knows. Of M
        places those beyond the count hold 0 and -1."""
        ...


def _nothing(numbers: np.ndarray, seed: int, truth: bool = True) -> Arrays:
    raise NotImplementedError("these scenes say nothing of themselves")


@dataclass(frozen=True)
class SceneSplit(ImageSplit):
    """One split of scenes.

    Args:
        make: makes them. class_names: of the labels. counts: of things, that its scenes have.
    """

    make: Make = _nothing
    class_names: tuple[str, ...] = ()
    counts: tuple[int, ...] = ()

    def first(self, limit: int | None) -> SceneSplit:
        """The first `limit` scenes, or all."""
        images = self.images.first(limit)
        return SceneSplit(
            images,
            None,
            self.levels,
            make=self.make,
            class_names=self.class_names,
            counts=self.counts,
        )

    def scenes(self, chosen: Sequence[int] | np.ndarray) -> Arrays:
        """Images and what is in them, of the scenes `chosen` (n,)."""
        return self.make(np.asarray(chosen, np.int64), SPLIT_SEED)


def split(
    make: Make,
    count: int,
    shape: tuple[int, int, int],
    endless: bool,
    class_names: tuple[str, ...],
    counts: Sequence[int],
) -> SceneSplit:
    """The first `count` scenes of seed 0.

    Args:
        make: makes them.
        shape: (H, W, C).
        endless: a training feed makes scenes anew, of its own seed, and never shows one twice.
        class_names, counts: of `SceneSplit`.
    """

    def one(number: int) -> np.ndarray:
        return make(np.array([number]), SPLIT_SEED, truth=False)[IMAGE][0]

    def anew(chosen: np.ndarray, positions: np.ndarray, seed: int) -> np.ndarray:
        del chosen
        return make(positions, seed, truth=False)[IMAGE]

    images, draw = Lazy((count, *shape), np.uint8, one), anew if endless else None
    return SceneSplit(
        images, None, 256, draw, make=make, class_names=class_names, counts=tuple(counts)
    )


def dataset(
    config: ScenesConfig,
    make: Callable[[str, str, Sequence[int]], Make],
    class_names: tuple[str, ...],
) -> ImageDataset:
    """All splits of a section.

    Args:
        config: the section.
        make: `make(split, source, counts)` gives what makes the scenes of a split; `source` is
            the split whose things it shows.
        class_names: of the labels.
    """
    wanted = {
        "train": ("train", config.train_count, config.counts),
        "validation": ("validation", config.validation_count, config.counts),
        "test": ("test", config.test_count, config.counts),
    }
    if config.unseen_counts:
        wanted["test_unseen"] = ("test", config.test_count, config.unseen_counts)
    shape = config.image_shape()
    splits = {
        name: split(make(name, source, counts), count, shape, name == "train", class_names, counts)
        for name, (source, count, counts) in wanted.items()
    }
    said = {"data": config.name, "preprocessing": config.preprocessing()}
    return ImageDataset(config.name, splits, said)


def stacked(scenes: list[Mapping[str, np.ndarray]]) -> Arrays:
    """Scenes one by one as arrays of all of them."""
    return {name: np.stack([scene[name] for scene in scenes]) for name in scenes[0]}
