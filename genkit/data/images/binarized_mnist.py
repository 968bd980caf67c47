"""Larochelle's binarized MNIST: text files of 784 values 0 or 1 a line, no labels.

The binarization was drawn once, from Bernoulli variables with the grey values as
probabilities, and is what published likelihoods in nats are mostly measured on.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from genkit.data.images.config import BinarizedMnistConfig
from genkit.data.images.dataset import ImageDataset, ImageSplit
from genkit.data.places import find_all
from genkit.data.reading import read_content
from genkit.errors import DataError

DATASET = "binarized_mnist"
SIDE = 28
VALUES = SIDE * SIDE
FILES = {
    "train": "binarized_mnist_train.amat",
    "validation": "binarized_mnist_valid.amat",
    "test": "binarized_mnist_test.amat",
}
COUNTS = {"train": 50_000, "validation": 10_000, "test": 10_000}
_LONGEST_LINE = 4 * VALUES  # values may be written with more room, such as "0.  "


def files(config: BinarizedMnistConfig) -> dict[str, Path]:
    """The three files by name."""
    del config
    return find_all(DATASET, FILES.values())


def load(config: BinarizedMnistConfig) -> ImageDataset:
    """50,000 / 10,000 / 10,000 images 28x28x1 of two levels, in the order of the files."""
    paths = files(config)
    splits = {
        split: ImageSplit(read_amat(paths[name], COUNTS[split]), None, 2)
        for split, name in FILES.items()
    }
    notes = {"data": config.name, "preprocessing": config.preprocessing()}
    return ImageDataset(DATASET, splits, notes)


def read_amat(path: Path, count: int) -> np.ndarray:
    """Images of a file: `(count, 28, 28, 1)` uint8 of 0 and 1.

    Args:
        path: text, packed by gzip or not.
        count: how many lines the file must have.

    Raises:
        DataError: names the file and the line that is wrong.
    """
    text = np.frombuffer(read_content(path, count * _LONGEST_LINE), np.uint8)
    values = _regular(text, count)
    if values is None:
        values = _by_line(path, text.tobytes(), count)
    return values.reshape(count, SIDE, SIDE, 1)


def _regular(text: np.ndarray, count: int) -> np.ndarray | None:
    """Values of `0 1 ... 0\\n` lines, all at once; None where the text is any other."""
    if len(text) != count * 2 * VALUES:
        return None
    table = text.reshape(count, VALUES, 2)
    values, between = table[..., 0], table[..., 1]
    separated = (between[:, :-1] == ord(" ")).all() and (between[:, -1] == ord("\n")).all()
    values = values - np.uint8(ord("0"))  # below "0" wraps around
    return values if separated and (values <= 1).all() else None


def _by_line(path: Path, text: bytes, count: int) -> np.ndarray:
    """Values of lines with any white space between them, or the error with its line."""
    lines = text.splitlines()
    values = np.empty((min(len(lines), count), VALUES), np.uint8)
    for number, line in enumerate(lines[:count]):
        words = line.split()
        if len(words) != VALUES:
            raise DataError(
                f"{path}, line {number + 1}: needs {VALUES} values. Received: {len(words)}"
            )
        wrong = next((i for i, word in enumerate(words) if word not in (b"0", b"1")), None)
        if wrong is not None:
            shown = words[wrong][:20].decode("ascii", "backslashreplace")
            raise DataError(
                f"{path}, line {number + 1}, value {wrong + 1}: must be 0 or 1. Received: {shown}"
            )
        values[number] = [word == b"1" for word in words]
    if len(lines) != count:
        raise DataError(f"{path}: needs {count} lines, an image each. Received: {len(lines)}")
    return values
