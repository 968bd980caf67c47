"""Clips that are generated: each is a function of the settings, a seed and its number."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from genkit.data.images.preprocessing import quantise
from genkit.data.lazy import Lazy
from genkit.data.video.config import VideosConfig
from genkit.data.video.dataset import CONDITION, VIDEO, VideoDataset, VideoSplit
from genkit.data.video.tracks import Truth
from genkit.family import Arrays

SPLIT_SEED = 0  # of clips that do not depend on a run's seed

TRAIN_CLIPS = 10_000  # of the endless ones, those that count as the split


class Make(Protocol):
    """What makes one clip."""

    def __call__(self, seed: int, index: int, wanted: Collection[str]) -> Arrays:
        """`video` uint8 (T, H, W, C) of 256 levels and `condition/NAME` float32 (T, D): those
        that are wanted, always the same for the same seed and index."""
        ...


@dataclass(frozen=True)
class Clips:
    """The clips of one split, as many as are asked for.

    Args:
        config: says of what shape they are.
        make: makes one.
    """

    config: VideosConfig
    make: Make

    def split(self, count: int, endless: bool = False, truth: Truth | None = None) -> VideoSplit:
        """The first `count` of seed 0.

        Args:
            endless: a training feed makes clips anew, of its own seed, and never shows one twice.
            truth: of these clips.
        """
        return VideoSplit(
            Lazy((count, *self.config.video_shape()), np.uint8, lambda i: self._one(VIDEO, i)),
            {name: self._condition(name, count, d) for name, d in self._lengths().items()},
            self.config.level_count(),
            lambda chosen: self.several(chosen, SPLIT_SEED),
            self.several if endless else None,
            truth,
        )

    def several(self, indices: np.ndarray, seed: int) -> Arrays:
        """`video` (n, T, H, W, C) and `condition/NAME` (n, T, D) of the clips `indices`."""
        wanted = [VIDEO, *(CONDITION + name for name in self._lengths())]
        made = [self._made(seed, int(index), wanted) for index in indices]
        return {name: np.stack([one[name] for one in made]) for name in wanted}

    def _lengths(self) -> Mapping[str, int]:
        return self.config.condition_shapes()

    def _condition(self, name: str, count: int, length: int) -> Lazy:
        shape = (count, self.config.frames, length)
        return Lazy(shape, np.float32, lambda index: self._one(CONDITION + name, index))

    def _one(self, name: str, index: int) -> np.ndarray:
        return self._made(SPLIT_SEED, index, (name,))[name]

    def _made(self, seed: int, index: int, wanted: Sequence[str]) -> Arrays:
        found = self.make(seed, index, wanted)
        if self.config.levels != 256 and VIDEO in wanted:
            found = {**found, VIDEO: quantise(found[VIDEO], self.config.levels)}
        return found


def dataset(config: VideosConfig, splits: Mapping[str, VideoSplit]) -> VideoDataset:
    """Generated splits with what is to be said of them."""
    return VideoDataset(config.name, splits, notes(config))


def notes(config: VideosConfig) -> dict[str, str]:
    """What is said beside every likelihood."""
    return {"data": config.name, "preprocessing": config.preprocessing()}
