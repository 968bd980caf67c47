"""One entry of an array at a traced index, inside compiled loops."""

from __future__ import annotations

from typing import Any

from keras import ops


def at(array: Any, i: Any) -> Any:
    """`array[i]` for a traced index."""
    start = (i, *[0] * (len(array.shape) - 1))
    return ops.slice(array, start, (1, *ops.shape(array)[1:]))[0]


def put(array: Any, value: Any, i: Any) -> Any:
    """`array` with `array[i] = value` for a traced index."""
    start = (i, *[0] * (len(array.shape) - 1))
    return ops.slice_update(array, start, value[None])
