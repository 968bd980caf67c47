"""Streams of digits, drawn from images of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from genkit.data.dataset import named
from genkit.data.images import digits, mnist
from genkit.data.images.config import DigitsConfig, MnistConfig
from genkit.data.images.dataset import ImageDataset
from genkit.data.sequences.config import DigitStreamConfig, MnistStreamConfig, StreamConfig
from genkit.randomness import uniform


@dataclass(frozen=True)
class DigitStream:
    """Streams as functions of (seed, purpose, step).

    Args:
        splits: name -> images `(N, H, W, C)` float32 from -1 to 1, and labels `(N,)`.
    """

    config: StreamConfig
    splits: Mapping[str, tuple[np.ndarray, np.ndarray]]
    notes: Mapping[str, str] = field(default_factory=dict)

    def step(
        self, split: str, seed: int, index: int, count: int
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Step `index` of `count` streams: images, and whether each counts for the first and for
        the second network, `(count,)` int64."""
        images, labels = named(self.config.name, self.splits, split)
        drawn = uniform(seed, f"digit_stream/{split}", index, (count,)).astype(np.float64)
        chosen = (drawn * len(images)).astype(np.int64)
        shown = labels[chosen]
        hits = (np.isin(shown, own) for own in (self.config.counted, self.config.seldom))
        first, second = (hit.astype(np.int64) for hit in hits)
        return images[chosen], first, second


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
    splits = {}
    for name, split in found.splits.items():
        top = np.float32(split.levels - 1)
        pixels = np.asarray(split.images).astype(np.float32) * (np.float32(2.0) / top)
        splits[name] = (pixels - np.float32(1.0), np.asarray(split.labels))
    return DigitStream(config, splits)
