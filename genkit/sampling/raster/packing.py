"""Nested arrays as one vector a type, there and back.

A compiled call pays for every array that it takes and returns, some 10 microseconds on
TensorFlow, which a small image feels.
"""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import ops


class Packing:
    """One nested structure; `pack` learns it, so it must be traced before `unpack`."""

    def __init__(self) -> None:
        self._structure: Any = None
        self._shapes: list[tuple[int, ...]] = []
        self._types: list[str] = []

    def pack(self, arrays: Any) -> tuple[Any, ...]:
        """All values of nested arrays, which have static shapes: a vector for each type."""
        flat = keras.tree.flatten(arrays)
        self._types = [keras.utils.standardize_dtype(array.dtype) for array in flat]
        self._shapes = [tuple(int(n) for n in array.shape) for array in flat]
        self._structure = keras.tree.pack_sequence_as(arrays, list(range(len(flat))))
        return tuple(
            ops.concatenate([ops.reshape(flat[i], (-1,)) for i in self._of(kind)])
            for kind in self._kinds()
        )

    def unpack(self, vectors: tuple[Any, ...]) -> Any:
        """The nested arrays of `pack`'s vectors."""
        flat: list[Any] = [None] * len(self._shapes)
        for kind, vector in zip(self._kinds(), vectors, strict=True):
            end = 0
            for i in self._of(kind):
                start, end = end, end + int(np.prod(self._shapes[i], dtype=int))
                flat[i] = ops.reshape(vector[start:end], self._shapes[i])
        return keras.tree.pack_sequence_as(self._structure, flat)

    def _kinds(self) -> list[str]:
        return sorted(set(self._types))

    def _of(self, kind: str) -> list[int]:
        return [i for i, one in enumerate(self._types) if one == kind]
