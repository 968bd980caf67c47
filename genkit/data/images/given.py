"""Images that a user hands to `score` and `sample --prime`: an npz, a picture or a folder."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np

from genkit.artifacts.npz import read_npz
from genkit.data.images.dataset import ImageSplit
from genkit.data.images.pictures import open_picture, read_picture
from genkit.data.images.preprocessing import quantise
from genkit.errors import DataError, UsageError

SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".tif", ".tiff", ".webp", ".pgm", ".ppm")
ARRAY_NAMES = ("samples", "images", "image")
LABEL_NAMES = ("label", "labels")


def read_images(path: str | Path, shape: tuple[int, int, int], levels: int) -> ImageSplit:
    """Images of a model's shape from a path.

    Args:
        path: an `.npz` with `samples` or `images` (values 0 .. levels - 1) and, if it has
            them, `label`; a picture; or a folder of pictures in the order of their names.
        shape: (H, W, C) that the model expects.
        levels: values of a channel. Pictures of 256 levels are brought to a power of two by
            equal bins, as the data sets are, and to any other number by rounding.

    Raises:
        DataError: names the file and what is wrong with it.
    """
    path = Path(path)
    if path.is_dir():
        files = sorted(p for p in path.iterdir() if p.suffix.lower() in SUFFIXES)
        if not files:
            raise DataError(f"{path}: no pictures in this folder (looked for {_suffixes()})")
        return ImageSplit(np.stack([_picture(f, shape, levels) for f in files]), None, levels)
    if not path.exists():
        raise UsageError(f"{path}: no such file or folder, and no split of the data set")
    if path.suffix.lower() == ".npz":
        return _from_npz(path, shape, levels)
    if path.suffix.lower() in SUFFIXES:
        return ImageSplit(_picture(path, shape, levels)[None], None, levels)
    raise DataError(f"{path}: unknown kind of file. Allowed: .npz, a folder, {_suffixes()}")


def _suffixes() -> str:
    return ", ".join(SUFFIXES)


def _from_npz(path: Path, shape: tuple[int, int, int], levels: int) -> ImageSplit:
    arrays = read_npz(path)
    name = next((n for n in ARRAY_NAMES if n in arrays), None)
    if name is None:
        raise DataError(
            f"{path}: needs an array named {' or '.join(ARRAY_NAMES)}. "
            f"Received: {', '.join(sorted(arrays)) or 'none'}"
        )
    images = arrays[name]
    if images.ndim == 3 and shape[2] == 1:
        images = images[..., None]
    if images.ndim != 4 or images.shape[1:] != shape:
        raise DataError(
            f"{path}: {name} must have shape (count, {', '.join(map(str, shape))}). "
            f"Received: {images.shape}"
        )
    if not len(images):
        raise DataError(f"{path}: {name} holds no images")
    if images.dtype.kind not in "ui":
        raise DataError(f"{path}: {name} must be integers. Received: {images.dtype}")
    if images.min() < 0 or images.max() >= levels:
        raise DataError(
            f"{path}: {name} must hold values 0 to {levels - 1}. "
            f"Received: {images.min()} to {images.max()}"
        )
    label = next((arrays[n] for n in LABEL_NAMES if n in arrays), None)
    if label is not None and label.shape != images.shape[:1]:
        raise DataError(f"{path}: labels must have shape ({len(images)},). Received: {label.shape}")
    if label is not None and label.dtype.kind not in "ui":
        raise DataError(f"{path}: labels must be integers. Received: {label.dtype}")
    labels = None if label is None else label.astype(np.int64)
    return ImageSplit(images.astype(np.uint8), labels, levels)


def _picture(path: Path, shape: tuple[int, int, int], levels: int) -> np.ndarray:
    height, width, _ = shape
    with open_picture(path, os.fspath(path)) as opened:
        if (opened.height, opened.width) != (height, width):
            raise DataError(
                f"{path}: the model takes {height}x{width} (height x width). "
                f"Received: {opened.height}x{opened.width}"
            )
    pixels = read_picture(path, os.fspath(path), shape)
    if levels & (levels - 1) == 0:
        return quantise(pixels, levels)  # as the data sets do
    scaled = np.round(pixels.astype(np.float64) * ((levels - 1) / 255.0))
    return scaled.astype(np.uint8)
