"""Where in its period a voice is, so that a network need not find that out from its own past.

A contour of log-F0 tells how fast a voice moves through its periods, and the past of the recording
where it is. What draws its own past has to hold both together for thousands of samples. Neural
source-filter models (Wang, Takaki and Yamagishi, 2019, arXiv:1810.11946) are given a sine that
follows the contour instead; here its phase is that of the recording's first harmonic in training.
"""

from __future__ import annotations

import numpy as np

from genkit.metrics.log_mel import as_float
from genkit.metrics.speech.contours import Contour

WINDOW = 0.025  # seconds, over which the first harmonic is heard: two periods of 80 Hz
TURN = 2 * np.pi


def contour_phases(log_hertz: np.ndarray, sample_rate: int, hop: int) -> np.ndarray:
    """The phase of a voice that has a contour and begins anywhere.

    Args:
        log_hertz: `(F,)`, natural logarithm of Hz of each frame.
        sample_rate: Hz. hop: audio samples of a frame.

    Returns:
        `(F, 2)` float32: radians from 0 to 2 pi at the first sample of each frame, and radians a
        sample within it.
    """
    angles = TURN * np.exp(log_hertz.astype(np.float64)) / sample_rate
    return _rows(np.concatenate([[0.0], np.cumsum(angles * hop)]), hop)


def recorded_phases(
    recording: np.ndarray, contour: Contour, sample_rate: int, hop: int
) -> np.ndarray:
    """The phase of the first harmonic of a recording, which its contour says where to look for.

    Args:
        recording: `(T,)` PCM or floats. contour: of its F = ceil(T / hop) frames.
        sample_rate: Hz. hop: audio samples of a frame.

    Returns:
        `(F, 2)` as of `contour_phases`. Where there is no voice it means nothing.
    """
    count = len(contour.log_f0)
    angles = TURN * np.exp(contour.log_f0.astype(np.float64)) / sample_rate
    edges = np.concatenate([[0.0], np.cumsum(angles * hop)])
    sound = np.zeros(count * hop)
    sound[: len(recording)] = as_float(recording)
    inside = edges[:-1, None] + angles[:, None] * np.arange(hop)
    # At rest, the first harmonic is what a window as long as its periods lets through.
    still = sound * np.exp(-1j * inside.ravel())
    half = round(WINDOW * sample_rate / 2)
    window = np.hanning(2 * half + 1)
    padded = np.concatenate([np.zeros(half), still, np.zeros(half + 1)])
    stretches = np.lib.stride_tricks.sliding_window_view(padded, len(window))[::hop]
    return _rows(edges + np.unwrap(np.angle(stretches[: count + 1] @ window)), hop)


def _rows(edges: np.ndarray, hop: int) -> np.ndarray:
    """Of the phases `(F + 1,)` where frames begin and the last one ends."""
    return np.stack([edges[:-1] % TURN, np.diff(edges) / hop], axis=1).astype(np.float32)
