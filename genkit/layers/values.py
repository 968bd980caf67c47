"""Pixel values as networks read them."""

from __future__ import annotations

from typing import Any

from keras import ops


def centred(values: Any, levels: int, dtype: str) -> Any:
    """Integer values 0 .. levels - 1 as floats from -1 to 1."""
    return ops.cast(values, dtype) * (2.0 / (levels - 1)) - 1.0
