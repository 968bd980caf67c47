"""Arrays in npz files, read with care: no objects, bounded size; written whole or row by row."""

from __future__ import annotations

import io
import shutil
import tempfile
import zipfile
import zlib
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import IO, Any, BinaryIO

import numpy as np

from genkit.errors import DataError

MAX_NPZ_BYTES = 8 * 2**30
SPOOL_BYTES = 4 * 2**20
COPY_BYTES = 2**18

# RuntimeError: encrypted, or packed by a method that is not there.
_BROKEN = (zipfile.BadZipFile, zlib.error, RuntimeError, MemoryError, OverflowError)


def npz_bytes(arrays: Mapping[str, np.ndarray]) -> bytes:
    """Compressed npz; the same arrays give the same bytes."""
    buffer = io.BytesIO()
    np.savez_compressed(buffer, allow_pickle=False, **dict(arrays))
    return buffer.getvalue()


def read_npz(path: Path, limit: int = MAX_NPZ_BYTES) -> dict[str, np.ndarray]:
    """Arrays of an npz file; objects are refused and the unpacked size is bounded.

    Raises:
        DataError: names the file and what is wrong with it.
    """
    try:
        with path.open("rb") as file:
            return parse_npz(file, str(path), limit)
    except FileNotFoundError:
        raise DataError(f"{path}: no such file") from None
    except OSError as error:
        raise DataError(f"{path}: not a readable npz file ({error})") from error


def parse_npz(file: BinaryIO, name: str, limit: int = MAX_NPZ_BYTES) -> dict[str, np.ndarray]:
    """Arrays of an open npz file, as `read_npz` reads them; `name` is for messages."""
    try:
        with zipfile.ZipFile(file) as archive:
            size = sum(entry.file_size for entry in archive.infolist())
        if size > limit:
            raise DataError(f"{name}: unpacks to {size} bytes; the limit is {limit}")
        file.seek(0)
        with np.load(file, allow_pickle=False) as arrays:
            found = {key: arrays[key] for key in arrays.files}
    except (OSError, ValueError, EOFError, KeyError, *_BROKEN) as error:
        raise DataError(f"{name}: not a readable npz file ({error})") from error
    for key, array in found.items():
        if not isinstance(array, np.ndarray):  # NumPy hands out what is no array as bytes
            raise DataError(f"{name}: not a readable npz file ('{key}' is no array)")
    return found


class NpzStream:
    """A compressed npz whose arrays grow along their first axis, in bounded memory.

    A zip holds one member after the other. So the first array goes straight into it, and the
    others wait in temporary files until the first one is whole.

    Args:
        file: where the npz is written to, such as an open file or a pipe.
        count: final length of every array.
        folder: of the temporary files; None for the system's.
    """

    def __init__(self, file: IO[bytes], count: int, folder: Path | None = None) -> None:
        self.count, self.folder = count, folder
        self._archive = zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, allowZip64=True)
        self._like: dict[str, np.ndarray] = {}
        self._targets: dict[str, IO[bytes]] = {}
        self._rows = 0

    def append(self, arrays: Mapping[str, np.ndarray]) -> None:
        """Add rows. Every call has the same names, dtypes and trailing shapes.

        Raises:
            ValueError: if they differ, or lengths do.
        """
        if not self._like:
            self._begin(arrays)
        lengths = {len(array) for array in arrays.values()}
        if len(lengths) != 1 or set(arrays) != set(self._like):
            raise ValueError(f"rows of {sorted(self._like)} expected. Received: {sorted(arrays)}")
        for name, array in arrays.items():
            like = self._like[name]
            if array.dtype != like.dtype or array.shape[1:] != like.shape[1:]:
                raise ValueError(
                    f"'{name}' has rows of {like.dtype}{like.shape[1:]}. "
                    f"Received: {array.dtype}{array.shape[1:]}"
                )
            self._targets[name].write(np.ascontiguousarray(array).tobytes())
        self._rows += lengths.pop()

    def _begin(self, arrays: Mapping[str, np.ndarray]) -> None:
        for number, (name, array) in enumerate(arrays.items()):
            self._like[name] = array[:0]
            self._targets[name] = self._member(name) if number == 0 else self._spool()

    def _spool(self) -> IO[bytes]:
        folder = None if self.folder is None else str(self.folder)
        return tempfile.SpooledTemporaryFile(SPOOL_BYTES, dir=folder)

    def _member(self, name: str) -> IO[bytes]:
        # The date of a ZipInfo is constant, so that the same arrays give the same bytes.
        entry = zipfile.ZipInfo(f"{name}.npy")
        entry.compress_type = zipfile.ZIP_DEFLATED
        member = self._archive.open(entry, "w", force_zip64=True)
        like = self._like[name]
        header: dict[str, Any] = {
            "descr": np.lib.format.dtype_to_descr(like.dtype),
            "fortran_order": False,
            "shape": (self.count, *like.shape[1:]),
        }
        try:
            np.lib.format.write_array_header_1_0(member, header)
        except BaseException:
            with suppress(OSError, ValueError):
                member.close()
            raise
        return member

    def close(self) -> None:
        """Write what waits, and the end of the file.

        Raises:
            ValueError: if there are more or fewer rows than were said.
        """
        try:
            self._finish()
        except BaseException:
            self._abandon()
            raise

    def _finish(self) -> None:
        if self._rows != self.count:
            raise ValueError(f"{self.count} rows expected. Received: {self._rows}")
        for number, (name, target) in enumerate(self._targets.items()):
            if number == 0:
                target.close()
                continue
            target.seek(0)
            with self._member(name) as member:
                shutil.copyfileobj(target, member, COPY_BYTES)
            target.close()
        self._archive.close()

    def _abandon(self) -> None:
        """Nobody reads what is written now, but files that were not closed complain later."""
        for close in (*(target.close for target in self._targets.values()), self._archive.close):
            with suppress(OSError, ValueError):
                close()

    def __enter__(self) -> NpzStream:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if kind is None:
            self.close()
        else:
            self._abandon()
