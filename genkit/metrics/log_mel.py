"""Log-mel spectrograms: what the measures of sound, and its pictures, are made from."""

from __future__ import annotations

from functools import cache

import numpy as np

WINDOW = 0.032  # seconds, rounded up to a power of two of samples
HOP = 0.01  # seconds
# Power in a band that counts as silence (full scale is 1): about 8-bit mu-law noise in soft sound.
FLOOR = 1e-7


def log_mel(recording: np.ndarray, sample_rate: int, bands: int = 40) -> np.ndarray:
    """Natural logarithm of the power in mel bands, `(frames, bands)` float64.

    Args:
        recording: `(T,)`, 16-bit PCM or floats from -1 to 1. One shorter than a window is taken
            as if silence followed.
        sample_rate: Hz.
        bands: from 0 Hz to half the sample rate. With 40, windows of 32 ms hold each of them.

    Frames are 10 ms apart; the first one is centred on the first sample.
    """
    window = window_length(sample_rate)
    power = power_spectra(recording, window, hop_length(sample_rate))
    return np.log(power.T @ _filters(sample_rate, window, bands).T + FLOOR)


def power_spectra(recording: np.ndarray, window: int, hop: int) -> np.ndarray:
    """Power `(window / 2 + 1, frames)` float64 in windows of so many samples, `hop` apart."""
    import librosa

    sound = as_float(recording)
    sound = np.pad(sound, (0, max(0, window - len(sound))))
    spectra = librosa.stft(sound, n_fft=window, hop_length=hop)
    return np.abs(spectra).astype(np.float64) ** 2 / window


@cache  # librosa takes longer over the filters than over a short recording
def _filters(sample_rate: int, window: int, bands: int) -> np.ndarray:
    import librosa

    return librosa.filters.mel(sr=sample_rate, n_fft=window, n_mels=bands, norm=None)


def as_float(recording: np.ndarray) -> np.ndarray:
    """Sound `(T,)` as float32 from -1 to 1, of 16-bit PCM or of floats."""
    sound = np.asarray(recording)
    if np.issubdtype(sound.dtype, np.integer):
        return (sound / 32768.0).astype(np.float32)
    return sound.astype(np.float32)


def window_length(sample_rate: int) -> int:
    """Samples of a window: at least 256, so that the lowest bands are not empty."""
    return max(256, 2 ** int(np.ceil(np.log2(WINDOW * sample_rate))))


def hop_length(sample_rate: int) -> int:
    """Samples from one frame to the next."""
    return max(1, round(HOP * sample_rate))
