"""Contours of splits, which are kept."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from genkit.data.audio.dataset import AudioSplit
from genkit.speech import pitch

RATE, HOP = 8_000, 40


def tones(*hertz: float) -> AudioSplit:
    """A recording of 0.5 s for each frequency."""
    time = np.arange(RATE // 2) / RATE
    waves = [sum(np.sin(2 * np.pi * f * k * time) / k for k in (1, 2, 3)) for f in hertz]
    sound = (8_000 * np.concatenate(waves)).astype(np.int16)
    edges = np.arange(len(hertz) + 1) * (RATE // 2)
    return AudioSplit(sound, edges, {}, RATE, [str(f) for f in hertz])


def test_contours_are_those_of_the_tones() -> None:
    found = pitch.contours(tones(110.0, 220.0), HOP)
    for contour, hertz in zip(found, (110.0, 220.0), strict=True):
        assert contour.log_f0.shape == (100,)
        assert contour.voiced[20:80].all()
        np.testing.assert_allclose(np.exp(contour.log_f0[20:80]), hertz, rtol=0.02)


def test_long_splits_are_looked_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GENKIT_DATA", str(tmp_path))
    monkeypatch.setattr(pitch, "_MANY", 0.6)
    calls = []

    def find(split: AudioSplit, hop: int, progress: object) -> list[pitch.Contour]:
        calls.append(len(split))
        return [pitch.Contour(np.full(100, i, np.float32), np.ones(100, bool)) for i in range(2)]

    monkeypatch.setattr(pitch, "_find", find)
    split = tones(110.0, 220.0)
    first = pitch.contours(split, HOP)
    again = pitch.contours(split, HOP)
    assert calls == [2]
    for one, other in zip(first, again, strict=True):
        np.testing.assert_array_equal(one.log_f0, other.log_f0)
    pitch.contours(tones(111.0, 220.0), HOP)  # other sound
    assert calls == [2, 2]
    # What is damaged is found anew.
    for kept in (tmp_path / "pitch").iterdir():
        kept.write_bytes(kept.read_bytes()[:40])
    pitch.contours(split, HOP)
    assert calls == [2, 2, 2]
    assert [path.suffix for path in (tmp_path / "pitch").iterdir()] == [".npz", ".npz"]


def test_scales_are_inverse() -> None:
    logs = np.log([80.0, 200.0, 350.0])
    np.testing.assert_allclose(pitch.log_hertz_of(pitch.standardised(logs)), logs, rtol=1e-5)
