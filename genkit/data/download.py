"""Downloads that go on where they stopped, and count for nothing until their checksum is right."""

from __future__ import annotations

import hashlib
import http.client
import os
import shutil
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO

from genkit import __version__
from genkit.data.catalogue import DataFile
from genkit.data.reading import BLOCK
from genkit.errors import DataError
from genkit.progress import SILENT, Progress

ATTEMPTS = 3  # for each address, as long as every attempt brings something
TIMEOUT = 30.0
MAX_BYTES = 256 * 2**30
PARTIAL = ".part"
_NETWORK = (urllib.error.URLError, http.client.HTTPException, TimeoutError, ConnectionError)


class UnreachableError(DataError):
    """No address gave the file; the message holds what each answered."""


class _Unavailable(Exception):
    """This address does not give the file; another may."""


def download(
    file: DataFile, folder: Path, urls: Sequence[str] = (), progress: Progress = SILENT
) -> Path:
    """The file in `folder`, fetched unless it is there.

    What came so far is kept as `NAME.part`, and a later call asks for the rest only.

    Args:
        file: with its checksum.
        folder: where it goes; made if missing.
        urls: addresses instead of the file's own.
        progress: told in kB.

    Raises:
        UnreachableError: names every address and what it answered.
        DataError: names the checksum that is wrong, or how much room is missing.
    """
    target = folder / file.name
    target.parent.mkdir(parents=True, exist_ok=True)
    if target.exists():
        _verified(target, file, "Remove it, and give the command again.")
        return target
    answers = []
    for url in urls or file.urls:
        try:
            partial = _fetch(url, file, folder, progress)
        except _Unavailable as error:
            answers.append(f"{url}: {error}")
            continue
        try:
            _verified(partial, file, "It was removed; give the command again.")
        except DataError:
            partial.unlink()
            raise
        os.replace(partial, target)
        return target
    told = "".join(f"\n    {answer}" for answer in answers)
    raise UnreachableError(f"{file.name} could not be downloaded:{told}")


def digest(path: Path, kind: str) -> str:
    """Checksum of a file as it lies, hexadecimal; `kind` is `sha256` or `md5`."""
    found = hashlib.new(kind, usedforsecurity=False)
    with path.open("rb") as file:
        while block := file.read(BLOCK):
            found.update(block)
    return found.hexdigest()


def _verified(path: Path, file: DataFile, advice: str) -> None:
    kind, _, expected = file.checksum.partition(":")
    if expected and (found := digest(path, kind)) != expected:
        raise DataError(
            f"{path}: its {kind} is {found}; the published file has {expected}. {advice}"
        )


def _fetch(url: str, file: DataFile, folder: Path, progress: Progress) -> Path:
    """The whole file under its partial name."""
    if urllib.parse.urlsplit(url).scheme not in ("http", "https"):
        raise _Unavailable("not an http or https address")
    partial = folder / (file.name + PARTIAL)
    if not file.checksum:
        partial.unlink(missing_ok=True)  # nothing would tell two halves of different files
    attempt = 0
    while True:
        before = partial.stat().st_size if partial.exists() else 0
        try:
            _continue(url, file, partial, progress)
            return partial
        except _NETWORK as error:
            after = partial.stat().st_size if partial.exists() else 0
            attempt = 0 if after > before else attempt + 1
            if attempt >= ATTEMPTS or isinstance(error, urllib.error.HTTPError):
                raise _Unavailable(_reason(error)) from error


def _reason(error: BaseException) -> str:
    if isinstance(error, urllib.error.HTTPError):
        return f"{error.code} {error.reason}"
    if isinstance(error, urllib.error.URLError):
        return str(error.reason)
    return str(error) or type(error).__name__


def _continue(url: str, file: DataFile, partial: Path, progress: Progress) -> None:
    """One request, for what is missing; appends what comes."""
    have = partial.stat().st_size if partial.exists() else 0
    if file.size and have >= file.size:
        return
    headers = {"User-Agent": f"genkit/{__version__}", "Accept-Encoding": "identity"}
    if have:
        headers["Range"] = f"bytes={have}-"
    request = urllib.request.Request(url, headers=headers)  # noqa: S310 - checked in _fetch
    try:
        response = urllib.request.urlopen(request, timeout=TIMEOUT)  # noqa: S310
    except urllib.error.HTTPError as error:
        if error.code != 416 or not have:
            raise
        size = (error.headers.get("Content-Range") or "").rpartition("/")[2]
        if size != str(have):
            partial.unlink()  # longer than the file is: another file
            raise http.client.HTTPException("the part was of another file") from error
        return
    with response:
        start = _start(response, have)
        length = response.headers.get("Content-Length")
        total = start + int(length) if length and length.isdecimal() else 0
        _room(file, total, start, partial)
        progress.start(file.name, (total or file.size) // 1000, "kB", start // 1000)
        try:
            with partial.open("r+b" if start else "wb") as out:
                out.seek(start)
                out.truncate()
                _copy(response, out, file.size or total or MAX_BYTES, progress)
            if total and partial.stat().st_size != total:
                raise http.client.HTTPException(f"ended before byte {total}")
        finally:
            progress.finish()


def _start(response: http.client.HTTPResponse, have: int) -> int:
    """The byte at which the answer begins: 0 where the server gives the whole file."""
    if response.status != 206:
        return 0
    unit, _, place = (response.headers.get("Content-Range") or "").partition(" ")
    if unit != "bytes" or place.partition("-")[0] != str(have):
        raise http.client.HTTPException(f"asked from byte {have}, got {unit} {place}")
    return have


def _room(file: DataFile, total: int, start: int, partial: Path) -> None:
    if file.size and total and total != file.size:
        raise _Unavailable(f"has {total} bytes; the published file has {file.size}")
    free = shutil.disk_usage(partial.parent).free
    if max(total, file.size) - start > free:
        raise DataError(
            f"{file.name} needs {max(total, file.size) - start} bytes; {partial.parent} has "
            f"{free} left"
        )


def _copy(
    response: http.client.HTTPResponse, out: BinaryIO, limit: int, progress: Progress
) -> None:
    """Writes what comes, at most up to byte `limit` of the file."""
    while block := response.read(BLOCK):
        before = out.tell()
        if before + len(block) > limit:
            raise _Unavailable(f"gives more than {limit} bytes")
        out.write(block)
        progress.advance(out.tell() // 1000 - before // 1000)
    out.flush()
    os.fsync(out.fileno())
