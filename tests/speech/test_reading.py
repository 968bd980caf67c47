"""Recordings with phones: durations, gaps, padding."""

from __future__ import annotations

import numpy as np
import pytest

from genkit.data.audio.dataset import AudioSplit, Segment
from genkit.errors import DataError
from genkit.speech.phones import espeak_set
from genkit.speech.reading import Spoken, padded, rounded_up, without_gaps

PHONES = espeak_set(["en-us"])


def split(*alignments: list[Segment]) -> AudioSplit:
    count = len(alignments)
    edges = np.arange(count + 1) * 105
    names = [f"r{i}" for i in range(count)]
    return AudioSplit(np.ones(105 * count, np.int16), edges, {}, 1_000, names, None, alignments)


def test_durations_add_up_to_the_frames_of_the_recording() -> None:
    segments = [Segment(0, 33, "t"), Segment(33, 58, "'i:"), Segment(58, 105, "_.")]
    spoken = Spoken(split(segments), PHONES, 10)
    utterance, durations = spoken.utterance(0)
    assert utterance.names() == ["t", "i:"]
    np.testing.assert_array_equal(durations, [3, 3, 5])
    assert spoken.frames(0) == durations.sum() == 11
    assert spoken.features(0, pitch=False).shape[0] == 11


def test_gaps_become_pauses_and_small_ones_belong_to_what_is_before() -> None:
    segments = [Segment(30, 50, "t"), Segment(54, 80, "i:")]
    found = without_gaps(segments, 105, 10)
    assert found == [
        Segment(0, 30, "_"), Segment(30, 54, "t"), Segment(54, 80, "i:"), Segment(80, 105, "_"),
    ]  # fmt: skip
    assert without_gaps([Segment(4, 100, "a")], 105, 10) == [Segment(0, 100, "a")]


def test_recordings_without_phones_are_named() -> None:
    with pytest.raises(DataError, match="1 of 2 recordings have no alignment, such as r1"):
        Spoken(split([Segment(0, 105, "a")], []), PHONES, 10)


def test_padding() -> None:
    whole = padded([np.ones((2, 3)), np.full((4, 3), 2.0)], 5)
    assert whole.shape == (2, 5, 3)
    np.testing.assert_array_equal(whole[:, :, 0], [[1, 1, 0, 0, 0], [2, 2, 2, 2, 0]])
    assert [rounded_up(n, 32) for n in (1, 32, 33)] == [32, 32, 64]
