"""MNIST in its four original IDX files.

IDX (LeCun): two zero bytes, a byte for the type (8: unsigned bytes), a byte for the number of
dimensions, each dimension as a big-endian 32-bit integer, then the values row by row.
"""

from __future__ import annotations

import math
import struct
from pathlib import Path

import numpy as np

from genkit.data.images.config import MnistConfig
from genkit.data.images.dataset import ImageDataset
from genkit.data.images.preprocessing import RawSplit, prepare_dataset
from genkit.data.places import find_all
from genkit.data.reading import read_content
from genkit.errors import DataError

DATASET = "mnist"
FILES = (
    "train-images-idx3-ubyte",
    "train-labels-idx1-ubyte",
    "t10k-images-idx3-ubyte",
    "t10k-labels-idx1-ubyte",
)
FOLDERS = ("", "raw", "MNIST/raw")  # the last two are where other tools put them
TRAIN, TEST = 60_000, 10_000
UNSIGNED_BYTE = 8
MAX_DIMENSIONS = 4


def files(config: MnistConfig) -> dict[str, Path]:
    """The four files by name."""
    del config
    return find_all(DATASET, FILES, FOLDERS)


def load(config: MnistConfig) -> ImageDataset:
    """The last `validation_count` training images are for validation."""
    paths = files(config)
    images, labels = read_pair(paths[FILES[0]], paths[FILES[1]], TRAIN)
    test_images, test_labels = read_pair(paths[FILES[2]], paths[FILES[3]], TEST)
    cut = TRAIN - config.validation_count
    raw = {
        "train": RawSplit(images[:cut], labels[:cut]),
        "validation": RawSplit(images[cut:], labels[cut:]),
        "test": RawSplit(test_images, test_labels),
    }
    return prepare_dataset(config, raw)


def read_pair(images: Path, labels: Path, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Images `(count, 28, 28, 1)` uint8 and labels `(count,)` int64, 0 to 9, of two files."""
    pixels = read_idx(images, (count, 28, 28))
    classes = read_idx(labels, (count,)).astype(np.int64)
    wrong = np.flatnonzero(classes > 9)
    if len(wrong):
        raise DataError(
            f"{labels}, label {wrong[0]}: must be 0 to 9. Received: {classes[wrong[0]]}"
        )
    return pixels[..., None], classes


def read_idx(path: Path, shape: tuple[int, ...]) -> np.ndarray:
    """The array of an IDX file of unsigned bytes.

    Args:
        path: packed by gzip or not.
        shape: what it must be.

    Raises:
        DataError: names the file and the byte at which it is wrong.
    """
    length = 4 + 4 * len(shape) + math.prod(shape)
    content = read_content(path, length)
    if len(content) < 4:
        raise DataError(f"{path}: ends within its header, at byte {len(content)}")
    kind, dimensions = content[2], content[3]
    if content[:2] != b"\0\0" or kind != UNSIGNED_BYTE or dimensions > MAX_DIMENSIONS:
        raise DataError(
            f"{path}, byte 0: not an IDX file of unsigned bytes (its first bytes should be "
            f"00 00 08 {len(shape):02x}). Received: {content[:4].hex(' ')}"
        )
    header = 4 + 4 * dimensions
    if len(content) < header:
        raise DataError(f"{path}: ends within its header, at byte {len(content)}")
    found = struct.unpack(f">{dimensions}I", content[4:header])
    if found != shape:
        raise DataError(f"{path}, byte 4: must have shape {shape}. Received: {found}")
    if len(content) != length:
        raise DataError(f"{path}: ends at byte {len(content)}; {length} are expected")
    return np.frombuffer(content, np.uint8, offset=header).reshape(shape)
