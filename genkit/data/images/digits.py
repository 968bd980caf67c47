"""scikit-learn's handwritten digits: the real images that need no download."""

from __future__ import annotations

import numpy as np

from genkit.data.images.config import DigitsConfig
from genkit.data.images.dataset import ImageDataset, ImageSplit
from genkit.randomness import permutation


def load(config: DigitsConfig) -> ImageDataset:
    """1,797 images 8x8x1, levels 0..16, labels 0..9; splits never share an image.

    The split is a fixed permutation, the same for every run, because neighbours in the
    file come from one writer.
    """
    from sklearn.datasets import load_digits

    raw = load_digits()
    images = raw.images.astype(np.uint8)[..., None]
    labels = raw.target.astype(np.int64)
    order = permutation(0, "digits/split", 0, len(images))
    cuts = np.cumsum([config.test_count, config.validation_count])
    test, validation, train = np.split(order, cuts)
    parts = {"train": train, "validation": validation, "test": test}
    return ImageDataset(
        "digits", {name: ImageSplit(images[i], labels[i], 17) for name, i in parts.items()}
    )
