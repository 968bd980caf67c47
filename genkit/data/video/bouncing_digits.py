"""scikit-learn's digits in motion: small clips that need no file."""

from __future__ import annotations

import numpy as np

from genkit.data.images import digits
from genkit.data.images.config import DigitsConfig
from genkit.data.images.dataset import ImageSplit
from genkit.data.video.bouncing import Bouncing, truth
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
    made = {name: _made(config, name, images.split(name)) for name in counts}
    splits = {
        name: made[name].clips().split(count, name == "train", truth(made[name], made["train"]))
        for name, count in counts.items()
    }
    return dataset(config, splits)


def _made(config: BouncingDigitsConfig, name: str, images: ImageSplit) -> Bouncing:
    grey = np.rint(np.asarray(images.images)[..., 0] * (255.0 / 16)).astype(np.uint8)
    return Bouncing(config, grey, f"{config.name}/{name}", images.labels)
