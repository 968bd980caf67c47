"""Scenes of digits: a function of (seed, number), with the truth about them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from genkit import data
from genkit.data.images import digits
from genkit.data.images.config import DigitsConfig
from genkit.data.images.dataset import ImageFeed
from genkit.data.scenes.composing import Composer, Thing, cut
from genkit.errors import DataError, RecipeError
from genkit.recipe import from_mapping
from tests.image_files import REAL

SMALL = {"name": "multi_digits", "size": 24, "validation_count": 30, "test_count": 60}


def section(**values: Any) -> Any:
    return from_mapping({"family": "air", "data": {**SMALL, **values}}, "test").data


def scenes(split: str = "test", count: int = 60, **values: Any) -> Any:
    found = data.load(section(**values)).split(split)
    return found, found.scenes(np.arange(count))


def inked(image: np.ndarray) -> np.ndarray:
    return image.any(axis=-1)


def test_what_is_said_of_a_scene_is_true() -> None:
    split, found = scenes(counts=[0, 1, 3])
    assert split.images.shape == (60, 24, 24, 1)
    np.testing.assert_array_equal(np.asarray(split.images), found["image"])
    np.testing.assert_array_equal(found["count"], np.tile([0, 1, 3], 20))
    for image, count, boxes, labels in zip(
        found["image"], found["count"], found["box"].astype(int), found["label"], strict=True
    ):
        assert (boxes[count:] == 0).all()
        assert (labels[count:] == -1).all()
        assert ((labels[:count] >= 0) & (labels[:count] < 10)).all()
        rest = inked(image).copy()
        for top, left, height, width in boxes[:count]:
            own = inked(image)[top : top + height, left : left + width]
            assert own[0].any()
            assert own[-1].any()
            assert own[:, 0].any()
            assert own[:, -1].any()
            rest[top : top + height, left : left + width] = False
        assert not rest.any()


def test_things_are_the_digits_of_their_labels_and_of_their_split() -> None:
    _, found = scenes("validation", 30, counts=[1])
    own = digits.load(DigitsConfig()).split("validation")
    images = np.rint(np.asarray(own.images, float)[..., 0] * 255 / 16).astype(np.uint8)
    for image, (top, left, height, width), label in zip(
        found["image"], found["box"][:, 0].astype(int), found["label"][:, 0], strict=True
    ):
        shown = image[top : top + height, left : left + width]
        same = [
            np.array_equal(cut(one[..., None]), shown)
            for one in images[np.asarray(own.labels) == label]
        ]
        assert any(same)


@pytest.mark.parametrize(("apart", "sides"), [("boxes", [8, 8]), ("ink", [7, 8]), ("any", [8, 8])])
def test_the_rule_of_overlap(apart: str, sides: list[int]) -> None:
    _, found = scenes(counts=[3], size=18, apart=apart, sides=sides)
    common = []
    for boxes in found["box"].astype(int):
        covers = np.zeros((18, 18), int)
        for top, left, height, width in boxes:
            covers[top : top + height, left : left + width] += 1
        common.append(covers.max())
    assert (max(common) == 1) == (apart == "boxes")


def test_ink_apart_means_that_no_pixel_has_two_things() -> None:
    cross = Thing(np.eye(5, dtype=np.uint8)[..., None] * 200, 0)
    config = section(counts=[2], size=6, sides=[5, 5], apart="ink")
    image = Composer(config, [2], lambda *_: [cross, cross], "tests/ink")(np.arange(50), 0)["image"]
    assert ((image == 200).sum(axis=(1, 2, 3)) == 10).all()
    anywhere = section(counts=[2], size=6, sides=[5, 5], apart="any")
    image = Composer(anywhere, [2], lambda *_: [cross] * 2, "tests/ink")(np.arange(50), 0)["image"]
    assert image.max() == 255  # they add up, and stay values
    assert ((image == 200).sum(axis=(1, 2, 3)) < 10).any()


def test_a_scene_is_a_function_of_seed_and_number() -> None:
    found = data.load(section())
    train = found.split("train")
    first, again = ImageFeed(train, 8, 3).batch(5), ImageFeed(train, 4, 3).batch(11)
    np.testing.assert_array_equal(first["image"][4:], again["image"])
    assert (ImageFeed(train, 8, 4).batch(5)["image"] != first["image"]).any()
    np.testing.assert_array_equal(train.scenes(np.array([7]))["image"][0], train.images[7])
    assert len(train.first(3)) == 3
    assert (train.first(3).scenes(np.arange(3))["image"] == train.images[:3]).all()


def test_training_never_shows_a_scene_twice() -> None:
    feed = ImageFeed(data.load(section(train_count=6, counts=[2])).split("train"), 6, 0)
    every = np.concatenate([feed.batch(k)["image"] for k in range(10)])
    assert len(np.unique(every.reshape(60, -1), axis=0)) == 60


def test_unseen_counts_are_a_split_of_their_own() -> None:
    split, found = scenes("test_unseen", counts=[0, 1], unseen_counts=[2, 3])
    assert set(found["count"]) == {2, 3}
    assert found["box"].shape == (60, 3, 4)
    assert split.class_names == tuple("0123456789")
    assert "test_unseen" not in data.load(section()).splits


def test_smaller_digits_are_averages() -> None:
    _, found = scenes(sides=[4, 6], counts=[1])
    sizes = found["box"][:, 0, 2:].max(axis=1)
    assert sizes.max() <= 6
    assert len(np.unique(sizes)) > 1
    assert "8x8 averaged to 4x4 to 6x6" in section(sides=[4, 6]).preprocessing()


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"counts": [0, 0]}, "must name each number once"),
        ({"counts": [1], "unseen_counts": [1]}, "must name each number once"),
        ({"size": 7}, "size must be at least 8, the side of the largest thing. Received: 7"),
        ({"sides": [8, 4]}, "sides must be two numbers from 2 to 8, the smaller one first"),
        ({"sides": [8, 9]}, "Received: [8, 9]"),
        ({"counts": []}, "data.counts"),
    ],
)
def test_sections_that_make_no_sense(values: dict[str, Any], says: str) -> None:
    with pytest.raises(RecipeError) as caught:
        section(**values)
    assert says in str(caught.value)


def test_no_room_is_said() -> None:
    with pytest.raises(DataError) as caught:
        scenes(counts=[3], size=9)
    assert "no room for 3 things on a canvas of 9x9" in caught.value.message


@pytest.mark.skipif(not (REAL / "mnist").is_dir(), reason="MNIST's files are not there")
def test_multi_mnist_shows_test_digits_in_its_test_split(monkeypatch: Any) -> None:
    monkeypatch.setenv("GENKIT_DATA", str(REAL))
    values = {"name": "multi_mnist", "size": 50, "sides": [28, 28], "test_count": 9}
    found = data.load(section(**values)).split("test").scenes(np.arange(9))
    assert found["image"].shape == (9, 50, 50, 1)
    assert found["box"].max(axis=(0, 1))[2:].max() == 20  # ink of MNIST fits into 20x20
    from genkit.data.images import mnist
    from genkit.data.images.config import MnistConfig

    test = mnist.load(MnistConfig()).split("test")
    top, left, height, width = found["box"][1, 0].astype(int)
    shown = found["image"][1, top : top + height, left : left + width]
    same = [cut(image) for image in np.asarray(test.images)[test.labels == found["label"][1, 0]]]
    assert any(np.array_equal(one, shown) for one in same)
