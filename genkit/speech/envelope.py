"""Spectral envelopes of recordings, frame by frame: what the linear predictor of each one needs.

The autocorrelation of a frame says all that a linear predictor of it depends on. Its power spectrum
without the fine structure of the voice is that of the predictor's filter (Itakura and Saito, 1968).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from genkit.data.audio.codec import Codec
from genkit.data.audio.mulaw import decode

WINDOW = 5  # hops: 25 ms of frames of 5 ms
# Added to a frame's power: a noise floor 40 dB below it, and that of 16-bit silence.
FLOOR, SILENCE = 1e-4, 1e-9


def autocorrelations(recording: np.ndarray, codec: Codec, hop: int, order: int) -> np.ndarray:
    """Of the values of a recording's codes, `(ceil(T / hop), order + 1)` float32.

    Frame f is windowed around the middle of its audio samples.

    Args:
        recording: `(T,)` int16. codec: gives the codes. hop: audio samples of a frame.
    """
    values = decode(codec.encode(recording), codec.levels).astype(np.float64)
    count, length = -(-len(values) // hop), WINDOW * hop
    before = (length - hop) // 2
    sound = np.pad(values, (before, count * hop + length - len(values)))
    window = np.hanning(length + 2)[1:-1]
    frames = np.lib.stride_tricks.sliding_window_view(sound, length)[::hop][:count] * window
    size = 1 << (length + order).bit_length()
    power = np.square(np.abs(np.fft.rfft(frames, size)))
    found = np.fft.irfft(power)[:, : order + 1] / np.sum(window**2)
    found[:, 0] = found[:, 0] * (1.0 + FLOOR) + SILENCE
    return found.astype(np.float32)


def own_predictors(correlations: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The best predictor of each frame: coefficients `(F, order)`, and power of its error `(F,)`.

    Args:
        correlations: `(F, order + 1)`.
    """
    from scipy.linalg import solve_toeplitz

    rows = correlations.astype(np.float64)
    solved = np.stack([solve_toeplitz(row[:-1], row[1:]) for row in rows])
    return solved, rows[:, 0] - np.sum(solved * rows[:, 1:], axis=1)


def decibels(coefficients: np.ndarray, log_deviation: np.ndarray, bins: int = 128) -> np.ndarray:
    """Spectra of the filters of predictors, `(F, bins)`, from 0 Hz to half the sample rate.

    Args:
        coefficients: `(F, order)`. log_deviation: `(F,)`, natural, of the predictor's error.
    """
    whole = np.concatenate([np.ones((len(coefficients), 1)), -coefficients], axis=1)
    response = np.abs(np.fft.rfft(whole, 2 * bins, axis=1)[:, :bins])
    return 20 / np.log(10) * (log_deviation[:, None] - np.log(np.maximum(response, 1e-12)))


def spectral_distortion(spectra: Sequence[np.ndarray]) -> float:
    """Mean over frames of the root mean square difference of two spectra `(F, bins)` in dB."""
    first, second = spectra
    return float(np.mean(np.sqrt(np.mean(np.square(first - second), axis=1))))
