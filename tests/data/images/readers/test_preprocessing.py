"""Preprocessing: functions of (seed, position), right in distribution, and named."""

import numpy as np
import pytest

from genkit.data.images.config import MnistConfig
from genkit.data.images.dataset import ImageFeed
from genkit.data.images.preprocessing import (
    LazyImages,
    RawSplit,
    bernoulli,
    mirror,
    prepare_dataset,
    quantise,
    threshold,
)
from genkit.errors import DataError

GREY = np.arange(256, dtype=np.uint8)


def dataset(count: int = 40, **options):
    """Images of random grey values, the same in every split."""
    generator = np.random.default_rng(0)
    images = generator.integers(0, 256, (count, 4, 6, 1), np.uint8)
    raw = {name: RawSplit(images, np.arange(count)) for name in ("train", "validation", "test")}
    return prepare_dataset(MnistConfig(**options), raw)


@pytest.mark.parametrize("levels", [2, 4, 16, 128, 256])
def test_levels_are_equal_bins(levels) -> None:
    found = quantise(GREY, levels)
    assert np.array_equal(np.bincount(found), np.full(levels, 256 // levels))
    assert (np.diff(found.astype(int)) >= 0).all()


@pytest.mark.parametrize("levels", [2, 8, 64, 256])
def test_what_is_shown_is_read_back(levels) -> None:
    values = np.arange(levels)
    shown = np.round(values * 255 / (levels - 1)).astype(np.uint8)
    assert np.array_equal(quantise(shown, levels), values)


def test_threshold_is_a_share_of_the_brightest() -> None:
    assert np.flatnonzero(threshold(GREY, 0.5))[0] == 128
    assert np.flatnonzero(threshold(GREY, 0.3))[0] == 77


def test_draws_have_the_probabilities_of_the_grey_values() -> None:
    images = np.broadcast_to(GREY[None, :, None, None], (2000, 256, 1, 1)).astype(np.uint8)
    drawn = bernoulli(images, 1, "x", np.arange(2000))
    shares = drawn.mean(axis=0)[:, 0, 0]
    assert set(np.unique(drawn)) == {0, 1}
    assert shares[0] == 0
    assert shares[255] == 1
    expected = GREY / 255
    error = np.sqrt(expected * (1 - expected) / 2000)
    assert np.all(np.abs(shares - expected) <= 4.5 * error + 1e-12)


def test_a_draw_depends_on_seed_position_and_purpose_only() -> None:
    images = np.full((3, 8, 8, 1), 128, np.uint8)
    one = bernoulli(images, 1, "x", np.array([5, 6, 7]))
    alone = bernoulli(images[:1], 1, "x", np.array([6]))
    assert np.array_equal(one[1:2], alone)
    for other in (
        bernoulli(images, 2, "x", np.array([5, 6, 7])),
        bernoulli(images, 1, "y", np.array([5, 6, 7])),
        bernoulli(images, 1, "x", np.array([8, 9, 10])),
    ):
        assert not np.array_equal(one, other)


def test_flips_mirror_left_and_right() -> None:
    images = np.random.default_rng(0).integers(0, 256, (400, 3, 5, 3), np.uint8)
    found = mirror(images, 7, np.arange(900, 1300))
    same = (found == images).all(axis=(1, 2, 3))
    assert np.array_equal(found[~same], images[~same][:, :, ::-1])
    assert 150 < same.sum() < 250
    assert np.array_equal(mirror(images[100:102], 7, np.array([1000, 1001])), found[100:102])


def test_redrawn_each_epoch_the_same_for_the_same_seed() -> None:
    split = dataset(binarization="stochastic").split("train")
    feed = ImageFeed(split, 40, 3)
    first, second = feed.batch(0), feed.batch(1)
    order = [np.argsort(batch["label"]) for batch in (first, second)]
    assert np.array_equal(first["label"][order[0]], second["label"][order[1]])
    assert not np.array_equal(first["image"][order[0]], second["image"][order[1]])
    again = ImageFeed(split, 40, 3).batch(1)
    assert np.array_equal(second["image"], again["image"])
    assert first["image"].dtype == np.uint8
    assert first["image"].max() == 1


def test_a_batch_does_not_depend_on_those_before_nor_on_their_size() -> None:
    split = dataset(binarization="stochastic", flips=True).split("train")
    whole = [ImageFeed(split, 8, 3).batch(k)["image"] for k in range(10)]
    halves = [ImageFeed(split, 4, 3).batch(k)["image"] for k in range(20)]
    assert np.array_equal(np.concatenate(whole), np.concatenate(halves))


def test_evaluation_uses_one_draw() -> None:
    first, second = (dataset(binarization="stochastic") for _ in range(2))
    for name in ("validation", "test"):
        images = first.split(name).images
        assert isinstance(images, np.ndarray)
        assert images.max() == 1
        assert np.array_equal(images, second.split(name).images)
        assert first.split(name).draw is None
    assert not np.array_equal(first.split("validation").images, first.split("test").images)
    train = first.split("train").images
    assert isinstance(train, LazyImages)
    assert np.array_equal(np.asarray(train)[5:9], train[5:9])
    assert np.array_equal(train[np.array([[5], [7]])][1, 0], train[7:8][0])


@pytest.mark.parametrize(
    ("options", "name"),
    [
        ({}, "none"),
        ({"levels": 8}, "quantised from 256 to 8 levels"),
        ({"flips": True}, "random horizontal flips in training"),
        ({"binarization": "threshold", "flips": True},
         "threshold binarization at 0.5 of the brightest value, random horizontal flips in "
         "training"),
        ({"binarization": "stochastic"},
         "stochastic binarization (redrawn each epoch in training, drawn once with a fixed seed "
         "for evaluation)"),
    ],
)  # fmt: skip
def test_what_is_done_has_a_name(options, name) -> None:
    found = dataset(**options)
    assert found.notes == {"data": "mnist", "preprocessing": name}
    assert found.split("test").levels == MnistConfig(**options).level_count()


def test_an_empty_split() -> None:
    with pytest.raises(DataError, match="the split 'train' would be empty"):
        dataset(count=0)
