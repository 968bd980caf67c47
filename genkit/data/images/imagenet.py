"""Downsampled ImageNet (Chrabaszcz, Loshchilov and Hutter, 2017), 32x32 and 64x64.

`train_data_batch_1.npz` to `_10.npz` and `val_data.npz`, each with `data` `(n, 3 * side * side)`
uint8, planes red, green, blue, and `labels` `(n,)`, 1 to 1000. These images were averaged over
areas; the older ones of PixelRNN were not, so figures of the two do not compare exactly.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path

import numpy as np

from genkit.data.images import blocks
from genkit.data.images.blocks import Blocks
from genkit.data.images.config import ImagenetConfig
from genkit.data.images.dataset import ImageDataset
from genkit.data.images.npz_reading import open_npz
from genkit.data.images.preprocessing import RawSplit, prepare_dataset
from genkit.data.places import find_all
from genkit.errors import DataError

TRAIN = tuple(f"train_data_batch_{number}.npz" for number in range(1, 11))
TEST = "val_data.npz"
COUNTS = {"train": 1_281_167, "test": 50_000}
CLASSES = 1000


def files(config: ImagenetConfig) -> dict[str, Path]:
    """The eleven files by name."""
    side = config.image_shape()[0]
    folders = ("", f"Imagenet{side}_train_npz", f"Imagenet{side}_val_npz")
    return find_all(config.name, (*TRAIN, TEST), folders)


def load(config: ImagenetConfig) -> ImageDataset:
    """The last `validation_count` training images are for validation; the published validation
    images are the test split, as in the papers."""
    raw = blocks.load(config, lambda: splits(config))
    train, cut = raw["train"], COUNTS["train"] - config.validation_count
    labels = train.labels
    parts = {
        "train": RawSplit(train.images[:cut], None if labels is None else labels[:cut]),
        "validation": RawSplit(train.images[cut:], None if labels is None else labels[cut:]),
        "test": raw["test"],
    }
    notes = {"test": "the published validation images, as in the papers"}
    return prepare_dataset(config, parts, notes)


def splits(config: ImagenetConfig) -> Mapping[str, Blocks]:
    """Published splits: their counts are checked before an image is read.

    Raises:
        DataError: names the file that has the wrong shape, or the count that is wrong.
    """
    paths = files(config)
    side = config.image_shape()[0]
    chosen = {"train": [paths[name] for name in TRAIN], "test": [paths[TEST]]}
    found = {}
    for split, batches in chosen.items():
        count = sum(_count(path, side) for path in batches)
        if count != COUNTS[split]:
            raise DataError(
                f"{batches[0].parent}: the split '{split}' ({', '.join(p.name for p in batches)}) "
                f"needs {COUNTS[split]:,} images. Received: {count:,}"
            )
        found[split] = Blocks((count, side, side, 3), True, partial(_read, batches, side))
    return found


def _count(path: Path, side: int) -> int:
    """Images of a file, by the headers of its arrays."""
    with open_npz(path) as npz:
        data, labels = npz.header("data"), npz.header("labels")
    if len(data.shape) != 2 or data.shape[1] != 3 * side * side or data.dtype != np.uint8:
        raise DataError(
            f"{path}: data must be uint8 of shape (n, {3 * side * side}). "
            f"Received: {data.dtype} {data.shape}"
        )
    if labels.shape != data.shape[:1] or labels.dtype.kind not in "ui":
        raise DataError(
            f"{path}: labels must be whole numbers of shape ({data.shape[0]},). "
            f"Received: {labels.dtype} {labels.shape}"
        )
    return data.shape[0]


def _read(paths: Sequence[Path], side: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    for path in paths:
        with open_npz(path) as npz:
            labels = npz.array("labels").astype(np.int64)
            wrong = np.flatnonzero((labels < 1) | (labels > CLASSES))
            if len(wrong):
                raise DataError(
                    f"{path}, label {wrong[0]}: must be 1 to {CLASSES}. "
                    f"Received: {labels[wrong[0]]}"
                )
            start = 0
            for rows in npz.rows("data"):
                planes = rows.reshape(len(rows), 3, side, side)
                yield planes.transpose(0, 2, 3, 1), labels[start : start + len(rows)] - 1
                start += len(rows)
