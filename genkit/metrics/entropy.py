"""The least cross-entropy that soft targets allow."""

from __future__ import annotations

import numpy as np


def soft_entropy(video: np.ndarray, levels: int) -> np.ndarray:
    """H(z, z) of frames in nats, z the values brought to 0 .. 1: what a sigmoid that predicts every
    grey value itself still pays (Kalchbrenner et al., 2016, arXiv:1610.00527, section 5.1).

    Args:
        video: `(N, T, H, W, C)` values 0 .. levels - 1.

    Returns:
        `(N, T)` float64, sums over the frame.
    """
    share = np.arange(levels, dtype=np.float64) / (levels - 1)
    with np.errstate(divide="ignore", invalid="ignore"):
        parts = -(share * np.log(share) + (1 - share) * np.log1p(-share))
    each = np.nan_to_num(parts, nan=0.0)[video]
    return np.asarray(each.sum(axis=(2, 3, 4)))
