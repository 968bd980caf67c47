"""Image data sets in memory, and the feed of their batches."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from genkit.data.dataset import Splits, StatelessFeed, check_levels
from genkit.data.epochs import Epochs
from genkit.errors import DataError
from genkit.family import Arrays


def vector_key(name: str) -> str:
    """Where a batch holds the vectors of a condition."""
    return f"vector/{name}"


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
        check_levels(self.images, self.levels)

    def __len__(self) -> int:
        return len(self.images)

    def first(self, limit: int | None) -> ImageSplit:
        """The first `limit` images, or all."""
        labels = None if self.labels is None else self.labels[:limit]
        vectors = {name: array[:limit] for name, array in self.vectors.items()}
        return ImageSplit(self.images[:limit], labels, self.levels, vectors=vectors)

    def shown(self, chosen: np.ndarray, positions: np.ndarray, seed: int) -> np.ndarray:
        """The images `chosen` as a training feed shows them at `positions`; as an array they are no
        longer tied to a file."""
        found = self.images[chosen] if self.draw is None else self.draw(chosen, positions, seed)
        return np.asarray(found)

    def conditions(self, chosen: Any) -> Arrays:
        """`label` and `vector/NAME` of some images, those that there are."""
        found = {vector_key(name): array[chosen] for name, array in self.vectors.items()}
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
        self._epochs = Epochs(len(split), seed)

    def batch(self, k: int) -> Arrays:
        """`image` uint8 (B, H, W, C); `label` int64 (B,) where there are labels; and `vector/NAME`
        float32 (B, ...) where there are vectors."""
        positions = np.arange(k * self.batch_size, (k + 1) * self.batch_size)
        chosen = self._epochs.at(positions)
        images = self.split.shown(chosen, positions, self.seed)
        return {"image": images, **self.split.conditions(chosen)}
