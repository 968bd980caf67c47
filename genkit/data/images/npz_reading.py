"""Arrays of an npz file piece by piece: header first, then rows, never an object."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np

from genkit.data.archives import BROKEN, Members, zip_members
from genkit.errors import DataError

_ENDING = ".npy"
_ROWS_AT_ONCE = 2**24  # bytes


@dataclass(frozen=True)
class Header:
    """What an array is, as its header says."""

    shape: tuple[int, ...]
    dtype: np.dtype[Any]


class NpzFile:
    """An open npz file.

    Args:
        members: of the zip that it is.
    """

    def __init__(self, members: Members) -> None:
        self.members = members
        self.path = members.path

    def names(self) -> list[str]:
        """Names of the arrays."""
        return sorted(n.removesuffix(_ENDING) for n in self.members.sizes if n.endswith(_ENDING))

    def header(self, name: str) -> Header:
        """Shape and type of an array.

        Raises:
            DataError: names the file and the array, such as one that holds objects.
        """
        with self._opened(name) as (_, header):
            return header

    def rows(self, name: str) -> Iterator[np.ndarray]:
        """The array in pieces of whole rows, in their order."""
        with self._opened(name) as (stream, header):
            row = int(np.prod(header.shape[1:], dtype=np.int64)) * header.dtype.itemsize
            at_once = max(1, _ROWS_AT_ONCE // max(row, 1))
            for start in range(0, header.shape[0], at_once):
                count = min(at_once, header.shape[0] - start)
                content = _read_exactly(stream, count * row)
                if len(content) != count * row:
                    raise DataError(
                        f"{self.path}, array {name}: ends within row "
                        f"{start + len(content) // max(row, 1)} of {header.shape[0]}"
                    )
                piece = np.frombuffer(content, header.dtype)
                yield piece.reshape(count, *header.shape[1:])

    def array(self, name: str) -> np.ndarray:
        """The whole array."""
        pieces = list(self.rows(name))
        if not pieces:
            header = self.header(name)
            return np.empty(header.shape, header.dtype)
        return np.concatenate(pieces)

    @contextmanager
    def _opened(self, name: str) -> Iterator[tuple[IO[bytes], Header]]:
        member = name + _ENDING
        if member not in self.members.sizes:
            raise DataError(
                f"{self.path}: has no array '{name}'. It has: {', '.join(self.names()) or 'none'}"
            )
        try:
            with self.members.open(member) as stream:
                header = _header(stream, f"{self.path}, array {name}")
                size = int(np.prod(header.shape, dtype=object)) * header.dtype.itemsize
                if size > self.members.sizes[member]:
                    raise DataError(
                        f"{self.path}, array {name}: its header says {size} bytes, the file has "
                        f"{self.members.sizes[member]}"
                    )
                yield stream, header
        except BROKEN as error:
            raise DataError(f"{self.path}, array {name}: damaged or truncated ({error})") from error


@contextmanager
def open_npz(path: Path) -> Iterator[NpzFile]:
    """An npz file for reading.

    Raises:
        DataError: names the file that is damaged or no npz.
    """
    with zip_members(path) as members:
        yield NpzFile(members)


def _header(stream: IO[bytes], name: str) -> Header:
    try:
        version = np.lib.format.read_magic(stream)
        read = {
            (1, 0): np.lib.format.read_array_header_1_0,
            (2, 0): np.lib.format.read_array_header_2_0,
        }[version]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            shape, by_columns, dtype = read(stream)
    except (ValueError, KeyError, SyntaxError) as error:
        raise DataError(f"{name}: not an array ({error})") from error
    if dtype.hasobject:
        raise DataError(f"{name}: holds objects, which are pickled and never read")
    if by_columns and len(shape) > 1:
        raise DataError(f"{name}: is stored by columns (Fortran order); save it by rows")
    if not shape:
        raise DataError(f"{name}: is a single value; an array is needed")
    return Header(tuple(shape), dtype)


def _read_exactly(stream: IO[bytes], count: int) -> bytes:
    parts = []
    while count and (block := stream.read(count)):
        parts.append(block)
        count -= len(block)
    return b"".join(parts)
