"""Vectors that steer images or videos: from an npz, or from lines of `genkit score`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from genkit.artifacts.npz import read_npz
from genkit.data.places import given_file
from genkit.errors import DataError

MAX_LINES_BYTES = 2**30


def read_vectors(path: str | Path, name: str, shape: tuple[int, ...]) -> np.ndarray:
    """The vectors or maps of a condition from a file, `(N, *shape)` float32.

    Args:
        path: an `.npz` with an array of the condition's name, or with a single array; or a
            `.jsonl` with an object a line, whose entry of that name is a list of numbers.
        name: of the condition.
        shape: of one vector or map.

    Raises:
        UsageError: if there is no such file.
        DataError: names the file and what is wrong with it.
    """
    path = given_file(path)
    if path.suffix.lower() == ".jsonl":
        found = _from_lines(path, name)
    elif path.suffix.lower() == ".npz":
        found = _from_npz(path, name)
    else:
        raise DataError(f"{path}: vectors are read from .npz and .jsonl files")
    return checked(found, str(path), name, shape)


def checked(found: np.ndarray, where: str, name: str, shape: tuple[int, ...]) -> np.ndarray:
    """`found` as float32, if it holds vectors of a shape and finite numbers.

    Raises:
        DataError: says what was found in `where`.
    """
    if found.dtype.kind not in "fui" or found.ndim != len(shape) + 1 or found.shape[1:] != shape:
        wanted = ", ".join(map(str, shape))
        raise DataError(
            f"{where}: {name} must be numbers of shape (count, {wanted}). "
            f"Received: {found.dtype} {found.shape}"
        )
    if not len(found):
        raise DataError(f"{where}: {name} holds no rows")
    wrong = np.argwhere(~np.isfinite(found.astype(np.float32)))
    if len(wrong):
        raise DataError(f"{where}: {name} must be finite. Received: row {wrong[0][0]} is not")
    return found.astype(np.float32)


def _from_npz(path: Path, name: str) -> np.ndarray:
    arrays = read_npz(path)
    if name in arrays:
        return arrays[name]
    if len(arrays) == 1:
        return next(iter(arrays.values()))
    received = ", ".join(sorted(arrays)) or "none"
    raise DataError(f"{path}: needs an array named {name}, or a single one. Received: {received}")


def _from_lines(path: Path, name: str) -> np.ndarray:
    if path.stat().st_size > MAX_LINES_BYTES:
        raise DataError(f"{path}: more than {MAX_LINES_BYTES} bytes")
    rows: list[Any] = []
    with path.open("rb") as file:
        for number, line in enumerate(file, 1):
            try:
                row = json.loads(line)[name]
                rows.append([float(value) for value in row])
            except (ValueError, KeyError, TypeError, RecursionError):
                raise DataError(
                    f"{path}:{number}: a JSON object with a list of numbers '{name}' is needed. "
                    f"Received: {line[:60]!r}"
                ) from None
            if len(rows[-1]) != len(rows[0]):
                raise DataError(
                    f"{path}:{number}: '{name}' has {len(rows[-1])} numbers, in the first line "
                    f"it has {len(rows[0])}"
                )
    return np.array(rows, np.float32)
