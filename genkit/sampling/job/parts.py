"""Parts: a tile's samples in a file that says of itself what it is, and proves that it is whole.

A part is an npz with the arrays of its samples and `about`, a JSON text: the digest of the job's
settings, the fingerprint it was drawn under, the kind of samples, and a checksum of all of it.
"""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from genkit.artifacts import SampleArtifact
from genkit.artifacts.npz import npz_bytes, parse_npz
from genkit.errors import DataError
from genkit.files import sha256, write_bytes

FOLDER = "parts"
ABOUT = "about"


@dataclass(frozen=True)
class Stamp:
    """What all parts that a process draws have in common.

    Args:
        settings: digest of the job's settings.
        fingerprint: of the process.
    """

    settings: str
    fingerprint: Mapping[str, Any]


@dataclass(frozen=True)
class Part:
    """A part that was read and proved.

    Args:
        data: the bytes of the file.
        arrays: of the samples.
        kind, meta: of the samples, see `genkit.artifacts.SampleArtifact`.
        stamp: what it was drawn as.
    """

    data: bytes
    arrays: dict[str, np.ndarray]
    kind: str
    meta: dict[str, Any]
    stamp: Stamp

    @property
    def checksum(self) -> str:
        """SHA-256 of the file."""
        return sha256(self.data)


class BadPartError(DataError):
    """A part that has to be drawn again. The message is one word or a few: why."""

    code = "part"


def part_name(indices: range) -> str:
    """Such as `parts/000000064-000000128.npz` for the samples 64 to 127."""
    return f"{FOLDER}/{indices.start:09d}-{indices.stop:09d}.npz"


def write_part(folder: Path, indices: range, artifact: SampleArtifact, stamp: Stamp) -> None:
    arrays = artifact.arrays()
    about = {
        "settings": stamp.settings,
        "fingerprint": dict(stamp.fingerprint),
        "kind": artifact.kind,
        "meta": artifact.meta(),
    }
    about["checksum"] = _checksum(arrays, about)
    text = np.array(json.dumps(about, sort_keys=True))
    write_bytes(folder / part_name(indices), npz_bytes({**arrays, ABOUT: text}))


def read_part(folder: Path, indices: range, settings: str | None = None) -> Part:
    """The part of some samples.

    Args:
        folder: of the job.
        indices: of the samples.
        settings: the digest it must have; None to take any.

    Raises:
        BadPartError: if it is missing, damaged, or of another job or other samples.
        OSError: if it cannot be read.
    """
    path = folder / part_name(indices)
    try:
        data = path.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        raise BadPartError("missing") from None
    part = _proved(data, str(path))
    if settings is not None and part.stamp.settings != settings:
        raise BadPartError("of another job")
    if not np.array_equal(part.arrays.get("index", ()), np.arange(indices.start, indices.stop)):
        raise BadPartError("holds other samples")
    return part


def _proved(data: bytes, name: str) -> Part:
    try:
        arrays = parse_npz(io.BytesIO(data), name)
        about = json.loads(str(arrays.pop(ABOUT)))
        checksum = about.pop("checksum")
        if checksum != _checksum(arrays, about):
            raise BadPartError("damaged")
        stamp = Stamp(about["settings"], about["fingerprint"])
        return Part(data, arrays, about["kind"], about["meta"], stamp)
    except (DataError, KeyError, ValueError, TypeError, AttributeError):
        raise BadPartError("damaged") from None


def _checksum(arrays: Mapping[str, np.ndarray], about: Mapping[str, Any]) -> str:
    found = hashlib.sha256(json.dumps(about, sort_keys=True).encode())
    for name in sorted(arrays):
        array = arrays[name]
        found.update(f"\n{name} {array.dtype.str} {array.shape}\n".encode())
        found.update(np.ascontiguousarray(array).tobytes())
    return found.hexdigest()
