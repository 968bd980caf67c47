"""Batches of people and their photographs."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from genkit.data.images.preprocessing import TrainingDraw, mirror
from genkit.errors import DataError
from genkit.metrics.nearest import several_and_single
from genkit.models.image_embedding.feed import PeopleFeed, moved
from genkit.randomness import uniform
from tests.embeddings import split

# Persons 0 to 4 with five photographs each, person 5 with two, persons 6 and 7 with one.
LABELS = [*np.repeat(np.arange(5), 5), 5, 6, 5, 7]


def feed(people: int = 4, photographs: int = 3, shift: int = 0, seed: int = 1) -> PeopleFeed:
    return PeopleFeed(split(LABELS), people, photographs, shift, seed)


def places(batch, source) -> list[int]:
    """Where the images of a batch lie in the split."""
    found = (batch["image"][:, None] == source.images[None]).all(axis=(2, 3, 4))
    assert found.sum(axis=1).tolist() == [1] * len(found)
    return found.argmax(axis=1).tolist()


def test_a_batch_holds_photographs_of_people() -> None:
    source = split(LABELS)
    for k in range(20):
        batch = feed().batch(k)
        assert batch["image"].dtype == np.uint8
        assert batch["image"].shape == (12, 6, 6, 1)
        groups = batch["label"].reshape(4, 3)
        assert (groups == groups[:, :1]).all()
        assert len(set(groups[:, 0])) == 4
        assert not {6, 7} & set(batch["label"])
        found = places(batch, source)
        assert source.labels[found].tolist() == batch["label"].tolist()
        for person, own in zip(groups[:, 0], np.reshape(found, (4, 3)), strict=True):
            # Without replacement where there are enough; else some more than once.
            assert len(set(own)) == (2 if person == 5 else 3)


def test_a_batch_is_a_function_of_seed_and_number() -> None:
    ahead = feed(shift=2)
    later = [ahead.batch(k) for k in (7, 3)]
    for k, batch in zip((7, 3), later, strict=True):
        again = feed(shift=2).batch(k)
        assert all(np.array_equal(batch[name], again[name]) for name in batch)
    other = feed(shift=2, seed=2).batch(7)
    assert not np.array_equal(other["image"], later[0]["image"])
    assert feed().save() == {}
    feed().restore({})


def test_epochs_are_permutations_of_people_and_of_photographs() -> None:
    three = feed(people=3)
    for epoch in range(5):
        shown = [three.batch(2 * epoch + half)["label"][::3] for half in range(2)]
        assert sorted(np.concatenate(shown)) == list(range(6))
    shown = np.concatenate([feed().batch(k)["label"] for k in range(60)])
    assert set(shown) == set(range(6))  # two of six are left over in each epoch, but not always
    seen = {i for k in range(60) for i in places(feed().batch(k), split(LABELS))}
    assert seen == {i for i, label in enumerate(LABELS) if label < 6}


def test_people_with_one_photograph_are_left_out() -> None:
    kept, left_out = several_and_single(np.array(LABELS))
    assert kept.tolist() == [0, 1, 2, 3, 4, 5]
    assert left_out.tolist() == [6, 7]


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        ([0, 0, 1, 2, 3], "needs at least two people with two photographs each in training. "
         "Received: 1 such people, and 3 with a single photograph"),
        ([0, 1, 2], "Received: 0 such people, and 3 with a single photograph"),
        ([0, 0, 1, 1, 2, 2, 3], "model.people asks for 4 people a batch; 3 have two photographs "
         "or more in training, 1 a single one. Lower model.people, and train.batch_size with it"),
    ],
)  # fmt: skip
def test_too_few_people(labels, message) -> None:
    with pytest.raises(DataError) as caught:
        PeopleFeed(split(labels), 4, 2, 0, 0)
    assert message in caught.value.message


def test_images_are_moved_and_their_edges_repeated() -> None:
    images = (uniform(0, "moved", 0, (4, 5, 6, 3)) * 9).astype(np.uint8)
    offsets = np.array([[0, 0], [1, -2], [-3, 4], [2, 0]])
    found = moved(images, offsets)
    for image, (down, right), result in zip(images, offsets, found, strict=True):
        wide = np.pad(image, ((4, 4), (4, 4), (0, 0)), "edge")
        expected = wide[4 - down : 9 - down, 4 - right : 10 - right]
        assert np.array_equal(result, expected)


def test_shifts_reach_every_offset_and_nothing_beyond() -> None:
    many = PeopleFeed(split(np.arange(40) // 2), 20, 2, 2, 0)
    drawn = np.concatenate([many._offsets(k, 40) for k in range(20)])
    assert set(drawn.ravel()) == {-2, -1, 0, 1, 2}
    assert np.abs(drawn.mean(axis=0)).max() < 0.2


def test_what_the_data_draws_is_drawn_by_position() -> None:
    plain = split(LABELS)
    flipped = replace(plain, draw=TrainingDraw(plain.images, True, False))
    batch = PeopleFeed(flipped, 4, 3, 0, 1).batch(5)
    expected = mirror(feed().batch(5)["image"], 1, np.arange(60, 72))
    assert np.array_equal(batch["image"], expected)
    assert not np.array_equal(batch["image"], feed().batch(5)["image"])
