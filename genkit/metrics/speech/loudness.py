"""Whether a copy of a recording is loud where the recording is."""

from __future__ import annotations

import numpy as np

from genkit.metrics.log_mel import as_float

FRAME = 0.02  # seconds
FLOOR = 1e-3  # of full scale, -60 dB: quieter is as quiet


def loudness_correlation(one: np.ndarray, other: np.ndarray, sample_rate: int) -> float:
    """Correlation of the logarithms of the loudness of frames of 20 ms, of what both have.

    Args:
        one, other: `(T,)`, 16-bit PCM or floats from -1 to 1. sample_rate: Hz.

    Returns:
        -1 to 1; NaN where one of them has the same loudness throughout, or is shorter than two
        frames.
    """
    width = max(1, round(FRAME * sample_rate))
    count = min(len(one), len(other)) // width
    if count < 2:
        return float("nan")
    first, second = (_levels(sound[: count * width], width) for sound in (one, other))
    if np.ptp(first) == 0 or np.ptp(second) == 0:
        return float("nan")
    return float(np.corrcoef(first, second)[0, 1])


def _levels(sound: np.ndarray, width: int) -> np.ndarray:
    frames = as_float(sound).astype(np.float64).reshape(-1, width)
    return np.log(np.sqrt(np.mean(frames**2, axis=1)) + FLOOR)
