"""Recordings that a user hands over."""

from __future__ import annotations

import numpy as np
import pytest

from genkit.data.audio.given import read_recording, read_recordings
from genkit.errors import DataError, UsageError
from tests.data.audio.files import RATE, pcm, put, tone


def test_a_recording(tmp_path) -> None:
    wave = tone(0.5)
    np.testing.assert_array_equal(
        read_recording(put(tmp_path / "a.wav", wave), RATE, resample=False), pcm(wave)
    )
    stereo = put(tmp_path / "b.wav", np.stack([wave, wave], 1))
    np.testing.assert_array_equal(read_recording(str(stereo), RATE), pcm(wave))
    assert len(read_recording(stereo, 2 * RATE)) == RATE


def test_another_rate_may_be_refused(tmp_path) -> None:
    path = put(tmp_path / "a.wav", tone(0.5))
    with pytest.raises(DataError) as caught:
        read_recording(path, 16_000, resample=False)
    assert caught.value.message == (
        f"{path}: must have 16000 Hz, as the model has. Received: 8000 Hz. Resample it first"
    )


def test_what_is_refused(tmp_path) -> None:
    with pytest.raises(UsageError, match=r"a\.wav: no such file"):
        read_recording(tmp_path / "a.wav", RATE)
    (tmp_path / "b.wav").write_text("text")
    with pytest.raises(DataError, match=r"b\.wav: not readable"):
        read_recording(tmp_path / "b.wav", RATE)
    with pytest.raises(DataError, match=r"c\.wav: no audio samples"):
        read_recording(put(tmp_path / "c.wav", np.zeros(0)), RATE)
    path = put(tmp_path / "d.wav", np.array([0.0, np.nan]), subtype="FLOAT")
    with pytest.raises(DataError, match=r"d.wav: NaN or infinite \(at 0.000 s\)"):
        read_recording(path, RATE)


def test_a_folder_in_the_order_of_names(tmp_path) -> None:
    for name, seconds in (("b.wav", 0.2), ("a.flac", 0.1), ("c.ogg", 0.3)):
        put(tmp_path / name, tone(seconds))
    (tmp_path / "notes.txt").write_text("no audio")
    put(tmp_path / "below" / "d.wav", tone())
    names, recordings = read_recordings(tmp_path, RATE)
    assert names == ["a.flac", "b.wav", "c.ogg"]
    assert [len(each) for each in recordings] == [800, 1_600, 2_400]
    names, recordings = read_recordings(tmp_path / "b.wav", RATE)
    assert (names, len(recordings)) == (["b.wav"], 1)


def test_folders_without_recordings(tmp_path) -> None:
    with pytest.raises(DataError, match=r"no recordings in this folder \(looked for .wav, .flac"):
        read_recordings(tmp_path, RATE)
    with pytest.raises(UsageError, match="no such file or folder, and no split"):
        read_recordings(tmp_path / "tset", RATE)
