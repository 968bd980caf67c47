"""What a phone recogniser sees: cepstra, how they change, and the frames around."""

from __future__ import annotations

import numpy as np

from genkit.metrics.speech.spectra import log_power, mel_power

WINDOW = 0.025  # seconds
HOP = 0.01  # seconds
BANDS = 26
COEFFICIENTS = 13
CONTEXT = 5  # frames to each side
SLOPE = 9  # frames that a slope is fitted to


def hop_of(sample_rate: int) -> int:
    """Audio samples from one frame to the next, 10 ms."""
    return max(1, round(HOP * sample_rate))


def phone_features(recording: np.ndarray, sample_rate: int) -> np.ndarray:
    """Mel-frequency cepstra 0 to 12, their slopes and curvatures, `(F, 39)` float32.

    The mean over the recording is taken off, and with it most of the room and the microphone.

    Args:
        recording: `(T,)`, 16-bit PCM or floats from -1 to 1; F = ceil(T / hop).
        sample_rate: Hz.
    """
    import librosa
    from scipy.fft import dct

    spectra = log_power(mel_power(recording, sample_rate, WINDOW, hop_of(sample_rate), BANDS))
    cepstra = dct(spectra, type=2, norm="ortho", axis=-1)[:, :COEFFICIENTS]
    if not len(cepstra):
        return np.empty((0, 3 * COEFFICIENTS), np.float32)
    changes = [
        librosa.feature.delta(cepstra, width=SLOPE, order=order, axis=0, mode="nearest")
        for order in (1, 2)
    ]
    features = np.concatenate([cepstra, *changes], axis=1)
    return (features - features.mean(axis=0)).astype(np.float32)


def with_context(features: np.ndarray, frames: np.ndarray) -> np.ndarray:
    """Some of the frames `(n,)` int, each between its five to both sides, `(n, 11 * D)`.

    Beyond the ends of the recording lie copies of its first and last frame.
    """
    around = frames[:, None] + np.arange(-CONTEXT, CONTEXT + 1)
    chosen = features[np.clip(around, 0, len(features) - 1)]
    return chosen.reshape(len(frames), around.shape[1] * features.shape[1])
