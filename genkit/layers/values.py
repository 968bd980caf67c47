"""Pixel values as networks read them."""

from __future__ import annotations

from typing import Any

import numpy as np
from keras import ops


def centred(values: Any, levels: int, dtype: str) -> Any:
    """Integer values 0 .. levels - 1 as floats from -1 to 1."""
    return ops.cast(values, dtype) * (2.0 / (levels - 1)) - 1.0


def centred_array(values: np.ndarray, levels: int) -> np.ndarray:
    """The same on the host, float32."""
    return np.asarray(values, np.float32) * np.float32(2.0 / (levels - 1)) - np.float32(1.0)
