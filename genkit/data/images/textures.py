"""Generated textures: sinusoidal stripes with noise, a stand-in of any size and colour depth."""

from __future__ import annotations

import numpy as np

from genkit.data.images.config import TexturesConfig
from genkit.data.images.dataset import ImageDataset, ImageSplit
from genkit.randomness import uniform

DIRECTIONS = 4
NOISE = 0.15


def _texture(config: TexturesConfig, index: int) -> tuple[np.ndarray, int]:
    """One image (H, W, C) uint8 and its class; a function of (config, index)."""
    size, channels = config.size, config.channels
    draw = uniform(0, "textures", index, (3 + channels,))
    label = int(draw[0] * DIRECTIONS)
    angle = np.pi * label / DIRECTIONS
    rows, columns = np.mgrid[:size, :size]
    along = rows * np.sin(angle) + columns * np.cos(angle)
    period = 3.0 + 3.0 * draw[1]
    phases = 2.0 * np.pi * (draw[2] + 0.25 * draw[3:])
    wave = 0.5 + 0.5 * np.sin(2.0 * np.pi * along[..., None] / period + phases)
    noise = uniform(0, "textures/noise", index, (size, size, channels)) - 0.5
    values = np.clip(wave + NOISE * noise, 0.0, 1.0 - 1e-6)
    return (values * config.levels).astype(np.uint8), label


def load(config: TexturesConfig) -> ImageDataset:
    """Splits of consecutive indices: train, then validation, then test."""
    counts = {
        "train": config.train_count,
        "validation": config.validation_count,
        "test": config.test_count,
    }
    splits, start = {}, 0
    for name, count in counts.items():
        pairs = [_texture(config, index) for index in range(start, start + count)]
        images = np.stack([image for image, _ in pairs])
        labels = np.array([label for _, label in pairs], np.int64)
        splits[name] = ImageSplit(images, labels, config.levels)
        start += count
    return ImageDataset("textures", splits)
