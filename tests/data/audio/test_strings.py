"""Synthesised strings: the notes have their pitch, the instruments sound distinct."""

from __future__ import annotations

import librosa
import numpy as np
import pytest

from genkit.data.audio import strings
from genkit.data.audio.config import INSTRUMENTS, NOTES
from genkit.data.audio.dataset import TAGS
from tests.data.audio.files import read, section

COMBINATIONS = len(INSTRUMENTS) * len(NOTES)


@pytest.mark.parametrize("rate", [8_000, 16_000])
def test_every_note_has_its_pitch(rate: int) -> None:
    """Within a fifth of a percent, by YIN on the sounding part, of every instrument."""
    for index in range(COMBINATIONS):
        instrument, note = strings.what(index)
        wave = strings.recording(index, rate, rate).astype(np.float64) / 32_768
        sounding = wave[rate // 20 : rate * 6 // 10]
        found = librosa.yin(sounding, fmin=70, fmax=400, sr=rate, frame_length=rate // 4)
        expected = librosa.note_to_hz(note.replace("#", "♯"))
        assert np.median(found) == pytest.approx(expected, rel=0.002), (instrument, note)


def test_instruments_sound_distinct() -> None:
    """The nearest mean of levels in mel bands, over the sound and over time, tells them apart."""
    count = 4 * COMBINATIONS
    levels = []
    for index in range(count):
        wave = strings.recording(index, 8_000, 8_000).astype(np.float32) / 32_768
        mel = librosa.feature.melspectrogram(y=wave / np.abs(wave).max(), sr=8_000, n_mels=20)
        level = librosa.power_to_db(mel, top_db=80)
        levels.append(np.concatenate([level.mean(axis=1), level.std(axis=1)]))
    features = np.stack(levels)
    features /= features[: count // 2].std(axis=0)
    names = np.array([strings.what(index)[0] for index in range(count)])
    known, unknown = features[: count // 2], features[count // 2 :]
    means = np.stack([known[names[: count // 2] == name].mean(axis=0) for name in INSTRUMENTS])
    distances = np.linalg.norm(unknown[:, None] - means, axis=2)
    found = np.array(INSTRUMENTS)[distances.argmin(axis=1)]
    assert np.mean(found == names[count // 2 :]) >= 0.95


def test_a_harp_plucked_in_the_middle_lacks_even_harmonics() -> None:
    index = INSTRUMENTS.index("harp")
    wave = strings.recording(index, 16_000, 16_000).astype(np.float64)
    spectrum = np.abs(np.fft.rfft(wave * np.hanning(len(wave))))
    first, second, third = (spectrum[110 * n - 3 : 110 * n + 4].max() for n in (1, 2, 3))
    assert second < 0.25 * min(first, third)


def test_recordings_are_a_function_of_their_number() -> None:
    one, again = (strings.recording(5, 4_000, 8_000) for _ in range(2))
    np.testing.assert_array_equal(one, again)
    other = strings.recording(5 + COMBINATIONS, 4_000, 8_000)  # the same instrument and note
    assert strings.what(5) == strings.what(5 + COMBINATIONS)
    assert np.abs(one.astype(int) - other).max() > 1_000


def test_splits() -> None:
    dataset = read(
        "strings", train_count=48, validation_count=4, test_count=5, seconds=0.1, sample_rate=4_000
    )
    assert {name: len(split) for name, split in dataset.splits.items()} == {
        "train": 48,
        "validation": 4,
        "test": 5,
    }
    split = dataset.split("train")
    assert split.seconds == pytest.approx(4.8)
    assert split.sample_rate == 4_000
    tags = split.attributes[TAGS]
    assert (tags.shape, tags.dtype) == ((48, 16), np.uint8)
    assert dataset.vocabulary == {TAGS: (*INSTRUMENTS, *NOTES)}
    assert (tags[:, :4].sum(axis=1) == 1).all()
    assert (tags[:, 4:].sum(axis=1) == 1).all()
    assert len(np.unique(tags, axis=0)) == COMBINATIONS
    assert split.names[1] == "1-harp-A2"
    np.testing.assert_array_equal(
        dataset.split("validation").recording(0), strings.recording(48, 400, 4_000)
    )


def test_loudness_and_peak() -> None:
    peaks = [np.abs(strings.recording(i, 4_000, 8_000).astype(int)).max() for i in range(96)]
    assert min(peaks) >= 0.24 * 32_767
    assert max(peaks) <= 0.91 * 32_767


def test_nothing_to_trim() -> None:
    with pytest.raises(ValueError, match="leave trim_db away"):
        section("strings", trim_db=30.0)
