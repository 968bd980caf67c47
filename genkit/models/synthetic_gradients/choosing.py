"""Which items of a split are looked at more closely: any, since splits may be in order."""

from __future__ import annotations

import numpy as np

from genkit.randomness import permutation


def chosen(size: int, count: int) -> np.ndarray:
    """Numbers of `count` of `size` items, or of all; always the same ones."""
    order = permutation(0, "synthetic_gradients/chosen", 0, size)
    return np.asarray(order[:count])
