"""Reading files of a known size: packed or not, never more than expected, errors with a place."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from genkit.errors import DataError

BLOCK = 2**20
MAGIC_GZIP = b"\x1f\x8b"


def open_content(path: Path) -> BinaryIO:
    """The content of a file, unpacked where it begins like gzip, whatever its name."""
    try:
        with path.open("rb") as file:
            packed = file.read(2) == MAGIC_GZIP
        return gzip.open(path, "rb") if packed else path.open("rb")  # type: ignore[return-value]
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror or error})") from error


def read_blocks(path: Path) -> Iterator[bytes]:
    """The content of a file, unpacked, in blocks of at most 1 MiB.

    Raises:
        DataError: for a damaged or truncated gzip file, with the byte of the content up to
            which it could be read.
    """
    count = 0
    with open_content(path) as file:
        try:
            while block := file.read(BLOCK):
                count += len(block)
                yield block
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise DataError(
                f"{path}: damaged or truncated gzip file after byte {count} of its content "
                f"({error}). Fetch it again."
            ) from error
        except OSError as error:
            raise DataError(f"{path}: cannot be read ({error.strerror or error})") from error


def read_content(path: Path, limit: int) -> bytes:
    """The whole content of a file.

    Raises:
        DataError: as `read_blocks`; or when there is more than `limit` bytes.
    """
    parts: list[bytes] = []
    count = 0
    for block in read_blocks(path):
        parts.append(block)
        count += len(block)
        if count > limit:
            raise DataError(f"{path}: holds more than the expected {limit} bytes")
    return b"".join(parts)
