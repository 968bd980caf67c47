"""Archives of others: nothing leaves its folder, nothing grows without limit.

Members are read as streams and written under names that were asked for; no archive says where a
byte goes. Names that would leave the folder, links, devices and doubles are errors, found before
anything is written.
"""

from __future__ import annotations

import fnmatch
import lzma
import os
import tarfile
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, Any

from genkit.data.reading import BLOCK
from genkit.errors import DataError

MAX_MEMBERS = 200_000
MAX_BYTES = 64 * 2**30
BROKEN = (zipfile.BadZipFile, tarfile.TarError, zlib.error, lzma.LZMAError, EOFError, OSError,
           NotImplementedError, RuntimeError)  # fmt: skip


@dataclass(frozen=True)
class Members:
    """The files of an open archive.

    Args:
        path: the archive.
        sizes: name -> bytes, as the archive says; reading trusts it no further.
        open: `open(name)` gives a stream.
    """

    path: Path
    sizes: dict[str, int]
    open: Any


@contextmanager
def zip_members(path: Path) -> Iterator[Members]:
    """The files in a zip."""
    try:
        archive = zipfile.ZipFile(path)
    except BROKEN as error:
        raise DataError(f"{path}: damaged or truncated zip archive ({error})") from error
    with archive:
        sizes: dict[str, int] = {}
        for number, entry in enumerate(archive.infolist()):
            _count(path, number)
            kind = entry.external_attr >> 28
            if entry.is_dir():
                _inside(path, entry.filename)
            elif kind not in (0, 8):  # what Unix stores: 8 is a file, 10 a link
                raise DataError(f"{path}: {entry.filename} is not a plain file")
            else:
                _add(path, sizes, entry.filename, entry.file_size)
        yield Members(path, sizes, archive.open)


@contextmanager
def tar_members(path: Path) -> Iterator[Members]:
    """The files in a tar, packed or not."""
    try:
        archive = tarfile.open(path)  # noqa: SIM115 - closed below
    except BROKEN as error:
        raise DataError(f"{path}: damaged or truncated tar archive ({error})") from error
    with archive:
        yield Members(path, _tar_sizes(path, archive), archive.extractfile)


def _tar_sizes(path: Path, archive: tarfile.TarFile) -> dict[str, int]:
    sizes: dict[str, int] = {}
    try:
        for number, entry in enumerate(archive):
            _count(path, number)
            if entry.isdir():
                _inside(path, entry.name)
            elif not entry.isreg():
                raise DataError(f"{path}: {entry.name} is not a plain file")
            else:
                _add(path, sizes, entry.name, entry.size)
    except BROKEN as error:
        raise DataError(f"{path}: damaged or truncated tar archive ({error})") from error
    return sizes


def open_archive(path: Path) -> Any:
    """Members of a `.zip`, or of a tar."""
    return zip_members(path) if path.suffix.lower() == ".zip" else tar_members(path)


def matching(path: Path, patterns: Sequence[str]) -> list[str]:
    """Names of the members of an archive that fit a pattern of `fnmatch`, in its order.

    Raises:
        DataError: if there are none, and as `zip_members`.
    """
    with open_archive(path) as members:
        found = fitting(members.sizes, patterns)
    if not found:
        raise DataError(f"{path}: has none of the expected files ({', '.join(patterns)})")
    return found


def fitting(names: Iterable[str], patterns: Sequence[str]) -> list[str]:
    """Those of `names` that fit one of the patterns of `fnmatch`."""
    return [n for n in names if any(fnmatch.fnmatchcase(n, pattern) for pattern in patterns)]


def read_member(members: Members, name: str, limit: int) -> bytes:
    """The content of a member, at most `limit` bytes.

    Raises:
        DataError: names the archive and the member.
    """
    parts = list(_stream(members, name, limit))
    return b"".join(parts)


def unpack(path: Path, folder: Path, wanted: Sequence[str], limit: int = MAX_BYTES) -> list[Path]:
    """Writes members of an archive into a folder, each under a temporary name first.

    Args:
        path: the archive.
        folder: where to; nothing is written elsewhere.
        wanted: names of members, which are also the names below `folder`; or only the ends of
            names, where the archive has a folder in front.
        limit: of the bytes of all of them.

    Raises:
        DataError: for anything that `zip_members` refuses, a member that is missing, and too
            many bytes.
    """
    written = []
    with open_archive(path) as members:
        chosen = {name: _member(members, name) for name in wanted}
        if sum(members.sizes[member] for member in chosen.values()) > limit:
            raise DataError(f"{path}: unpacks to more than {limit} bytes")
        for name, member in chosen.items():
            target = folder / name
            target.parent.mkdir(parents=True, exist_ok=True)
            temporary = target.with_name(f".{target.name}.tmp")
            with temporary.open("wb") as file:
                for block in _stream(members, member, limit):
                    file.write(block)
                    limit -= len(block)
                file.flush()
                os.fsync(file.fileno())
            os.replace(temporary, target)
            written.append(target)
    return written


def _member(members: Members, name: str) -> str:
    if name in members.sizes:
        return name
    last = PurePosixPath(name).name
    found = [member for member in members.sizes if PurePosixPath(member).name == last]
    if len(found) != 1:
        raise DataError(f"{members.path}: has {'no' if not found else 'more than one'} {name}")
    return found[0]


def _stream(members: Members, name: str, limit: int) -> Iterator[bytes]:
    """Blocks of a member, not more than it says and than `limit` allows."""
    size, count = members.sizes[name], 0
    if size > limit:
        raise DataError(f"{members.path}: {name} has {size} bytes; the limit is {limit}")
    try:
        stream: IO[bytes]
        with members.open(name) as stream:
            while block := stream.read(min(BLOCK, size + 1 - count)):
                count += len(block)
                if count > size:
                    raise DataError(
                        f"{members.path}: {name} holds more than the {size} bytes it says"
                    )
                yield block
    except BROKEN as error:
        raise DataError(
            f"{members.path}: {name} is damaged after byte {count} ({error})"
        ) from error
    if count != size:
        raise DataError(f"{members.path}: {name} ends at byte {count}; {size} are expected")


def _count(path: Path, count: int) -> None:
    if count > MAX_MEMBERS:
        raise DataError(f"{path}: has more than {MAX_MEMBERS} members")


def _add(path: Path, sizes: dict[str, int], name: str, size: int) -> None:
    _inside(path, name)
    if name in sizes:
        raise DataError(f"{path}: {name} is there twice")
    sizes[name] = size


def _inside(path: Path, name: str) -> None:
    parts = PurePosixPath(name).parts
    if not name or name.startswith(("/", "\\")) or ".." in parts or "\\" in name or ":" in name:
        raise DataError(f"{path}: the member {name!r} would leave its folder")
