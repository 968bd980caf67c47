"""Checkpoints: what is stored comes back, and nothing damaged is believed."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import ml_dtypes
import numpy as np
import pytest

from genkit.errors import CheckpointError, UsageError
from genkit.run import checkpoint
from genkit.run.arrays import decode, encode

ARRAYS = {
    "learner/kernel": np.arange(6, dtype=np.float32).reshape(2, 3),
    "learner/half": np.array([1.5, -2.0], ml_dtypes.bfloat16),
    "learner/count": np.array(7, np.int64),
    "learner/seed": np.array([1, 2**32 - 1], np.uint32),
    "feed/none": np.zeros((0, 4), np.float32),
    "feed/flag": np.array([True, False]),
    "feed/turned": np.arange(6.0).reshape(2, 3).T,
}


def write(folder: Path, *steps: int, best: int | None = None) -> None:
    for step in steps:
        arrays = {"learner/w": np.full(3, step, np.float32)}
        checkpoint.save(folder, step, arrays, {"at": step}, best=step == best)


def test_arrays_come_back_exactly() -> None:
    found = decode(encode(ARRAYS))
    assert set(found) == set(ARRAYS)
    for name, array in ARRAYS.items():
        assert found[name].dtype == array.dtype, name
        assert found[name].shape == array.shape, name
        assert found[name].tobytes() == np.asarray(array, order="C").tobytes(), name


def test_a_checkpoint_comes_back(tmp_path: Path) -> None:
    state = {"best": {"step": None, "value": 0.1 + 0.2}, "window": {"loss": [1e-300, 3]}}
    checkpoint.save(tmp_path, 12, ARRAYS, state)
    loaded = checkpoint.load(tmp_path)
    assert loaded.step == 12
    assert loaded.loop_state == state
    assert set(loaded.arrays) == set(ARRAYS)
    assert (tmp_path / "latest").read_text() == "step-12\n"


@pytest.mark.parametrize("name", ["", "a\nb", "__metadata__", "x" * 2000])
def test_unusable_names_are_refused(name: str) -> None:
    with pytest.raises(ValueError, match="not a usable array name"):
        encode({name: np.zeros(1)})


def test_objects_are_refused() -> None:
    with pytest.raises(ValueError, match="cannot be stored"):
        encode({"a": np.array([{}], dtype=object)})


@pytest.mark.parametrize(
    "header",
    [
        b"[]",
        b'{"a": {"dtype": "F32", "shape": [1000000000], "data_offsets": [0, 4]}}',
        b'{"a": {"dtype": "F32", "shape": [-1], "data_offsets": [0, 4]}}',
        b'{"a": {"dtype": "F99", "shape": [1], "data_offsets": [0, 4]}}',
        b'{"a": {"dtype": "F32", "shape": [1], "data_offsets": [4, 8]}}',
        b'{"a": {"dtype": "F32", "shape": "1", "data_offsets": [0, 4]}}',
        b'{"a": 3}',
        b"not json",
    ],
)
def test_hostile_headers_are_refused(header: bytes) -> None:
    with pytest.raises(ValueError, match=r".+"):
        decode(len(header).to_bytes(8, "little") + header + b"\0\0\0\0")


def test_a_header_longer_than_the_file_is_refused() -> None:
    with pytest.raises(ValueError, match="cut off or too large"):
        decode((2**60).to_bytes(8, "little") + b"{}")


def test_the_last_two_and_the_best_are_kept(tmp_path: Path) -> None:
    write(tmp_path, 10, 20, 30, 40, 50, best=20)
    assert checkpoint.steps(tmp_path) == [20, 40, 50]
    write(tmp_path, 60, best=60)
    assert checkpoint.steps(tmp_path) == [20, 50, 60]  # step 60 might get damaged
    write(tmp_path, 70)
    assert checkpoint.steps(tmp_path) == [60, 70]


def test_choosing(tmp_path: Path) -> None:
    write(tmp_path, 10, 20, 30, best=10)
    assert checkpoint.load(tmp_path, "best").step == 10
    assert checkpoint.load(tmp_path, "last").step == 30
    assert checkpoint.load(tmp_path, 20).step == 20
    assert checkpoint.load(tmp_path, "20").step == 20
    with pytest.raises(UsageError, match=r"'21'.*Allowed: best, last, 10, 20, 30"):
        checkpoint.load(tmp_path, "21")
    with pytest.raises(UsageError, match=r"'\.\./x'"):
        checkpoint.load(tmp_path, "../x")


def test_best_is_the_last_where_no_best_is_known(tmp_path: Path) -> None:
    write(tmp_path, 10, 20)
    assert checkpoint.load(tmp_path, "best").step == 20


def test_none_at_all(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="genkit train"):
        checkpoint.load(tmp_path / "nowhere")


def _flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(bytes(data))


def _edit(path: Path, **values: object) -> None:
    path.write_text(json.dumps({**json.loads(path.read_text()), **values}))


DAMAGE = {
    "arrays missing": lambda f: (f / checkpoint.ARRAYS).unlink(),
    "arrays cut off": lambda f: os.truncate(f / checkpoint.ARRAYS, 20),
    "arrays empty": lambda f: os.truncate(f / checkpoint.ARRAYS, 0),
    "a bit flipped": lambda f: _flip(f / checkpoint.ARRAYS),
    "manifest missing": lambda f: (f / checkpoint.MANIFEST).unlink(),
    "manifest cut off": lambda f: os.truncate(f / checkpoint.MANIFEST, 30),
    "manifest garbage": lambda f: (f / checkpoint.MANIFEST).write_bytes(b"\xff\x00garbage"),
    "manifest a list": lambda f: (f / checkpoint.MANIFEST).write_text("[1]"),
    "manifest empty": lambda f: (f / checkpoint.MANIFEST).write_text("{}"),
    "other step": lambda f: _edit(f / checkpoint.MANIFEST, step=10),
    "other format": lambda f: _edit(f / checkpoint.MANIFEST, format=99),
    "files a number": lambda f: _edit(f / checkpoint.MANIFEST, files=3),
    "path leaves": lambda f: _edit(f / checkpoint.MANIFEST, files={"../../x": {}}),
    "huge": lambda f: _edit(
        f / checkpoint.MANIFEST, files={checkpoint.ARRAYS: {"bytes": 2**62, "sha256": "0"}}
    ),
    "manifest huge": lambda f: os.truncate(f / checkpoint.MANIFEST, 2**30),
    "folder empty": lambda f: [path.unlink() for path in f.iterdir()],
    "folder missing": lambda f: shutil.rmtree(f),
}


@pytest.mark.parametrize("kind", sorted(DAMAGE))
def test_a_damaged_newest_falls_back_to_the_previous(tmp_path: Path, kind: str) -> None:
    write(tmp_path, 10, 20)
    DAMAGE[kind](tmp_path / "step-20")
    warnings: list[str] = []
    loaded = checkpoint.load(tmp_path, "last", warnings.append)
    assert loaded.step == 10
    assert set(loaded.passed_over) == {"step-20"}
    assert warnings[0].startswith("checkpoint step-20 is damaged")
    assert warnings[-1] == "going on with checkpoint step-10"
    with pytest.raises((CheckpointError, UsageError), match="20"):
        checkpoint.load(tmp_path, 20)


@pytest.mark.parametrize("content", [b"", b"step-", b"\xff\xfe", b"../../etc", None])
def test_a_broken_pointer_is_no_obstacle(tmp_path: Path, content: bytes | None) -> None:
    write(tmp_path, 10, 20)
    pointer = tmp_path / checkpoint.LATEST
    pointer.unlink() if content is None else pointer.write_bytes(content)
    assert checkpoint.load(tmp_path).step == 20


def test_a_damaged_best_is_not_replaced_silently(tmp_path: Path) -> None:
    write(tmp_path, 10, 20, 30, best=10)
    _flip(tmp_path / "step-10" / checkpoint.ARRAYS)
    with pytest.raises(CheckpointError, match=r"Tried step-10: .*checksum.*Others there: 20, 30"):
        checkpoint.load(tmp_path, "best")


def test_all_damaged_names_what_was_tried(tmp_path: Path) -> None:
    write(tmp_path, 10, 20)
    for step in (10, 20):
        _flip(tmp_path / f"step-{step}" / checkpoint.ARRAYS)
    with pytest.raises(CheckpointError, match=r"Tried step-20: .*; step-10: .*checksum"):
        checkpoint.load(tmp_path)


def test_left_over_folders_are_cleaned(tmp_path: Path) -> None:
    write(tmp_path, 10)
    (tmp_path / ".tmp-step-20-123").mkdir()
    (tmp_path / ".tmp-step-20-123" / "arrays.safetensors").write_bytes(b"half")
    (tmp_path / ".latest.tmp").write_bytes(b"ste")
    assert checkpoint.steps(tmp_path) == [10]
    checkpoint.clean(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["latest", "step-10"]


def test_set_back_puts_later_ones_aside_and_pointers_right(tmp_path: Path) -> None:
    write(tmp_path, 10, 20, best=20)
    checkpoint.set_back(tmp_path, 10, best=10)
    assert checkpoint.steps(tmp_path) == [10]
    assert (tmp_path / "damaged-step-20").is_dir()
    assert checkpoint.pointed(tmp_path, "latest") == 10
    assert checkpoint.pointed(tmp_path, "best") == 10
    checkpoint.set_back(tmp_path, 10, best=None)
    assert checkpoint.pointed(tmp_path, "best") is None


def test_a_write_that_fails_leaves_the_old_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, 10)

    def full(path: Path, data: bytes) -> None:
        path.write_bytes(data[: len(data) // 2])
        raise OSError("no space left on device")

    monkeypatch.setattr(checkpoint, "write_synced", full)
    with pytest.raises(OSError, match="no space"):
        write(tmp_path, 20)
    assert checkpoint.load(tmp_path).step == 10
    checkpoint.clean(tmp_path)
    assert checkpoint.steps(tmp_path) == [10]
