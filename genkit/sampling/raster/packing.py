"""Nested arrays as one vector, there and back.

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

    def pack(self, arrays: Any) -> Any:
        """All values of nested arrays, which have static shapes and one type, as a vector."""
        flat = keras.tree.flatten(arrays)
        types = sorted({keras.utils.standardize_dtype(array.dtype) for array in flat})
        if len(types) > 1:
            raise ValueError(f"only arrays of one type are packed. Received: {', '.join(types)}")
        self._shapes = [tuple(int(n) for n in array.shape) for array in flat]
        self._structure = keras.tree.pack_sequence_as(arrays, list(range(len(flat))))
        return ops.concatenate([ops.reshape(array, (-1,)) for array in flat])

    def unpack(self, vector: Any) -> Any:
        """The nested arrays of a vector."""
        ends = np.cumsum([np.prod(shape, dtype=int) for shape in self._shapes]).tolist()
        flat = [
            ops.reshape(vector[start:end], shape)
            for start, end, shape in zip([0, *ends], ends, self._shapes, strict=False)
        ]
        return keras.tree.pack_sequence_as(self._structure, flat)
