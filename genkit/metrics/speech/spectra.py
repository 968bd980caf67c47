"""Frames of speech and their log-mel spectra, on the one grid that all measures of speech share.

Frame f is centred on the middle of audio samples f * hop .. f * hop + hop - 1. There are
F = ceil(T / hop) of them for T samples. Contours and cepstra of one hop then fit together.
"""

from __future__ import annotations

from functools import cache

import numpy as np

from genkit.metrics.log_mel import as_float

RANGE = 1e-8  # of the power in the loudest band: 80 dB below it, what is less is not told apart
SHORTEST_FFT = 1024  # also at low sample rates, so that every band holds a bin


def mel_power(
    recording: np.ndarray, sample_rate: int, window: float, hop: int, bands: int
) -> np.ndarray:
    """Power in mel bands, `(F, bands)` float64.

    Args:
        recording: `(T,)`, 16-bit PCM or floats from -1 to 1.
        sample_rate: Hz.
        window: seconds of a Hann window.
        hop: audio samples from one frame to the next.
        bands: from 0 Hz to half the sample rate.
    """
    width = round(window * sample_rate)
    length = max(SHORTEST_FFT, 2 ** int(np.ceil(np.log2(2 * width))))
    windowed = centred_frames(as_float(recording), width, hop) * np.hanning(width + 2)[1:-1]
    spectra = np.abs(np.fft.rfft(windowed, length)) ** 2 / width
    return spectra @ _filters(sample_rate, length, bands).T


def log_power(power: np.ndarray) -> np.ndarray:
    """Natural logarithm of the power `(F, bands)` of a recording; 0 throughout if it is silent.

    What counts as silence is a share of the loudest band, so that half the loudness is the same
    spectra less a constant.
    """
    loudest = power.max(initial=0.0)
    return np.log(power / loudest + RANGE) + np.log(loudest) if loudest else np.zeros_like(power)


def centred_frames(sound: np.ndarray, width: int, hop: int) -> np.ndarray:
    """Stretches `(F, width)` of a sound `(T,)`, silence before and after it."""
    count = frame_count(len(sound), hop)
    before = (width - hop) // 2  # negative where a hop is longer than a window
    after = max(0, (count - 1) * hop + width - before - len(sound))
    padded = np.pad(sound[max(0, -before) :], (max(0, before), after))
    starts = hop * np.arange(count)
    return padded[starts[:, None] + np.arange(width)]


def frame_count(length: int, hop: int) -> int:
    """Frames of so many audio samples: ceil(length / hop)."""
    return -(-length // hop)


@cache  # librosa takes longer over the filters than over a short recording
def _filters(sample_rate: int, length: int, bands: int) -> np.ndarray:
    import librosa

    return librosa.filters.mel(sr=sample_rate, n_fft=length, n_mels=bands, norm=None)
