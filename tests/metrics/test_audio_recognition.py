"""Whether samples are recognised as what they were asked to be."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from genkit import randomness
from genkit.data.audio.mulaw import decode, encode, pcm_of
from genkit.errors import UsageError
from genkit.metrics.audio_features import audio_features
from genkit.metrics.audio_recognition import AudioRecognition, LabelledAudio, recognise_audio

RATE = 8_000
FSDD = Path(__file__).resolve().parents[3] / "shared" / "data" / "fsdd" / "recordings"
VOCABULARY = {"voice": ("low", "high"), "move": ("up", "down"), "tags": ("low", "up", "sound")}


def sweep(index: int, low: bool, up: bool) -> np.ndarray:
    """A tone that moves by half an octave, 0.1 to 0.5 s, int16."""
    length, detune, loudness = randomness.uniform(0, "test/sweep", index, (3,))
    time = np.linspace(0, 1, int(RATE * (0.1 + 0.4 * length)), endpoint=False)
    octave = (time if up else 1 - time) / 2 + 0.2 * detune
    pitch = (300 if low else 900) * 2**octave
    phase = 2 * np.pi * np.cumsum(pitch) / RATE
    return np.int16((2_000 + 10_000 * loudness) * np.sin(phase))


def sweeps(start: int, count: int, *attributes: str) -> LabelledAudio:
    index = np.arange(start, start + count)
    low, up = index % 2 == 0, index // 2 % 2 == 0
    labels = {
        "voice": np.where(low, 0, 1),
        "move": np.where(up, 0, 1),
        "tags": np.stack([low, up, np.ones(count)], axis=1).astype(np.uint8),
    }
    recordings = [sweep(i, low[k], up[k]) for k, i in enumerate(index)]
    return LabelledAudio(recordings, {name: labels[name] for name in attributes or labels})


def recognised(samples: LabelledAudio) -> AudioRecognition:
    return recognise_audio(sweeps(0, 80), sweeps(80, 24), samples, RATE, VOCABULARY)


def test_what_was_asked_for_is_recognised_by_sound_and_by_order_in_time() -> None:
    found = recognised(sweeps(200, 40))
    assert found.metrics == {
        f"{kind}_accuracy_{attribute}": 1.0
        for kind in ("sample", "real")
        for attribute in ("voice", "move", "tags", "tags_each")
    }
    assert [(row["attribute"], row["value"], row["sample_count"]) for row in found.rows] == [
        ("voice", "low", 20),
        ("voice", "high", 20),
        ("move", "up", 20),
        ("move", "down", 20),
        ("tags", "low", 20),
        ("tags", "up", 20),
        ("tags", "sound", 40),
    ]
    assert [figure.name for figure in found.figures] == ["confusion-voice", "confusion-move"]
    assert all(figure.png.startswith(b"\x89PNG") for figure in found.figures)


def test_samples_of_something_else_are_not() -> None:
    right = sweeps(200, 20, "voice", "tags")
    tags = right.labels["tags"].copy()
    tags[:5, 0] ^= 1
    wrong = LabelledAudio(right.recordings, {"voice": 1 - right.labels["voice"], "tags": tags})
    found = recognised(wrong)
    assert found.metrics["sample_accuracy_voice"] == 0.0
    assert found.metrics["real_accuracy_voice"] == 1.0
    assert found.metrics["sample_accuracy_tags"] == pytest.approx(15 / 20)
    assert found.metrics["sample_accuracy_tags_each"] == pytest.approx(55 / 60)
    each = {row["value"]: row["sample_accuracy"] for row in found.rows[2:]}
    assert each == {"low": pytest.approx(0.75), "up": 1.0, "sound": 1.0}


def test_only_what_samples_were_asked_for_is_measured() -> None:
    same = LabelledAudio(sweeps(0, 8).recordings, {"voice": np.zeros(8, int)})
    found = recognised(same)
    assert {row["attribute"] for row in found.rows} == {"voice"}
    assert [row["value"] for row in found.rows] == ["low"]
    # Where all are one speaker there is nothing to tell apart.
    alone = recognise_audio(same, same, same, RATE, VOCABULARY)
    assert alone == AudioRecognition({}, [], [])


def test_attributes_that_real_recordings_lack_are_refused() -> None:
    voices = sweeps(0, 8, "voice")
    with pytest.raises(UsageError, match=r"by 'move', which the real.*They have: voice"):
        recognise_audio(voices, voices, sweeps(0, 4, "move"), RATE, VOCABULARY)


@pytest.mark.parametrize("rate", [8_000, 44_100])
def test_features_of_recordings_of_any_length(rate: int) -> None:
    tone = np.int16(9_000 * np.sin(np.arange(6 * rate) * 2 * np.pi * 440 / rate))
    lengths = (1, rate // 100, rate // 10, rate, 6 * rate)
    found = audio_features([tone[:length] for length in lengths] + [np.zeros(rate // 2)], rate)
    assert found.shape == (6, 8 * 40 + 40 + 40 + 12)
    assert np.isfinite(found).all()
    # A steady tone has the same features whatever its length, but for its end within a window.
    np.testing.assert_allclose(found[3, 40:280], found[4, 40:280], atol=0.3)


def test_features_know_no_loudness_and_no_silence_around() -> None:
    sound = sweep(3, True, False)
    around = np.concatenate([np.zeros(800), sound / 32768, np.zeros(1_600)])
    one, quieter, padded = audio_features([sound, sound // 4, around], RATE)
    assert np.abs(one - quieter).mean() < 0.05
    assert np.abs(one - padded).mean() < 0.5 < np.abs(one).mean()


@pytest.mark.skipif(not FSDD.is_dir(), reason="no folder ../shared/data/fsdd")
def test_speakers_and_digits_of_real_recordings() -> None:
    """Few of them, as an 8-bit model hears them; with all, speakers 1.0 and digits 0.99."""
    speakers = ("george", "jackson", "lucas", "nicolas", "theo", "yweweler")

    def read(indices: range) -> LabelledAudio:
        labels = [(s, d, i) for s in range(6) for d in range(10) for i in indices]
        paths = [FSDD / f"{d}_{speakers[s]}_{i}.wav" for s, d, i in labels]
        sounds = [soundfile.read(path, dtype="int16")[0] for path in paths]
        columns = np.array(labels).T
        return LabelledAudio(
            [pcm_of(decode(encode(sound))) for sound in sounds],
            {"speaker": columns[0], "digit": columns[1]},
        )

    vocabulary = {"speaker": speakers, "digit": [str(digit) for digit in range(10)]}
    test = read(range(2))
    found = recognise_audio(read(range(8, 18)), test, test, 8_000, vocabulary)
    assert found.metrics["real_accuracy_speaker"] >= 0.97
    assert found.metrics["real_accuracy_digit"] >= 0.93
