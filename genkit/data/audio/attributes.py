"""Attributes of recordings, such as speaker and tags, as vectors that steer a model."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from genkit.data.audio.dataset import TAGS
from genkit.errors import UsageError, unknown
from genkit.family import Arrays


def vectors_in_words(
    rows: Sequence[Mapping[str, str]],
    indices: Sequence[int],
    names: Mapping[str, Sequence[str]],
) -> np.ndarray:
    """The global condition `(B, V)` float32 of what a user wrote.

    What a row leaves open follows from its index, so that all values occur: the first attribute
    changes fastest. A row that names no tags has none.

    Raises:
        UsageError: for a value that an attribute does not have.
    """
    pairs = zip(rows, indices, strict=True)
    return np.stack([_vector_in_words(row, index, names) for row, index in pairs])


def _vector_in_words(
    row: Mapping[str, str], index: int, names: Mapping[str, Sequence[str]]
) -> np.ndarray:
    parts = []
    for name, values in names.items():
        part = np.zeros(len(values), np.float32)
        if name == TAGS:
            for tag in filter(None, map(str.strip, re.split("[;,]", row.get(name, "")))):
                part[_number(name, tag, values)] = 1.0
        elif name in row:
            part[_number(name, row[name], values)] = 1.0
        else:
            index, place = divmod(index, len(values))
            part[place] = 1.0
        parts.append(part)
    return np.concatenate(parts)


def _number(name: str, value: str, values: Sequence[str]) -> int:
    if value not in values:
        kind = "tag" if name == TAGS else name
        raise UsageError(f"--condition {name}: {unknown(kind, value, values)}")
    return values.index(value)


def vector_of(attributes: Mapping[str, np.ndarray], names: Mapping[str, Sequence[str]]) -> Any:
    """The global condition `(B, V)` float32 of attributes of recordings; None without names."""
    if not names:
        return None
    parts = []
    for name, values in names.items():
        given = np.asarray(attributes[name])
        whole = given if name == TAGS else np.eye(len(values))[given]
        parts.append(whole.astype(np.float32))
    return np.concatenate(parts, axis=1)


def attributes_of(vector: np.ndarray, names: Mapping[str, Sequence[str]]) -> Arrays:
    """Attributes of recordings from their global condition `(B, V)`: what `vector_of` took."""
    found: Arrays = {}
    start = 0
    for name, values in names.items():
        part = vector[:, start : start + len(values)]
        start += len(values)
        if name == TAGS:
            found[name] = np.rint(part).astype(np.uint8)
        else:
            found[name] = np.argmax(part, axis=1).astype(np.int64)
    return found


def attributes_in_words(
    attributes: Mapping[str, np.ndarray], number: int, names: Mapping[str, Sequence[str]]
) -> dict[str, str]:
    """Attributes of recording `number` as a user would write them; tags with commas."""
    found = {}
    for name, values in names.items():
        own = attributes[name][number]
        chosen = np.flatnonzero(own) if np.ndim(own) else [own]
        found[name] = ",".join(values[int(i)] for i in chosen)
    return found
