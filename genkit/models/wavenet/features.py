"""Log-mel frames: the local condition of a vocoder."""

from __future__ import annotations

import warnings

import numpy as np

from genkit.data.audio.mulaw import FULL_SCALE

FLOOR = 1e-5  # of the magnitude: quieter is silence


def window_length(hop: int) -> int:
    """Audio samples of an analysis window: four hops."""
    return 4 * hop


def log_mel(pcm: np.ndarray, sample_rate: int, hop: int, bands: int) -> np.ndarray:
    """Log magnitudes of mel bands, about -1 to 1, `(ceil(T / hop), bands)` float32.

    Frame f is centred on audio samples f * hop to (f + 1) * hop.

    Args:
        pcm: `(T,)` int16. sample_rate: Hz. hop: audio samples of a frame.
    """
    import librosa

    window = window_length(hop)
    count = -(-len(pcm) // hop)
    before = (window - hop) // 2
    sound = np.zeros(before + count * hop + window, np.float32)
    sound[before : before + len(pcm)] = pcm.astype(np.float32) / np.float32(FULL_SCALE)
    with warnings.catch_warnings():  # narrow bands of low rates may be empty
        warnings.simplefilter("ignore", UserWarning)
        mel = librosa.feature.melspectrogram(
            y=sound,
            sr=sample_rate,
            n_fft=window,
            hop_length=hop,
            n_mels=bands,
            center=False,
            power=1.0,
        )
    scaled = np.log10(np.maximum(mel.T[:count], FLOOR))
    return ((scaled + 2.0) / 3.0).astype(np.float32)
