"""Splits of recordings, and the windows that a feed cuts them into."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from genkit.data.audio.dataset import AudioDataset, AudioFeed, AudioSplit, Segment
from genkit.errors import DataError, UsageError


def split_of(*lengths: int) -> AudioSplit:
    """Audio sample t of the whole array holds t + 1, so none is 0 as padding is."""
    edges = np.cumsum([0, *lengths])
    return AudioSplit(
        np.arange(1, edges[-1] + 1, dtype=np.int16),
        edges,
        {
            "speaker": np.arange(len(lengths)) * 10,
            "tags": np.stack([np.arange(len(lengths)) % 2, np.ones(len(lengths))], 1).astype("u1"),
        },
        100,
        [f"{i}.wav" for i in range(len(lengths))],
        [f"text {i}" for i in range(len(lengths))],
        [[Segment(0, n, f"phone {i}")] for i, n in enumerate(lengths)],
    )


def rows(feed: AudioFeed, count: int):
    """The first `count` rows, one mapping each."""
    found = []
    for k in range(-(-count // feed.batch_size)):
        batch = feed.batch(k)
        found += [{key: values[i] for key, values in batch.items()} for i in range(feed.batch_size)]
    return found[:count]


LENGTHS = st.lists(st.integers(1, 40), min_size=1, max_size=6)


@given(
    lengths=LENGTHS,
    size=st.integers(1, 9),
    crop=st.integers(1, 15),
    context=st.integers(0, 12),
    packed=st.booleans(),
    seed=st.integers(0, 2**63 - 1),
)
def test_every_epoch_has_each_audio_sample_once_with_what_precedes_it(
    lengths, size, crop, context, packed, seed
) -> None:
    split = split_of(*lengths)
    feed = AudioFeed(split, size, crop, context, seed, packed)
    found = rows(feed, 2 * feed.windows)
    for epoch in (found[: feed.windows], found[feed.windows :]):
        shown = np.concatenate([row["audio"][row["skip"] : row["stop"]] for row in epoch])
        np.testing.assert_array_equal(np.sort(shown), split.samples)
    for row in found:
        recording = split.recording(int(row["recording"]))
        first, skip, stop = int(row["first"]), int(row["skip"]), int(row["stop"])
        assert len(row["audio"]) == context + crop
        assert 0 <= first <= skip <= context
        assert skip < stop <= context + crop
        origin = int(row["origin"])
        np.testing.assert_array_equal(
            row["audio"][first:stop], recording[origin + first : origin + stop]
        )
        assert not row["audio"][:first].any()
        assert not row["audio"][stop:].any()
        assert first == max(0, -origin)  # before it there is really nothing
        if packed:
            assert first == 0
        else:
            assert skip == context


@given(lengths=LENGTHS, grid=st.integers(1, 5), packed=st.booleans())
def test_rows_begin_on_a_grid(lengths, grid: int, packed: bool) -> None:
    feed = AudioFeed(split_of(*lengths), 3, 4 * grid, 2 * grid, 0, packed, grid)
    assert all(row["origin"] % grid == 0 for row in rows(feed, feed.windows))


def test_a_crop_that_a_grid_does_not_divide() -> None:
    with pytest.raises(UsageError, match=r"data.crop must be a multiple of 4 .* Received: 10"):
        AudioFeed(split_of(9), 1, 10, 4, 0, grid=4)


@given(size=st.integers(1, 7), seed=st.integers(0, 1_000), k=st.integers(0, 40))
def test_a_batch_is_a_function_of_seed_and_number(size: int, seed: int, k: int) -> None:
    feed = AudioFeed(split_of(30, 7, 1), size, 5, 3, seed)
    fresh = AudioFeed(split_of(30, 7, 1), size, 5, 3, seed)
    for other in (3, k + 1, 0):
        feed.batch(other)  # whatever was asked before
    for key, array in fresh.batch(k).items():
        np.testing.assert_array_equal(feed.batch(k)[key], array)


@given(size=st.integers(1, 7), other=st.integers(1, 7))
def test_rows_do_not_depend_on_the_batch_size(size: int, other: int) -> None:
    one = rows(AudioFeed(split_of(30, 7, 1), size, 5, 3, 4), 25)
    two = rows(AudioFeed(split_of(30, 7, 1), other, 5, 3, 4), 25)
    for first, second in zip(one, two, strict=True):
        np.testing.assert_array_equal(first["audio"], second["audio"])


def test_order_and_cuts_differ_from_epoch_to_epoch_and_seed_to_seed() -> None:
    split = split_of(*[23] * 10)
    feed = AudioFeed(split, 1, 10, 0, 0)
    assert feed.windows == 30
    found = rows(feed, 60)
    order = [[int(row["recording"]) for row in found[i : i + 30]] for i in (0, 30)]
    assert order[0] != order[1]
    cuts = [{(int(r["recording"]), int(r["origin"])) for r in found[i : i + 30]} for i in (0, 30)]
    assert cuts[0] != cuts[1]
    assert order[0] != [int(row["recording"]) for row in rows(AudioFeed(split, 1, 10, 0, 1), 30)]


def test_cuts_reach_all_places_that_they_may() -> None:
    """A recording of 23 in windows of 10 lacks 7: the first cut lies from 3 to 10."""
    feed = AudioFeed(split_of(23), 1, 10, 0, 0)
    ends = {int(r["stop"]) for r in rows(feed, 600) if r["origin"] == 0}
    assert ends == set(range(3, 11))


def test_attributes_belong_to_their_recordings() -> None:
    batch = AudioFeed(split_of(9, 30, 2), 12, 5, 3, 0).batch(0)
    np.testing.assert_array_equal(batch["speaker"], batch["recording"] * 10)
    np.testing.assert_array_equal(batch["tags"][:, 0], batch["recording"] % 2)
    kinds = {key: values.dtype for key, values in batch.items()}
    assert kinds["audio"] == np.int16
    assert {kinds[key] for key in ("first", "skip", "stop")} == {np.dtype(np.int32)}
    assert (kinds["speaker"], kinds["tags"]) == (np.int64, np.uint8)
    assert set(AudioFeed(split_of(9), 1, 5, 0, 0).batch(0)) >= {"speaker", "tags"}


def test_a_feed_has_no_state() -> None:
    feed = AudioFeed(split_of(3), 2, 2, 0, 0)
    assert feed.save() == {}
    feed.restore({})
    with pytest.raises(DataError, match=r"an audio feed has no state. Received: \['place'\]"):
        feed.restore({"place": np.zeros(1)})


def test_the_first_recordings_of_a_split() -> None:
    split = split_of(3, 4, 5)
    part = split.first(2)
    assert (len(part), part.seconds, part.names) == (2, 0.07, ["0.wav", "1.wav"])
    np.testing.assert_array_equal(part.recording(1), [4, 5, 6, 7])
    np.testing.assert_array_equal(part.attributes["speaker"], [0, 10])
    assert part.texts == ["text 0", "text 1"]
    assert part.alignments == [[Segment(0, 3, "phone 0")], [Segment(0, 4, "phone 1")]]
    assert len(split.first(None)) == len(split.first(99)) == 3
    assert len(split.first(0)) == 0
    for index in (2, -1):
        with pytest.raises(IndexError, match="recordings are 0 to 1"):
            part.recording(index)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"samples": np.zeros(5, np.float32)}, "must be int16 of shape"),
        ({"samples": np.zeros((5, 1), np.int16)}, r"Received: int16 \(5, 1\)"),
        ({"edges": np.array([0, 3, 6])}, "within the 5 audio samples"),
        ({"edges": np.array([0, 3, 3])}, "at least one audio sample"),
        ({"names": ["a"]}, "2 recordings, but 1 names"),
        ({"attributes": {"speaker": np.zeros(3, np.int64)}}, "2 recordings, but 3 speaker"),
    ],
)
def test_what_a_split_refuses(changes, message: str) -> None:
    values = {
        "samples": np.zeros(5, np.int16),
        "edges": np.array([0, 3, 5]),
        "attributes": {},
        "sample_rate": 8_000,
        "names": ["a", "b"],
    }
    assert len(AudioSplit(**values)) == 2
    with pytest.raises(DataError, match=message):
        AudioSplit(**{**values, **changes})


def test_nothing_to_train_on() -> None:
    with pytest.raises(DataError, match="cannot train on an empty split"):
        AudioFeed(split_of(3).first(0), 1, 1, 0, 0)


def test_a_missing_split_names_those_that_exist() -> None:
    with pytest.raises(UsageError) as caught:
        AudioDataset("own", {"train": split_of(2)}).split("trian")
    assert caught.value.message == (
        "data set own: unknown split 'trian'. Did you mean 'train'? Allowed: train."
    )
