"""Splits of videos, whole or lazy, and the feed of their batches."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from genkit.data.epochs import Epochs
from genkit.data.lazy import Lazy
from genkit.data.video.dataset import VideoDataset, VideoFeed, VideoSplit
from genkit.errors import DataError, UsageError
from tests.video_files import read


def split_of(count: int, lazy: bool = False) -> VideoSplit:
    """Clip i holds the value i everywhere, its condition 100 + i."""
    clips: Any = np.zeros((count, 3, 2, 2, 1), np.uint8) + np.arange(count, dtype=np.uint8).reshape(
        -1, 1, 1, 1, 1
    )
    action: Any = np.zeros((count, 3, 2), np.float32) + 100 + np.arange(count)[:, None, None]
    action = action.astype(np.float32)
    if lazy:
        whole, vectors = clips, action
        clips = Lazy(whole.shape, np.uint8, lambda i: whole[i])
        action = Lazy(vectors.shape, np.float32, lambda i: vectors[i])
    return VideoSplit(clips, {"action": action}, 256)


@given(count=st.integers(1, 12), size=st.integers(1, 30), seed=st.integers(0, 2**63 - 1))
def test_every_epoch_is_a_permutation_whatever_the_batch_size(
    count: int, size: int, seed: int
) -> None:
    epochs = 3
    feed = VideoFeed(split_of(count), size, seed)
    batches = [feed.batch(k)["video"] for k in range(-(-epochs * count // size))]
    values = np.concatenate(batches)[:, 0, 0, 0, 0]
    for epoch in range(epochs):
        assert sorted(values[epoch * count : (epoch + 1) * count]) == list(range(count))


@pytest.mark.parametrize("lazy", [False, True])
def test_a_batch_is_a_function_of_seed_and_number(lazy: bool) -> None:
    feed = VideoFeed(split_of(7, lazy), 4, 5)
    for k in (3, 0, 9, 1):
        batch = feed.batch(k)
        for key, array in VideoFeed(split_of(7), 4, 5).batch(k).items():
            np.testing.assert_array_equal(batch[key], array)
        assert batch["video"].dtype == np.uint8
        assert batch["condition/action"].dtype == np.float32
        np.testing.assert_array_equal(
            batch["condition/action"][:, 0, 0], 100.0 + batch["video"][:, 0, 0, 0, 0]
        )


def test_generated_clips_never_come_again() -> None:
    """Position p is clip p of the run's seed, whatever the batch size."""
    values = {"name": "bouncing_digits", "size": 6, "digit_size": 3, "frames": 3}
    split = read(**values).split("train")
    many = VideoFeed(split, 12, 7).batch(1)["video"]
    few = np.concatenate([VideoFeed(split, 4, 7).batch(k)["video"]
                          for k in (3, 4, 5)])  # fmt: skip
    np.testing.assert_array_equal(many, few)
    assert len(np.unique(VideoFeed(split, 64, 7).batch(500)["video"], axis=0)) > 60
    assert not np.array_equal(many, VideoFeed(split, 12, 8).batch(1)["video"])


def test_a_feed_has_no_state() -> None:
    feed = VideoFeed(split_of(3), 2, 0)
    assert feed.save() == {}
    feed.restore({})
    with pytest.raises(DataError, match=r"a video feed has no state. Received: \['place'\]"):
        feed.restore({"place": np.zeros(1)})
    with pytest.raises(DataError, match="cannot train on an empty split"):
        VideoFeed(split_of(0), 2, 0)


def test_lazy_rows_are_indexed_as_an_array_is() -> None:
    array = np.arange(24, dtype=np.float32).reshape(6, 4)
    made: list[int] = []
    lazy = Lazy(array.shape, np.float32, lambda i: (made.append(i), array[i])[1])
    assert (len(lazy), lazy.ndim, lazy.shape) == (6, 2, (6, 4))
    assert not made
    rows = (2, -1, slice(1, 5, 2), np.array([4, 0, 4]), np.zeros((2, 0), int), array[:, 0] > 9)
    for key in (*rows, (slice(3), 2), (-2, slice(2)), (..., 1), (np.array([2, 3]), slice(1, 3))):
        np.testing.assert_array_equal(lazy[key], array[key])
    np.testing.assert_array_equal(np.asarray(lazy.first(2)), array[:2])
    np.testing.assert_array_equal(np.asarray(lazy.first(None)), array)
    made.clear()
    assert len(lazy.first(3)[1:]) == 2
    assert made == [1, 2]
    with pytest.raises(IndexError):
        lazy[6]


@pytest.mark.parametrize("lazy", [False, True])
def test_the_first_clips_of_a_split(lazy: bool) -> None:
    split = split_of(5, lazy)
    assert len(split.first(2)) == 2
    assert len(split.first(None)) == len(split.first(99)) == 5
    found = split.first(3).items(np.array([2, 0]))
    assert found["video"][:, 0, 0, 0, 0].tolist() == [2, 0]
    assert found["condition/action"][:, 0, 0].tolist() == [102.0, 100.0]
    assert isinstance(split.first(2).clips, Lazy) == lazy


def test_what_a_split_refuses() -> None:
    with pytest.raises(DataError) as caught:
        VideoSplit(np.zeros((2, 3, 3, 1), np.uint8), {}, 2)
    assert caught.value.message == (
        "clips must be uint8 of shape (count, frames, height, width, channels). "
        "Received: uint8 (2, 3, 3, 1)"
    )
    clips = np.full((2, 3, 2, 2, 1), 4, np.uint8)
    with pytest.raises(DataError) as caught:
        VideoSplit(clips, {"state": np.zeros((2, 4, 5), np.float32)}, 256)
    assert caught.value.message == (
        "condition 'state' must be float32 of shape (2, 3, values). Received: float32 (2, 4, 5)"
    )
    with pytest.raises(DataError, match=r"below the number of levels, 4\. Received: 4"):
        VideoSplit(clips, {}, 4)


def test_a_missing_split_names_those_that_exist() -> None:
    with pytest.raises(UsageError, match=r"unknown split 'tset'. Did you mean 'test'\?"):
        VideoDataset("own", {"test": split_of(2)}).split("tset")


@pytest.mark.parametrize("count", [1, 2, 7])
def test_epochs_at_any_positions(count: int) -> None:
    epochs = Epochs(count, 3)
    whole = epochs.at(np.arange(count * 9))
    for epoch in range(9):
        assert sorted(whole[epoch * count : (epoch + 1) * count]) == list(range(count))
    wanted = (np.arange(40) * 17) % (count * 9)  # to and fro
    np.testing.assert_array_equal(epochs.at(wanted), whole[wanted])
