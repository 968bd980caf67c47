"""Streams of digits, drawn from images of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from genkit.data.dataset import Splits
from genkit.data.images import digits, mnist
from genkit.data.images.config import DigitsConfig, MnistConfig
from genkit.data.images.dataset import ImageDataset
from genkit.data.sequences.config import DigitStreamConfig, MnistStreamConfig, StreamConfig
from genkit.randomness import uniform


@dataclass(frozen=True)
class Digits:
    """Images `(N, H, W, C)` uint8 and labels `(N,)` that streams are drawn from."""

    images: np.ndarray
    labels: np.ndarray
    levels: int

    def __len__(self) -> int:
        return len(self.images)


@dataclass(frozen=True)
class DigitStream(Splits[Digits]):
    """Streams as functions of (seed, purpose, step)."""

    name: str
    config: StreamConfig
    splits: Mapping[str, Digits]
    notes: Mapping[str, str] = field(default_factory=dict)

    def step(
        self, split: str, seed: int, index: int, count: int
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Step `index` of `count` streams: images, and whether each counts for the first and for
        the second network, `(count,)` int64."""
        own = self.split(split)
        drawn = uniform(seed, f"digit_stream/{split}", index, (count,)).astype(np.float64)
        chosen = (drawn * len(own)).astype(np.int64)
        shown = own.labels[chosen]
        hits = (np.isin(shown, counted) for counted in (self.config.counted, self.config.seldom))
        first, second = (hit.astype(np.int64) for hit in hits)
        return own.images[chosen], first, second


def load_digits(config: DigitStreamConfig) -> DigitStream:
    """Streams of scikit-learn's digits."""
    return _stream(config, digits.load(DigitsConfig()))


def load_mnist(config: MnistStreamConfig) -> DigitStream:
    """Streams of MNIST's digits."""
    return _stream(config, mnist.load(MnistConfig()))


def files(config: MnistStreamConfig) -> dict[str, Path]:
    """MNIST's four files by name."""
    del config
    return mnist.files(MnistConfig())


def _stream(config: StreamConfig, found: ImageDataset) -> DigitStream:
    splits = {
        name: Digits(np.asarray(split.images), np.asarray(split.labels), split.levels)
        for name, split in found.splits.items()
    }
    return DigitStream(config.name, config, splits)
