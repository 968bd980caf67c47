"""Splits and the feed of their batches."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from genkit.data.images.dataset import ImageDataset, ImageFeed, ImageSplit
from genkit.errors import DataError, UsageError


def split_of(count: int, labels: bool = True) -> ImageSplit:
    """Image i holds the value i everywhere."""
    images = np.arange(count, dtype=np.uint8)[:, None, None, None] + np.zeros((1, 2, 3, 1), "uint8")
    return ImageSplit(images, np.arange(count) * 10 if labels else None, 256)


def shown(feed: ImageFeed, batches: int) -> np.ndarray:
    return np.concatenate([feed.batch(k)["image"][:, 0, 0, 0] for k in range(batches)])


@given(count=st.integers(1, 12), size=st.integers(1, 30), seed=st.integers(0, 2**63 - 1))
def test_every_epoch_is_a_permutation_whatever_the_batch_size(
    count: int, size: int, seed: int
) -> None:
    """A batch may span two epochs, or hold several."""
    epochs = 3
    batches = -(-epochs * count // size)
    values = shown(ImageFeed(split_of(count), size, seed), batches)
    for epoch in range(epochs):
        part = values[epoch * count : (epoch + 1) * count]
        assert sorted(part) == list(range(count))


@given(size=st.integers(1, 9), seed=st.integers(0, 1000), k=st.integers(0, 40))
def test_a_batch_is_a_function_of_seed_and_number(size: int, seed: int, k: int) -> None:
    feed, fresh = ImageFeed(split_of(7), size, seed), ImageFeed(split_of(7), size, seed)
    for other in (3, k + 1, 0):
        feed.batch(other)  # whatever was asked before
    for key, array in fresh.batch(k).items():
        np.testing.assert_array_equal(feed.batch(k)[key], array)


def test_epochs_and_seeds_differ() -> None:
    values = shown(ImageFeed(split_of(50), 50, 1), 2)
    assert not np.array_equal(values[:50], values[50:])
    assert not np.array_equal(values, shown(ImageFeed(split_of(50), 50, 2), 2))


def test_labels_belong_to_their_images() -> None:
    batch = ImageFeed(split_of(9), 12, 0).batch(1)
    np.testing.assert_array_equal(batch["label"], batch["image"][:, 0, 0, 0].astype(int) * 10)
    assert batch["image"].dtype == np.uint8
    assert "label" not in ImageFeed(split_of(9, labels=False), 12, 0).batch(1)


def test_a_feed_has_no_state() -> None:
    feed = ImageFeed(split_of(3), 2, 0)
    assert feed.save() == {}
    feed.restore({})
    with pytest.raises(DataError, match=r"an image feed has no state. Received: \['place'\]"):
        feed.restore({"place": np.zeros(1)})


def test_what_a_split_refuses() -> None:
    with pytest.raises(DataError) as caught:
        ImageSplit(np.zeros((2, 3, 3), np.uint8), None, 2)
    assert caught.value.message == (
        "images must be uint8 of shape (count, height, width, channels). Received: uint8 (2, 3, 3)"
    )
    with pytest.raises(DataError, match=r"Received: float32 \(1, 2, 2, 1\)"):
        ImageSplit(np.zeros((1, 2, 2, 1), np.float32), None, 2)
    with pytest.raises(DataError) as caught:
        ImageSplit(np.full((1, 2, 2, 1), 4, np.uint8), None, 4)
    assert caught.value.message == "a value must be below the number of levels, 4. Received: 4"
    with pytest.raises(DataError, match="cannot train on an empty split"):
        ImageFeed(ImageSplit(np.zeros((0, 2, 2, 1), np.uint8), None, 4), 2, 0)


def test_the_first_images_of_a_split() -> None:
    split = split_of(5)
    assert len(split.first(2)) == 2
    np.testing.assert_array_equal(split.first(2).labels, [0, 10])
    assert len(split.first(None)) == len(split.first(99)) == 5


def test_a_missing_split_names_those_that_exist() -> None:
    with pytest.raises(UsageError) as caught:
        ImageDataset("own", {"train": split_of(2)}).split("trian")
    assert caught.value.message == (
        "data set own: unknown split 'trian'. Did you mean 'train'? Allowed: train."
    )
