"""Video data sets, whole or made when asked for, and the feed of their batches."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from genkit.data.dataset import Splits, StatelessFeed, check_levels
from genkit.data.epochs import Epochs
from genkit.data.lazy import Lazy
from genkit.data.video.tracks import Truth
from genkit.errors import DataError
from genkit.family import Arrays

VIDEO = "video"
CONDITION = "condition/"


@dataclass(frozen=True)
class VideoSplit:
    """One split.

    Args:
        clips: `(N, T, H, W, C)` uint8, values 0 .. levels - 1: an array, which may lie on the
            disk, or `Lazy`.
        conditions: name -> `(N, T, D)` float32, what each frame is steered by: an array or `Lazy`.
        levels: how many values a channel can take, 2 to 256.
        take: `take(chosen)` gives what `items` gives, where clips and conditions are made
            together; None to index them.
        endless: `endless(positions, seed)` gives the items that a training feed shows at
            `positions`; None where it shows those of the split, in epochs.
        truth: where things are, of clips that were made; None where nobody knows.
    """

    clips: Any
    conditions: Mapping[str, Any]
    levels: int
    take: Callable[[np.ndarray], Arrays] | None = None
    endless: Callable[[np.ndarray, int], Arrays] | None = None
    truth: Truth | None = None

    def __post_init__(self) -> None:
        if self.clips.ndim != 5 or self.clips.dtype != np.uint8:
            raise DataError(
                "clips must be uint8 of shape (count, frames, height, width, channels). "
                f"Received: {self.clips.dtype} {self.clips.shape}"
            )
        for name, array in self.conditions.items():
            fits = array.ndim == 3 and array.shape[:2] == self.clips.shape[:2]
            if not fits or array.dtype != np.float32:
                count, frames = self.clips.shape[:2]
                raise DataError(
                    f"condition '{name}' must be float32 of shape ({count}, {frames}, values). "
                    f"Received: {array.dtype} {array.shape}"
                )
        check_levels(self.clips, self.levels)

    def __len__(self) -> int:
        return len(self.clips)

    def first(self, limit: int | None) -> VideoSplit:
        """The first `limit` clips, or all; lazy ones stay so."""
        conditions = {name: _first(array, limit) for name, array in self.conditions.items()}
        clips = _first(self.clips, limit)
        return VideoSplit(clips, conditions, self.levels, self.take, truth=self.truth)

    def items(self, chosen: np.ndarray) -> Arrays:
        """`video` uint8 (n, T, H, W, C) and `condition/NAME` float32 (n, T, D) of some clips.

        Args:
            chosen: `(n,)` their numbers, 0 .. N - 1.
        """
        if self.take is not None:
            return self.take(chosen)
        # As arrays they are no longer tied to a file.
        found = {VIDEO: np.array(self.clips[chosen])}
        for name, array in self.conditions.items():
            found[CONDITION + name] = np.array(array[chosen])
        return found


@dataclass(frozen=True)
class VideoDataset(Splits[VideoSplit]):
    """Splits by name; a missing one is an error that names those that exist.

    Args:
        name: of the data set.
        splits: by name.
        notes: what a likelihood on this data depends on, in words.
    """

    name: str
    splits: Mapping[str, VideoSplit]
    notes: Mapping[str, str] = field(default_factory=dict)


class VideoFeed(StatelessFeed):
    """Batches of a split: batch k holds positions k*B .. k*B+B-1 of an endless chain.

    Where clips are generated, each position is a clip of its own, made from (seed, position).
    Elsewhere the chain is one of epochs; each epoch is a permutation keyed by (seed, epoch), so
    that a batch may span two of them and no clip is left out.
    """

    described = "a video feed"

    def __init__(self, split: VideoSplit, batch_size: int, seed: int) -> None:
        if not len(split):
            raise DataError("cannot train on an empty split")
        self.split = split
        self.batch_size = batch_size
        self.seed = seed
        self._epochs = Epochs(len(split), seed)

    def batch(self, k: int) -> Arrays:
        """`video` uint8 (B, T, H, W, C), and `condition/NAME` float32 (B, T, D) for each name."""
        positions = np.arange(k * self.batch_size, (k + 1) * self.batch_size)
        if self.split.endless is not None:
            return self.split.endless(positions, self.seed)
        return self.split.items(self._epochs.at(positions))


def _first(values: Any, limit: int | None) -> Any:
    return values.first(limit) if isinstance(values, Lazy) else values[:limit]
