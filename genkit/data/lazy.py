"""Arrays whose rows are made when they are asked for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np


class Lazy:
    """An array whose rows are made when they are asked for.

    Args:
        shape: of the whole, `(N, ...)`.
        dtype: of the whole.
        make: `make(i)` gives row i, always the same.
    """

    def __init__(
        self, shape: Sequence[int], dtype: type[np.generic], make: Callable[[int], np.ndarray]
    ) -> None:
        self.shape = tuple(shape)
        self.dtype: np.dtype[Any] = np.dtype(dtype)
        self.make = make

    @property
    def ndim(self) -> int:
        return len(self.shape)

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, key: Any) -> np.ndarray:
        """What an array gives; the rows that it takes are made now."""
        if isinstance(key, tuple):
            if key[0] is Ellipsis:
                return self[:][key]
            rows = self[key[0]]
            others = (slice(None),) * (rows.ndim + 1 - self.ndim)
            return np.asarray(rows[(*others, *key[1:])])
        chosen = np.arange(len(self))[key]
        if chosen.ndim == 0:
            return self.make(int(chosen))
        rows = np.empty((chosen.size, *self.shape[1:]), self.dtype)
        for row, index in zip(rows, chosen.flat, strict=True):
            row[...] = self.make(int(index))
        return rows.reshape(*chosen.shape, *self.shape[1:])

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        return np.asarray(self[:], dtype)

    def first(self, limit: int | None) -> Lazy:
        """The first `limit` rows, or all; still to be made."""
        count = len(range(len(self))[:limit])
        return Lazy((count, *self.shape[1:]), self.dtype.type, self.make)
