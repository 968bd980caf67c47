"""One vector for a recording of any length, from which speakers, words and notes are told apart."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import numpy as np

from genkit.metrics.log_mel import log_mel, power_spectra

SEGMENTS = 8
NATS = np.log(10) / 10  # of power, in a decibel
SILENCE = 30 * NATS  # below the loudest frame: cut off at both ends
QUIET = 50 * NATS  # below the loudest band: not told from less
PITCH_WINDOW = 0.4  # seconds: a semitone is 6.5 Hz at A2


def audio_features(recordings: Sequence[np.ndarray], sample_rate: int) -> np.ndarray:
    """Features of recordings `(T_i,)`, `(N, F)` float64.

    Log-mel frames without the silence at both ends and without their overall mean, which is
    loudness: the means of equal segments, so that order counts; standard deviation and mean change
    over frames; and how strong each of the twelve semitones is.
    """
    return np.stack([_of_one(recording, sample_rate) for recording in recordings])


def _of_one(recording: np.ndarray, sample_rate: int) -> np.ndarray:
    frames = log_mel(recording, sample_rate)
    frames = np.maximum(frames, frames.max() - QUIET)
    frames = _between_silence(frames)
    frames = frames - frames.mean()
    borders = np.linspace(0, len(frames), SEGMENTS + 1)
    starts = np.minimum(borders[:-1].astype(int), len(frames) - 1)
    stops = np.maximum(np.ceil(borders[1:]).astype(int), starts + 1)
    segments = [frames[start:stop].mean(axis=0) for start, stop in zip(starts, stops, strict=True)]
    changes = np.abs(np.diff(frames, axis=0, prepend=frames[:1])).mean(axis=0)
    return np.concatenate(
        [*segments, frames.std(axis=0), changes, _semitones(recording, sample_rate)]
    )


def _between_silence(frames: np.ndarray) -> np.ndarray:
    loudness = frames.max(axis=1)
    heard = np.flatnonzero(loudness > loudness.max() - SILENCE)
    return frames[heard[0] : heard[-1] + 1]


def _semitones(recording: np.ndarray, sample_rate: int) -> np.ndarray:
    """Logarithm of the share `(12,)` of each pitch class in the power."""
    window = 2 ** int(np.ceil(np.log2(PITCH_WINDOW * sample_rate)))
    power = power_spectra(recording, window, window // 4).mean(axis=1)
    shares = _pitch_classes(sample_rate, window) @ power
    return np.log(shares / max(shares.mean(), 1e-12) + 1e-3)


@cache
def _pitch_classes(sample_rate: int, window: int) -> np.ndarray:
    import librosa

    return librosa.filters.chroma(sr=sample_rate, n_fft=window, tuning=0.0)
