"""npz files: nothing is unpickled, nothing larger than allowed is unpacked."""

from __future__ import annotations

import io
import os
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from genkit.artifacts import npz
from genkit.artifacts.npz import NpzStream, npz_bytes, read_npz
from genkit.errors import DataError

ARRAYS = {"a": np.arange(6).reshape(2, 3), "text": np.array("digest"), "none": np.zeros((0, 2))}


def why(path: Path, **options: int) -> str:
    with pytest.raises(DataError) as caught:
        read_npz(path, **options)
    return caught.value.message


def test_arrays_come_back(tmp_path: Path) -> None:
    path = tmp_path / "arrays.npz"
    path.write_bytes(npz_bytes(ARRAYS))
    found = read_npz(path)
    assert set(found) == set(ARRAYS)
    for name, array in ARRAYS.items():
        np.testing.assert_array_equal(found[name], array)
        assert found[name].dtype == array.dtype


def test_the_same_arrays_give_the_same_bytes() -> None:
    assert npz_bytes(ARRAYS) == npz_bytes({**ARRAYS})


class Trap:
    """Unpickled, it would make a file."""

    def __reduce__(self) -> tuple:
        return os.mkdir, ("unpickled",)


def test_objects_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "objects.npz"
    np.savez(path, a=np.array([Trap()], object))
    message = why(path)
    assert message.startswith(f"{path}: not a readable npz file (")
    assert "allow_pickle=False" in message
    assert not (tmp_path / "unpickled").exists()
    with pytest.raises(ValueError, match="allow_pickle"):
        npz_bytes({"a": np.array([Trap()], object)})


def test_a_bomb_is_not_unpacked(tmp_path: Path) -> None:
    path = tmp_path / "bomb.npz"
    path.write_bytes(npz_bytes({"a": np.zeros(10**6, np.uint8)}))
    assert path.stat().st_size < 5000
    assert why(path, limit=10**6) == f"{path}: unpacks to 1000128 bytes; the limit is 1000000"
    assert len(read_npz(path, limit=1000128)["a"]) == 10**6


def test_many_small_members_are_a_bomb_too(tmp_path: Path) -> None:
    path = tmp_path / "bomb.npz"
    path.write_bytes(npz_bytes({f"a{i}": np.zeros(100, np.uint8) for i in range(10)}))
    assert why(path, limit=2000).endswith("unpacks to 2280 bytes; the limit is 2000")


def test_a_header_that_claims_more_than_there_is(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    header = {"descr": "<f8", "fortran_order": False, "shape": (10**15,)}
    np.lib.format.write_array_header_1_0(buffer, header)
    path = tmp_path / "claims.npz"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.npy", buffer.getvalue())
    assert why(path).startswith(f"{path}: not a readable npz file (")


def test_files_that_are_no_npz(tmp_path: Path) -> None:
    missing = tmp_path / "missing.npz"
    assert why(missing) == f"{missing}: no such file"
    path = tmp_path / "given.npz"
    for content in (b"", b"text", npz_bytes(ARRAYS)[:-30]):
        path.write_bytes(content)
        assert why(path).startswith(f"{path}: not a readable npz file (")
    assert why(tmp_path).startswith(f"{tmp_path}: not a readable npz file (")
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.npy", b"no array")
    assert why(path) == f"{path}: not a readable npz file ('a' is no array)"


@given(data=st.data())
def test_any_damage_is_told_or_does_no_harm(data: st.DataObject, tmp_path_factory) -> None:
    """Bytes overwritten anywhere: an error of ours, or arrays whose checksums held."""
    whole = npz_bytes(ARRAYS)
    place = data.draw(st.integers(0, len(whole) - 1))
    patch = data.draw(st.binary(min_size=1, max_size=40))
    path = tmp_path_factory.mktemp("damaged") / "a.npz"
    path.write_bytes((whole[:place] + patch + whole[place + len(patch) :])[: len(whole)])
    try:
        found = read_npz(path, limit=10**6)
    except DataError:
        return
    for name, array in found.items():
        if name in ARRAYS:
            np.testing.assert_array_equal(array, ARRAYS[name])


ROWS = {
    "samples": np.arange(7 * 3 * 2, dtype=np.uint8).reshape(7, 3, 2),
    "log_prob": np.linspace(-2, 0, 7, dtype=np.float32),
    "index": np.arange(7),
}


@pytest.mark.parametrize("lengths", [(7,), (3, 3, 1), (1,) * 7])
@pytest.mark.parametrize("spool", [npz.SPOOL_BYTES, 8])
def test_rows_give_the_bytes_of_the_whole(
    lengths: tuple[int, ...], spool: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(npz, "SPOOL_BYTES", spool)  # in memory, and on the disk
    buffer = io.BytesIO()
    with NpzStream(buffer, 7, tmp_path) as stream:
        start = 0
        for length in lengths:
            stream.append({key: value[start : start + length] for key, value in ROWS.items()})
            start += length
    assert buffer.getvalue() == npz_bytes(ROWS)
    assert not list(tmp_path.iterdir())


def write(file: io.BytesIO, count: int, *rows: dict[str, np.ndarray]) -> None:
    with NpzStream(file, count) as stream:
        for arrays in rows:
            stream.append(arrays)


def test_rows_of_another_form_are_refused() -> None:
    others = [
        {"samples": ROWS["samples"]},
        {**ROWS, "samples": ROWS["samples"][:, :2]},
        {**ROWS, "index": ROWS["index"].astype(np.int32)},
        {**ROWS, "index": ROWS["index"][:3]},
    ]
    for other in others:
        with pytest.raises(ValueError, match="Received"):
            write(io.BytesIO(), 14, ROWS, other)
    for count in (6, 8):
        with pytest.raises(ValueError, match=rf"{count} rows expected. Received: 7"):
            write(io.BytesIO(), count, ROWS)


def test_an_error_on_the_way_is_the_one_that_is_seen() -> None:
    class Full(io.BytesIO):
        def __init__(self, size: int) -> None:
            super().__init__()
            self.size = size

        def write(self, data: Any) -> int:
            if data and self.tell() >= self.size:
                raise OSError(28, "No space left on device")
            return super().write(data)

    for size in (0, 10, 70, 200, 300, 600):  # in every place, from the first name to the end
        with pytest.raises(OSError, match="No space left"):
            write(Full(size), 7, ROWS)
    with pytest.raises(ValueError, match="rows of"):
        write(Full(70), 7, ROWS, {})
