"""Images made smaller by averaging over areas."""

from __future__ import annotations

import numpy as np


def averaged(images: np.ndarray, side: int) -> np.ndarray:
    """Images `(N, h, h)` uint8 averaged over areas to `(N, side, side)` uint8."""
    original = images.shape[1]
    if side == original:
        return images
    edges = np.arange(side + 1) * (original / side)
    pixels = np.arange(original)
    # How much of each original pixel lies within each new one.
    low, high = edges[:-1, None], edges[1:, None]
    shares = np.clip(np.minimum(high, pixels + 1) - np.maximum(low, pixels), 0.0, None)
    shares *= side / original
    return np.rint(shares @ images.astype(np.float64) @ shares.T).astype(np.uint8)
