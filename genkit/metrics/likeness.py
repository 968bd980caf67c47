"""How alike two pictures are: PSNR and SSIM, frame by frame."""

from __future__ import annotations

import numpy as np
from skimage.metrics import structural_similarity


def psnr(truth: np.ndarray, other: np.ndarray, top: int) -> np.ndarray:
    """Peak signal-to-noise ratio in dB of each frame, `(N, T)` float64.

    Frames that are the same have 100 dB, where others have no bound.

    Args:
        truth, other: `(N, T, H, W, C)`, values 0 .. top.
    """
    difference = truth.astype(np.float64) - other.astype(np.float64)
    error = np.square(difference / top).mean(axis=(2, 3, 4))
    return np.asarray(-10.0 * np.log10(np.maximum(error, 1e-10)))


def ssim(truth: np.ndarray, other: np.ndarray, top: int) -> np.ndarray:
    """Structural similarity (Wang et al., 2004) of each frame, `(N, T)` float64: Gaussian windows
    of standard deviation 1.5; in small frames as many pixels as fit.

    Args:
        truth, other: as in `psnr`.
    """
    side = min(truth.shape[2:4])
    window = min(11, side if side % 2 else side - 1)
    found = np.zeros(truth.shape[:2])
    for place in np.ndindex(*found.shape):
        pair = (truth[place].astype(np.float64), other[place].astype(np.float64))
        found[place] = structural_similarity(
            *pair,
            data_range=float(top),
            channel_axis=-1,
            win_size=window,
            gaussian_weights=window == 11,
            sigma=1.5,
            use_sample_covariance=False,
        )
    return found
