"""scikit-learn's digits in motion: small clips that need no file."""

from __future__ import annotations

import numpy as np

from genkit.data.images import digits
from genkit.data.images.config import DigitsConfig
from genkit.data.video.bouncing import Bouncing
from genkit.data.video.config import BouncingDigitsConfig
from genkit.data.video.dataset import VideoDataset
from genkit.data.video.generated import TRAIN_CLIPS, dataset


def load(config: BouncingDigitsConfig) -> VideoDataset:
    """Splits of different digits, those of the image data set `digits`; training has no end."""
    images = digits.load(DigitsConfig())
    counts = {
        "train": TRAIN_CLIPS,
        "validation": config.validation_count,
        "test": config.test_count,
    }
    splits = {}
    for name, count in counts.items():
        grey = np.rint(images.split(name).images[..., 0] * (255.0 / 16)).astype(np.uint8)
        made = Bouncing(config, grey, f"{config.name}/{name}")
        splits[name] = made.clips().split(count, endless=name == "train")
    return dataset(config, splits)
