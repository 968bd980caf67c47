"""Image data sets in memory, and the feed of their batches."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from genkit.data.dataset import Splits, StatelessFeed
from genkit.errors import DataError
from genkit.family import Arrays
from genkit.randomness import permutation


@dataclass(frozen=True)
class ImageSplit:
    """One split.

    Args:
        images: `(N, H, W, C)` uint8, values 0 .. levels - 1: an array, which may lie on the
            disk, or `LazyImages`.
        labels: `(N,)` int64, or None.
        levels: how many values a channel can take, 2 to 256.
        draw: `draw(chosen, positions, seed)` gives the images `chosen` as a training feed shows
            them at `positions`, where that differs from `images`: flipped, redrawn.
        vectors: name -> `(N, ...)` float32, what images are steered by beside their class.
    """

    images: Any
    labels: np.ndarray | None
    levels: int
    draw: Callable[[np.ndarray, np.ndarray, int], np.ndarray] | None = None
    vectors: Mapping[str, np.ndarray] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.images.ndim != 4 or self.images.dtype != np.uint8:
            raise DataError(
                "images must be uint8 of shape (count, height, width, channels). "
                f"Received: {self.images.dtype} {self.images.shape}"
            )
        if self.levels == 256 or not isinstance(self.images, np.ndarray):
            return  # bytes cannot be too large; what is computed when asked for is not asked here
        if len(self.images) and int(self.images.max()) >= self.levels:
            raise DataError(
                f"a value must be below the number of levels, {self.levels}. "
                f"Received: {int(self.images.max())}"
            )

    def __len__(self) -> int:
        return len(self.images)

    def first(self, limit: int | None) -> ImageSplit:
        """The first `limit` images, or all."""
        labels = None if self.labels is None else self.labels[:limit]
        vectors = {name: array[:limit] for name, array in self.vectors.items()}
        return ImageSplit(self.images[:limit], labels, self.levels, vectors=vectors)

    def conditions(self, chosen: Any) -> Arrays:
        """`label` and `vector/NAME` of some images, those that there are."""
        found = {f"vector/{name}": array[chosen] for name, array in self.vectors.items()}
        if self.labels is not None:
            found["label"] = self.labels[chosen]
        return found


@dataclass(frozen=True)
class ImageDataset(Splits[ImageSplit]):
    """Splits by name; a missing one is an error that names those that exist.

    Args:
        name: of the data set.
        splits: by name.
        notes: what a likelihood on this data depends on, in words, such as its binarization.
    """

    name: str
    splits: Mapping[str, ImageSplit]
    notes: Mapping[str, str] = field(default_factory=dict)


class ImageFeed(StatelessFeed):
    """Batches in epochs; each epoch is a permutation keyed by (seed, epoch).

    Batch k holds positions k*B .. k*B+B-1 of the endless chain of epochs, so a batch may span
    two of them and no image is left out.
    """

    described = "an image feed"

    def __init__(self, split: ImageSplit, batch_size: int, seed: int) -> None:
        if not len(split):
            raise DataError("cannot train on an empty split")
        self.split = split
        self.batch_size = batch_size
        self.seed = seed
        self._epoch: tuple[int, np.ndarray] = (-1, np.empty(0, np.int64))

    def batch(self, k: int) -> Arrays:
        """`image` uint8 (B, H, W, C); `label` int64 (B,) where there are labels; and `vector/NAME`
        float32 (B, ...) where there are vectors."""
        positions = np.arange(k * self.batch_size, (k + 1) * self.batch_size)
        chosen = np.empty(self.batch_size, np.int64)
        for epoch in np.unique(positions // len(self.split)):
            here = positions // len(self.split) == epoch
            chosen[here] = self._order(int(epoch))[positions[here] % len(self.split)]
        draw = self.split.draw
        images = self.split.images[chosen] if draw is None else draw(chosen, positions, self.seed)
        # As an array the images are no longer tied to a file.
        return {"image": np.asarray(images), **self.split.conditions(chosen)}

    def _order(self, epoch: int) -> np.ndarray:
        if self._epoch[0] != epoch:
            order = permutation(self.seed, "epoch", epoch, len(self.split))
            self._epoch = (epoch, order)
        return self._epoch[1]
