"""From images of 256 levels to what a model sees: a function of (seed, position) throughout."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from genkit.data.images.config import ProcessedConfig
from genkit.data.images.dataset import ImageDataset, ImageSplit
from genkit.errors import DataError
from genkit.randomness import uniform

_FLIPS = 1024  # positions whose coins are drawn together
EVALUATION_SEED = 0  # of the one draw that every evaluation uses

Images = Any  # an array, or `LazyImages`
Change = Callable[[np.ndarray, np.ndarray], np.ndarray]


@dataclass(frozen=True)
class RawSplit:
    """Images as published: `(N, H, W, C)` uint8 of 256 levels; labels `(N,)` or None; and what
    else images are steered by, name -> `(N, ...)` float32."""

    images: np.ndarray
    labels: np.ndarray | None
    vectors: Mapping[str, np.ndarray] = field(default_factory=dict)


class LazyImages:
    """Images computed when they are asked for, from an array that may lie on the disk.

    Args:
        source: `(N, H, W, C)` uint8.
        change: `change(images, indices) -> images`, each a function of its image and index.
    """

    dtype = np.dtype(np.uint8)
    ndim = 4

    def __init__(self, source: np.ndarray, change: Change) -> None:
        self.source = source
        self.change = change
        self.shape = source.shape

    def __len__(self) -> int:
        return len(self.source)

    def __getitem__(self, key: Any) -> Any:
        """Images of a slice or of an array of indices; a slice of all is lazy no more."""
        indices = np.arange(*key.indices(len(self))) if isinstance(key, slice) else np.asarray(key)
        found = self.change(self.source[indices.reshape(-1)], indices.reshape(-1))
        return found.reshape(*indices.shape, *self.shape[1:])

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        return np.asarray(self[:], dtype)


def quantise(images: np.ndarray, levels: int) -> np.ndarray:
    """`levels` (a power of two) equal bins of the 256 values, uint8."""
    return images >> np.uint8(9 - levels.bit_length())


def threshold(images: np.ndarray, share: float) -> np.ndarray:
    """1 where a value is above `share` of 255, else 0; uint8."""
    return (images > 255.0 * share).astype(np.uint8)


def bernoulli(images: np.ndarray, seed: int, purpose: str, positions: np.ndarray) -> np.ndarray:
    """Values 0 or 1, each 1 with probability value / 255.

    Args:
        images: `(B, H, W, C)` uint8.
        seed, purpose: of the noise.
        positions: `(B,)`; image i is a function of (seed, purpose, positions[i]).
    """
    drawn = np.empty_like(images)
    for row, (image, position) in enumerate(zip(images, positions, strict=True)):
        drawn[row] = uniform(seed, purpose, int(position), image.shape) * np.float32(255) < image
    return drawn


def mirror(images: np.ndarray, seed: int, positions: np.ndarray) -> np.ndarray:
    """Each image mirrored left to right, or not, by (seed, position)."""
    blocks = {b: uniform(seed, "flip", int(b), (_FLIPS,)) for b in np.unique(positions // _FLIPS)}
    chosen = [blocks[p // _FLIPS][p % _FLIPS] < 0.5 for p in positions]
    turned = np.asarray(chosen, bool)[:, None, None, None]
    return np.where(turned, images[:, :, ::-1], images)


@dataclass(frozen=True)
class TrainingDraw:
    """What a feed shows at a position of the endless chain of epochs.

    Args:
        source: images before anything is drawn.
        flips, binarize: what is drawn.
    """

    source: Images
    flips: bool
    binarize: bool

    def __call__(self, chosen: np.ndarray, positions: np.ndarray, seed: int) -> np.ndarray:
        """Images `chosen`, shown at `positions`."""
        images = self.source[chosen]
        if self.flips:
            images = mirror(images, seed, positions)
        if self.binarize:
            images = bernoulli(images, seed, "binarize", positions)
        return np.ascontiguousarray(images)


def prepare_dataset(
    config: ProcessedConfig, raw: Mapping[str, RawSplit], notes: Mapping[str, str] | None = None
) -> ImageDataset:
    """The data set that a model sees.

    Args:
        config: says what is done to the images.
        raw: splits as published.
        notes: what to say beside every likelihood, beyond name and preprocessing.

    Raises:
        DataError: if a split is empty.
    """
    for split, found in raw.items():
        if not len(found.images):
            raise DataError(f"data set {config.name}: the split '{split}' would be empty")
    said = {"data": config.name, "preprocessing": config.preprocessing(), **(notes or {})}
    splits = {split: _split(config, found, split) for split, found in raw.items()}
    return ImageDataset(config.name, splits, said)


def _split(config: ProcessedConfig, raw: RawSplit, name: str) -> ImageSplit:
    images = _fixed(config, raw.images, name)
    drawn = config.binarization == "stochastic"
    # One draw of the training images is rarely asked for (recognition, evaluation on them).
    on_disk = isinstance(raw.images, np.memmap)
    if isinstance(images, LazyImages) and not (on_disk or (drawn and name == "train")):
        images = np.asarray(images)
    draw = None
    if name == "train" and (config.flips or drawn):
        draw = TrainingDraw(raw.images if drawn else images, config.flips, drawn)
    return ImageSplit(images, raw.labels, config.level_count(), draw, raw.vectors)


def _fixed(config: ProcessedConfig, images: np.ndarray, split: str) -> Images:
    """Images without anything that changes from epoch to epoch."""
    if config.binarization == "stochastic":
        purpose = f"binarize/{split}"
        return LazyImages(images, lambda x, i: bernoulli(x, EVALUATION_SEED, purpose, i))
    if config.binarization == "threshold":
        return LazyImages(images, lambda x, _: threshold(x, config.threshold))
    if config.levels != 256:
        return LazyImages(images, lambda x, _: quantise(x, config.levels))
    return images
