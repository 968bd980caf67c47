"""The data sets that need no file: digits and textures."""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np
import pytest

from genkit import data
from tests.image_files import read, section

# Of the first ten images of each split; of test labels; of four textures.
DIGITS = {"train": "fd3c94a16fbf7812", "validation": "fa522d3e1662a664", "test": "9458ac951bd1509a"}
LABELS = [8, 1, 6, 1, 2, 0, 2, 9, 2, 3, 7, 3]
TEXTURES = "2ec4a5341e8cecb1"


def checksum(array: np.ndarray) -> str:
    return hashlib.sha256(np.ascontiguousarray(array).tobytes()).hexdigest()[:16]


def every(dataset: Any) -> np.ndarray:
    return np.concatenate([dataset.split(n).images for n in ("train", "validation", "test")])


def test_digits_are_split_without_losing_or_sharing_one() -> None:
    digits = read(name="digits")
    sizes = {name: len(digits.split(name)) for name in digits.splits}
    assert sizes == {"train": 1197, "validation": 200, "test": 400}
    images = every(digits)
    assert images.shape == (1797, 8, 8, 1)
    assert images.max() == 16

    from sklearn.datasets import load_digits

    raw = load_digits()
    order = lambda array: np.sort([row.tobytes() for row in array.astype(np.uint8)])  # noqa: E731
    np.testing.assert_array_equal(order(images[..., 0]), order(raw.images))
    labels = np.concatenate([digits.split(n).labels for n in ("train", "validation", "test")])
    np.testing.assert_array_equal(np.bincount(labels), np.bincount(raw.target))
    named = {(image.tobytes(), label) for image, label in zip(images, labels, strict=True)}
    assert named == {
        (image.astype(np.uint8).tobytes(), label)
        for image, label in zip(raw.images, raw.target, strict=True)
    }


def test_the_split_of_the_digits_never_changes() -> None:
    """Results are only comparable on the same images: a new checksum is a new data set."""
    digits = read(name="digits")
    found = {name: checksum(digits.split(name).images[:10]) for name in digits.splits}
    assert found == DIGITS
    assert [int(x) for x in digits.split("test").labels[:12]] == LABELS


def test_other_counts_of_digits() -> None:
    digits = read(name="digits", validation_count=10, test_count=20)
    assert [len(digits.split(n)) for n in ("train", "validation", "test")] == [1767, 10, 20]
    usual = read(name="digits")
    np.testing.assert_array_equal(digits.split("test").images, usual.split("test").images[:20])


def test_textures_are_a_function_of_their_index() -> None:
    small = read(name="textures", size=5, levels=7, train_count=4, validation_count=3, test_count=2)
    large = read(name="textures", size=5, levels=7, train_count=6, validation_count=1, test_count=2)
    np.testing.assert_array_equal(every(small), every(large))
    assert len(np.unique(every(small), axis=0)) == 9
    assert checksum(small.split("train").images) == TEXTURES


@pytest.mark.parametrize("levels", [2, 3, 17, 256])
@pytest.mark.parametrize("channels", [1, 3])
def test_textures_use_their_levels(levels: int, channels: int) -> None:
    values = {"name": "textures", "size": 9, "levels": levels, "channels": channels}
    textures = read(**values, train_count=40, validation_count=1, test_count=1)
    split = textures.split("train")
    assert split.images.shape == (40, 9, 9, channels)
    assert split.images.min() == 0
    assert split.images.max() == levels - 1
    assert set(np.unique(split.labels)) == {0, 1, 2, 3}
    config = section(**values)
    assert config.image_shape() == (9, 9, channels)
    assert (config.level_count(), config.class_count()) == (levels, 4)


def test_textures_of_a_class_have_a_direction() -> None:
    """Horizontal stripes vary from row to row, vertical ones from column to column."""
    split = read(name="textures", size=16, levels=256, train_count=60).split("train")
    images = split.images[..., 0].astype(float)
    rows = np.abs(np.diff(images, axis=1)).mean(axis=(1, 2))
    columns = np.abs(np.diff(images, axis=2)).mean(axis=(1, 2))
    assert (columns > rows)[split.labels == 0].all()
    assert (rows > columns)[split.labels == 2].all()


def test_a_data_set_is_loaded_by_name() -> None:
    config = section(name="textures", size=4, levels=2, train_count=3)
    assert data.load(config).name == "textures"
