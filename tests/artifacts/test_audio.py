"""Recordings: a WAV file each, whole or from parts that differ in length."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from genkit.artifacts import SAMPLE_KINDS, Audio, SampleArtifact
from genkit.artifacts import audio as module
from genkit.artifacts.audio import recording_name
from genkit.artifacts.npz import read_npz
from genkit.artifacts.parts import Parts

RATE = 8000


def recording(i: int) -> np.ndarray:
    return (np.arange(300 + 50 * i) * (i + 1) % 500).astype(np.int16)


def made(first: int, count: int) -> Audio:
    numbers = range(first, first + count)
    tags = np.eye(8, dtype=np.uint8)[list(numbers)]
    conditions = {"speaker": np.array(numbers) % 3, "tags": tags}
    return Audio.of([recording(i) for i in numbers], -np.array(numbers), numbers, RATE, conditions)


def test_recordings_are_padded_and_cut_again() -> None:
    one = made(2, 3)
    assert isinstance(one, SampleArtifact)
    assert one.samples.shape == (3, 500)
    assert list(one.length) == [400, 450, 500]
    assert not one.samples[0, 400:].any()
    for i, found in enumerate(one.recordings(), 2):
        np.testing.assert_array_equal(found, recording(i))
    dtypes = {name: array.dtype.name for name, array in one.arrays().items()}
    assert list(dtypes) == ["samples", "length", "log_prob", "index", "speaker", "tags"]
    assert list(dtypes.values())[:4] == ["int16", "int64", "float32", "int64"]


def test_a_file_each(tmp_path: Path) -> None:
    one = made(0, 3)
    files = one.save(tmp_path)
    names = ["recordings.png", "samples.npz", "000000.wav", "000001.wav", "000002.wav"]
    assert [path.name for path in files] == names
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(names)
    for i in range(3):
        found, rate = soundfile.read(tmp_path / f"00000{i}.wav", dtype="int16")
        assert rate == RATE
        np.testing.assert_array_equal(found, recording(i))
    facts = read_npz(tmp_path / "samples.npz")
    assert set(facts) == {"length", "log_prob", "index", "speaker", "tags"}
    for name, array in facts.items():
        np.testing.assert_array_equal(array, one.arrays()[name])


def test_parts_that_differ_in_length_are_the_whole(tmp_path: Path) -> None:
    parts = Parts(5, {"sample_rate": RATE}, iter([made(0, 3).arrays(), made(3, 2).arrays()]))
    files = SAMPLE_KINDS["audio"].collect(tmp_path / "new", parts)
    whole = made(0, 5).save(tmp_path / "whole")
    assert [path.name for path in files] == [path.name for path in whole]
    for one, other in zip(files, whole, strict=True):
        assert one.read_bytes() == other.read_bytes()


def test_very_many_are_listed_in_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "NAMED", 2)
    files = made(0, 3).save(tmp_path)
    assert [path.name for path in files] == ["recordings.png", "samples.npz", "recordings.sha256"]
    lines = (tmp_path / "recordings.sha256").read_text().splitlines()
    for i, line in enumerate(lines):
        data = (tmp_path / f"00000{i}.wav").read_bytes()
        assert line == f"{hashlib.sha256(data).hexdigest()}  00000{i}.wav"
    assert len(lines) == 3


def test_names_sort_by_number() -> None:
    assert recording_name(7, 8) == "000007.wav"
    assert recording_name(7, 10**6) == "000007.wav"
    assert recording_name(7, 10**6 + 1) == "0000007.wav"


def test_each_file_is_whole_or_absent(tmp_path: Path) -> None:
    def each() -> Iterator[Any]:
        yield made(0, 3).arrays()
        raise ValueError("a bad part")

    with pytest.raises(ValueError, match="a bad part"):
        Audio.collect(tmp_path, Parts(5, {"sample_rate": RATE}, each()))
    assert sorted(path.name for path in tmp_path.iterdir()) == [f"00000{i}.wav" for i in range(3)]
    for i in range(3):
        np.testing.assert_array_equal(soundfile.read(tmp_path / f"00000{i}.wav", dtype="int16")[0],
                                      recording(i))  # fmt: skip


def test_an_empty_recording_is_a_file_too(tmp_path: Path) -> None:
    Audio.of([np.zeros(0, np.int16), recording(1)], np.zeros(2), [0, 1], RATE).save(tmp_path)
    assert soundfile.info(tmp_path / "000000.wav").frames == 0


def test_the_picture_shows_the_first_ones() -> None:
    assert made(0, 3).preview().startswith(b"\x89PNG")
