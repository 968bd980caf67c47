"""Numbers of scenes from uniform ones."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def between(ends: Sequence[float], draw: np.ndarray) -> np.ndarray:
    """Numbers from `ends[0]` to `ends[1]`, from numbers between 0 and 1."""
    return ends[0] + (ends[1] - ends[0]) * draw


def spread(number: int, share: float) -> bool:
    """Whether a thing is one of a share that lies evenly among the numbers 0, 1, 2, ..."""
    return int((number + 1) * share) > int(number * share)
