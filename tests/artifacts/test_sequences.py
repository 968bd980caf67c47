"""Sequences: one npz, whole or from parts."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from genkit.artifacts import SAMPLE_KINDS, SampleArtifact, Sequences
from genkit.artifacts import parts as module
from genkit.artifacts.npz import read_npz
from genkit.artifacts.parts import Parts


def made(first: int, count: int, levels: int = 256) -> Sequences:
    values = np.arange(first * 5, (first + count) * 5).reshape(count, 5) % levels
    index = np.arange(first, first + count)
    return Sequences(values, -index.astype(np.float32), index, levels)


@pytest.mark.parametrize(("levels", "dtype"), [(2, "uint8"), (256, "uint8"), (257, "uint16")])
def test_values_take_the_smallest_type_that_holds_them(
    tmp_path: Path, levels: int, dtype: str
) -> None:
    one = made(0, 60, levels)
    assert isinstance(one, SampleArtifact)
    (path,) = one.save(tmp_path)
    found = read_npz(path)
    assert path.name == "samples.npz"
    assert found["samples"].dtype == dtype
    np.testing.assert_array_equal(found["samples"], one.samples)
    np.testing.assert_array_equal(found["log_prob"], one.log_prob)
    np.testing.assert_array_equal(found["index"], one.index)


def test_parts_are_the_whole(tmp_path: Path) -> None:
    kind = SAMPLE_KINDS["sequences"]
    parts = Parts(5, {"levels": 256}, iter([made(0, 3).arrays(), made(3, 2).arrays()]))
    (path,) = kind.collect(tmp_path / "new", parts)
    (whole,) = made(0, 5).save(tmp_path)
    assert path.read_bytes() == whole.read_bytes()


def test_what_is_too_large_stays_in_parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "ONE_FILE_BYTES", 80)
    said: list[str] = []
    parts = Parts(5, {"levels": 256}, iter([made(0, 5).arrays()]), said.append)
    assert Sequences.collect(tmp_path, parts) == []
    assert said == ["8.5e-08 GB of samples: too large for one file, they stay in parts/"]
    assert not list(tmp_path.iterdir())
