"""Scenes of digits: MNIST's, and scikit-learn's, which need no file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from genkit.data.epochs import EpochsBySeed
from genkit.data.images import digits, mnist
from genkit.data.images.averaging import averaged
from genkit.data.images.config import DigitsConfig, MnistConfig
from genkit.data.images.dataset import ImageDataset
from genkit.data.scenes.composing import Composer, Thing, cut
from genkit.data.scenes.config import DigitScenesConfig, MultiDigitsConfig, MultiMnistConfig
from genkit.data.scenes.dataset import dataset
from genkit.randomness import uniform

CLASSES = tuple(map(str, range(10)))
HELD_OUT = 10_000  # of MNIST's training digits, the last, for validation

# Of one split: images (N, h, h) uint8 of 256 levels, and their classes (N,).
Digits = tuple[np.ndarray, np.ndarray]


class DigitThings:
    """The digits of scenes: taken one after the other from a permutation of all, then from the
    next one.

    Args:
        config: how large they are.
        images: `(N, h, h)` uint8. labels: `(N,)`.
        purpose: of what is drawn.
    """

    def __init__(
        self, config: DigitScenesConfig, images: np.ndarray, labels: np.ndarray, purpose: str
    ) -> None:
        self.config, self.images, self.labels = config, images, labels
        self.purpose = purpose
        self._order = EpochsBySeed(len(images), f"{purpose}/digits")

    def __call__(self, seed: int, number: int, count: int) -> list[Thing]:
        """The digits of a scene; see `Composer`."""
        most = self.config.most
        chosen = self._order.of(seed).at(np.arange(number * most, number * most + count))
        least, greatest = self.config.sides
        sides = np.full(count, greatest)
        if least < greatest:
            draw = uniform(seed, f"{self.purpose}/sides", number, (count,))
            sides = least + (draw * (greatest - least + 1)).astype(np.int64)
        return [self._thing(int(i), int(side)) for i, side in zip(chosen, sides, strict=True)]

    def _thing(self, number: int, side: int) -> Thing:
        picture = averaged(self.images[number][None], side)[0]
        return Thing(cut(picture[..., None]), int(self.labels[number]))


def files(config: MultiMnistConfig) -> dict[str, Path]:
    """MNIST's four files by name."""
    del config
    return mnist.files(MnistConfig())


def load_multi_mnist(config: MultiMnistConfig) -> ImageDataset:
    """Scenes of training digits without end, of held-out ones, and of test digits."""
    found = mnist.load(MnistConfig(validation_count=HELD_OUT))
    return _dataset(config, {name: _grey(found, name, 255) for name in found.splits})


def load_multi_digits(config: MultiDigitsConfig) -> ImageDataset:
    """Splits of different digits, those of the image data set `digits`."""
    found = digits.load(DigitsConfig())
    return _dataset(config, {name: _grey(found, name, 16) for name in found.splits})


def _grey(images_of: ImageDataset, name: str, brightest: int) -> Digits:
    found = images_of.split(name)
    images = np.asarray(found.images)[..., 0]
    return np.rint(images * (255.0 / brightest)).astype(np.uint8), np.asarray(found.labels)


def _dataset(config: DigitScenesConfig, parts: Mapping[str, Digits]) -> ImageDataset:
    def make(name: str, source: str, counts: Sequence[int]) -> Composer:
        purpose = f"{config.name}/{name}"
        return Composer(config, counts, DigitThings(config, *parts[source], purpose), purpose)

    return dataset(config, make, CLASSES)
