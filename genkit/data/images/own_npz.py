"""An `.npz` of one's own images."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from genkit.data.images.config import NpzConfig
from genkit.data.images.dataset import ImageDataset
from genkit.data.images.npz_reading import NpzFile, open_npz
from genkit.data.images.own import split_by_permutation
from genkit.data.images.preprocessing import RawSplit, prepare_dataset
from genkit.data.places import locate
from genkit.data.vectors import checked
from genkit.errors import DataError

SPLITS = ("train", "validation", "test")
MAX_BYTES = 8 * 2**30


def files(config: NpzConfig) -> dict[str, Path]:
    """The file by its name."""
    path = locate(config.path, "file")
    return {path.name: path}


def load(config: NpzConfig) -> ImageDataset:
    """Splits of arrays such as `train_images`, or of `images` by a fixed permutation."""
    path = locate(config.path, "file")
    with open_npz(path) as npz:
        names = npz.names()
        if "images" in names:
            raw = _permuted(_read(npz, "", config), config)
        elif {"train_images", "test_images"} <= set(names):
            there = [split for split in SPLITS if f"{split}_images" in names]
            raw = {split: _read(npz, f"{split}_", config) for split in there}
            if "validation" not in raw:
                held_out = {"validation": config.validation_share}
                raw.update(_permuted(raw["train"], config, held_out))
        else:
            raise DataError(
                f"{path}: needs an array images, or train_images and test_images. "
                f"Received: {', '.join(names) or 'none'}"
            )
    return prepare_dataset(config, raw)


def _permuted(
    whole: RawSplit, config: NpzConfig, shares: dict[str, float] | None = None
) -> dict[str, RawSplit]:
    names = [str(i) for i in range(len(whole.images))]
    found = {}
    for split, chosen in split_by_permutation(names, config, shares).items():
        index = np.array([int(name) for name in chosen], np.int64)
        labels = None if whole.labels is None else whole.labels[index]
        vectors = {name: array[index] for name, array in whole.vectors.items()}
        found[split] = RawSplit(whole.images[index], labels, vectors)
    return found


def _read(npz: NpzFile, prefix: str, config: NpzConfig) -> RawSplit:
    """One set of images with its labels, checked."""
    name, shape = f"{prefix}images", config.image_shape()
    header = npz.header(name)
    fits = header.shape[1:] == shape or (shape[2] == 1 and header.shape[1:] == shape[:2])
    if not fits or header.dtype.kind not in "ui":
        raise DataError(
            f"{npz.path}, array {name}: must be whole numbers of shape (count, "
            f"{', '.join(map(str, shape))}), as data.height, width and channels say. "
            f"Received: {header.dtype} {header.shape}"
        )
    if np.prod(header.shape, dtype=object) > MAX_BYTES:
        raise DataError(f"{npz.path}, array {name}: more than {MAX_BYTES} values")
    images = np.empty((header.shape[0], *shape), np.uint8)
    start = 0
    for rows in npz.rows(name):
        _check_values(npz, name, rows, start, config.values)
        images[start : start + len(rows)] = rows.reshape(len(rows), *shape)
        start += len(rows)
    labels = _labels(npz, prefix, len(images), config)
    return RawSplit(images, labels, _vectors(npz, prefix, len(images), config))


def _check_values(npz: NpzFile, name: str, rows: np.ndarray, start: int, values: int) -> None:
    wrong = np.argwhere((rows < 0) | (rows >= values))
    if len(wrong):
        place = (start + int(wrong[0][0]), *(int(i) for i in wrong[0][1:]))
        raise DataError(
            f"{npz.path}, array {name}, at {place}: values must be 0 to {values - 1} "
            f"(data.values). Received: {rows[tuple(wrong[0])]}"
        )


def _vectors(npz: NpzFile, prefix: str, count: int, config: NpzConfig) -> dict[str, np.ndarray]:
    """What else the images are steered by, checked."""
    found = {}
    for name, shape in config.vector_shapes().items():
        array = f"{prefix}{name}"
        header = npz.header(array)
        if header.shape != (count, *shape):
            raise DataError(
                f"{npz.path}, array {array}: must be numbers of shape "
                f"({count}, {', '.join(map(str, shape))}), as data.vectors says. "
                f"Received: {header.dtype} {header.shape}"
            )
        found[name] = checked(npz.array(array), str(npz.path), array, shape)
    return found


def _labels(npz: NpzFile, prefix: str, count: int, config: NpzConfig) -> np.ndarray | None:
    if config.classes is None:
        return None
    name = f"{prefix}labels"
    header = npz.header(name)
    if header.shape != (count,) or header.dtype.kind not in "ui":
        raise DataError(
            f"{npz.path}, array {name}: must be whole numbers of shape ({count},). "
            f"Received: {header.dtype} {header.shape}"
        )
    labels = npz.array(name).astype(np.int64)
    wrong = np.flatnonzero((labels < 0) | (labels >= config.classes))
    if len(wrong):
        raise DataError(
            f"{npz.path}, array {name}, at {wrong[0]}: must be 0 to {config.classes - 1} "
            f"(data.classes). Received: {labels[wrong[0]]}"
        )
    return labels
