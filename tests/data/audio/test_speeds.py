"""Recordings at other speeds: lengths, pitch, phones in their places."""

from __future__ import annotations

import numpy as np

from genkit.data.audio.dataset import AudioSplit, Segment
from genkit.data.audio.speeds import played

RATE = 8_000


def split() -> AudioSplit:
    """Two tones, of 400 and 500 Hz."""
    lengths = [1_600, 2_001]
    tones = [
        8_000 * np.sin(2 * np.pi * hertz * np.arange(count) / RATE)
        for hertz, count in zip((400, 500), lengths, strict=True)
    ]
    phones = [[Segment(0, 800, "a"), Segment(800, count, "b")] for count in lengths]
    return AudioSplit(
        np.concatenate(tones).astype(np.int16),
        np.array([0, 1_600, 3_601]),
        {"voice": np.array([3, 4])},
        RATE,
        ["one", "two"],
        ["first", "second"],
        phones,
    )


def test_a_faster_recording_is_shorter_and_higher() -> None:
    own = split()
    found = played(own, [1.0, 1.25, 0.8])
    lengths = [1_600, 2_001, 1_280, 1_601, 2_000, 2_501]
    np.testing.assert_array_equal(np.diff(found.edges), lengths)
    np.testing.assert_array_equal(found.samples[:3_601], own.samples)
    for index, hertz in enumerate([400, 500, 500, 625, 320, 400]):
        sound = found.recording(index).astype(np.float64)
        spectrum = np.abs(np.fft.rfft(sound * np.hanning(len(sound)), 8 * RATE))
        assert abs(spectrum.argmax() / 8 - hertz) < 2
        middle = sound[len(sound) // 4 : -len(sound) // 4]
        assert abs(middle.std() - 8_000 / 2**0.5) < 200


def test_what_is_known_of_a_recording_goes_with_it() -> None:
    found = played(split(), [1.0, 1.25])
    np.testing.assert_array_equal(found.attributes["voice"], [3, 4, 3, 4])
    assert list(found.names) == ["one", "two", "one x1.25", "two x1.25"]
    assert found.texts == ["first", "second"] * 2
    assert found.alignment(3) == [Segment(0, 640, "a"), Segment(640, 1_601, "b")]
    assert found.alignment(1) == [Segment(0, 800, "a"), Segment(800, 2_001, "b")]
    assert found.words is None


def test_one_speed_is_the_split_itself() -> None:
    own = split()
    assert played(own, [1.0]) is own


def test_what_is_too_loud_is_cut() -> None:
    """What a square wave overshoots does not come back with the other sign."""
    square = np.tile(np.repeat([32_767, -32_768], 100), 6).astype(np.int16)
    own = AudioSplit(square, np.array([0, 1_200]), {}, RATE, ["square"])
    found = played(own, [0.7]).samples.astype(np.int64)
    assert np.abs(np.diff(np.sign(found))).sum() == 2 * 11
