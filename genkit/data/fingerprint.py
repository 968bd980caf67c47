"""What the files of a data set hold, as checksums: part of a run's signature and metadata."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

from genkit.data.catalogue import DatasetEntry
from genkit.data.reading import BLOCK, read_blocks
from genkit.errors import DataError

WHOLE = 2**28  # larger files are known by their size and three blocks
SAMPLE = 2**24
ONE_BY_ONE = 32  # more files share one checksum
BY_CONTENT = 20_000  # more files are known by their names and sizes
_SHARED = re.compile(r"(\d+) files")  # the name that they share


def fingerprint(config: Any) -> dict[str, str]:
    """Name -> checksum of every file that a `data` section is read from; empty where none is.

    Many files (a folder of pictures) are one entry, a checksum over names and checksums; very
    many are known by names and sizes.

    Raises:
        DataError: names the files that are missing, and where to put them.
    """
    from genkit import registry

    if config.name not in registry.datasets.names():  # an environment
        return {}
    target = registry.datasets.get(config.name).files
    if target is None:
        return {}
    files: dict[str, Path] = registry.resolve(target)(config)
    if len(files) <= ONE_BY_ONE:
        return {name: checksum(path) for name, path in files.items()}
    by_size = len(files) > BY_CONTENT
    digest = hashlib.sha256()
    for name, path in sorted(files.items()):
        digest.update(f"{name}\0{_size(path) if by_size else checksum(path)}\n".encode())
    return {f"{len(files)} files": f"sha256-{'sizes' if by_size else 'files'}:{digest.hexdigest()}"}


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror or error})") from error


def is_part(entry: DatasetEntry, names: Iterable[str]) -> bool:
    """Whether the files of these names are less than the whole data set.

    Args:
        entry: of the data set.
        names: of all files, or the keys of `fingerprint`.
    """
    found = list(names)
    if entry.file_count:
        shared = _SHARED.fullmatch(found[0]) if len(found) == 1 else None
        return (int(shared[1]) if shared else len(found)) != entry.file_count
    return bool(entry.whole) and set(found) != set(entry.whole)


def whole_checksum(path: Path) -> str:
    """SHA-256 of the content in hexadecimal, however large."""
    digest = hashlib.sha256()
    for block in read_blocks(path):
        digest.update(block)
    return digest.hexdigest()


def checksum(path: Path) -> str:
    """SHA-256 of the content: the same whether the file is packed by gzip or not. Of files
    above 256 MiB: of their size and of 16 MiB at the start, in the middle and at the end."""
    try:
        facts = path.stat()
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror or error})") from error
    return _checksum(path, facts.st_size, facts.st_mtime_ns)


@cache
def _checksum(path: Path, size: int, changed: int) -> str:
    del changed
    if size > WHOLE:
        return _of_blocks(path, size)
    return f"sha256:{whole_checksum(path)}"


def _of_blocks(path: Path, size: int) -> str:
    digest = hashlib.sha256(str(size).encode())
    with path.open("rb") as file:
        for start in (0, (size - SAMPLE) // 2, size - SAMPLE):
            file.seek(start)
            for _ in range(SAMPLE // BLOCK):
                digest.update(file.read(BLOCK))
    return f"sha256-blocks:{digest.hexdigest()}"
