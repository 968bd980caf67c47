"""Files that are whole or absent: write beside, fsync, rename."""

from __future__ import annotations

import hashlib
import json
import math
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO

MAX_JSON_BYTES = 16 * 2**20


def fsync_directory(folder: Path) -> None:
    """Make renames and new names in `folder` survive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_synced(path: Path, data: bytes) -> None:
    """Write a new file and wait until its content is on the disk."""
    with path.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


@contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """A file to write to that replaces `path` at the end: a reader sees the old content or the
    new, never a part. After an error the old content stays and nothing else is left."""
    # The name is constant, so that what a killed writer left is overwritten by the next one.
    temporary = path.with_name(f".{path.name}.tmp")
    try:
        with temporary.open("wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException as error:
        with suppress(OSError):
            temporary.unlink()  # on a full disk it would take room for nothing
        if isinstance(error, OSError) and error.filename is None:
            error.filename = str(path)  # a write does not say which file it was
        raise
    fsync_directory(path.parent)


def write_atomically(path: Path, data: bytes) -> None:
    """Replace `path` by `data`, as `replacing` does."""
    with replacing(path) as file:
        file.write(data)


def write_bytes(path: Path, data: bytes) -> Path:
    """Replace `path` by `data`; makes the folder. Returns `path`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(path, data)
    return path


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def file_sha256(path: Path) -> str:
    """SHA-256 of a file's content, read a piece at a time."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def checksum_line(checksum: str, name: str) -> bytes:
    """A line as `sha256sum --check` reads it."""
    return f"{checksum}  {name}\n".encode()


def finite(value: Any) -> Any:
    """JSON has no NaN or infinity; they become null. Mappings and lists are copied."""
    if isinstance(value, Mapping):
        return {str(key): finite(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [finite(inner) for inner in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def write_json(path: Path, value: Any) -> None:
    """Replace `path` by `value` as indented JSON."""
    write_atomically(path, (json.dumps(finite(value), indent=2, sort_keys=True) + "\n").encode())


def read_json_object(path: Path, limit: int = MAX_JSON_BYTES) -> dict[str, Any]:
    """The JSON object in `path`.

    Raises:
        OSError: if the file cannot be read.
        ValueError: if it is larger than `limit` bytes or holds no JSON object.
    """
    with path.open("rb") as file:
        data = file.read(limit + 1)
    if len(data) > limit:
        raise ValueError(f"{path.name} is larger than {limit} bytes")
    value = json.loads(data)
    if not isinstance(value, dict):
        raise ValueError(f"{path.name} should hold a JSON object. Received: {type(value).__name__}")
    return value
