"""Contours of pitch: found in recordings, and how far those of synthesised speech are off."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from genkit.errors import UsageError
from genkit.metrics.log_mel import as_float
from genkit.metrics.speech.spectra import frame_count

UNKNOWN = float(np.log(120.0))  # where nothing is voiced: a pitch that voices have
CENTS = 1200 / float(np.log(2))  # in a neper

# Where pitch is looked for: 8 kHz, each 10 ms, frames of 64 ms, pitches 20 cents apart. With tones
# and glides of 65 to 380 Hz the median error is at most 0.6 % of F0, the time 0.04 s a second of
# audio on one core. 10 cents: 0.36 % and 0.13 s; frames of 128 ms smooth a vibrato (1.2 %).
RATE = 8_000
STEP = 80
FRAME = 512
RESOLUTION = 0.2  # semitones
LEAST_PERIODS = 2  # of the lowest pitch, in a recording that is looked at


class Contour(NamedTuple):
    """Pitch of a recording.

    Args:
        log_f0: `(F,)` float32, natural logarithm of Hz, filled where there is no voice.
        voiced: `(F,)` bool.
    """

    log_f0: np.ndarray
    voiced: np.ndarray


@dataclass(frozen=True)
class ContourErrors:
    """Differences of two contours.

    Args:
        rmse_cents: root mean square difference over frames voiced in both; NaN without any.
        correlation: Pearson's, of log-F0 over the same frames; NaN where one does not vary.
        voicing_error: share of frames voiced in one of them only.
        frames: how many frames (pairs of a path) were compared.
        both_voiced: how many of them are voiced in both.
    """

    rmse_cents: float
    correlation: float
    voicing_error: float
    frames: int
    both_voiced: int


def log_f0(
    recording: np.ndarray, sample_rate: int, hop: int, low: float = 60.0, high: float = 400.0
) -> Contour:
    """Pitch by probabilistic YIN (Mauch and Dixon, 2014; librosa).

    Args:
        recording: `(T,)`, 16-bit PCM or floats from -1 to 1.
        sample_rate: Hz.
        hop: audio samples from one frame to the next. Frame f is centred on the middle of samples
            f * hop .. f * hop + hop - 1, and F = ceil(T / hop).
        low, high: Hz, range of the pitch.

    Frames between voiced ones, and those around, have the pitch that `filled` gives them. Silence
    and recordings of less than two periods of `low` are unvoiced throughout.

    Raises:
        UsageError: unless 32 <= low < high <= 1000.
    """
    if not 32 <= low < high <= 1000:  # a period has to fit into half a frame
        raise UsageError(f"pitch is looked for from 32 to 1000 Hz. Received: {low:g} to {high:g}")
    times = (np.arange(frame_count(len(recording), hop)) + 0.5) * hop / sample_rate
    sound = as_float(recording)
    if len(sound) * low < LEAST_PERIODS * sample_rate or not sound.any():
        voiced = np.zeros(len(times), bool)
        return Contour(filled(np.zeros(len(times)), voiced), voiced)
    pitch, voiced = _pitches(_resampled(sound, sample_rate), low, high)
    # Half-way between two of the frames that were looked at, the voice is that of the nearer one,
    # the pitch between theirs.
    places = times * (RATE / STEP)
    nearest = np.minimum(np.rint(places).astype(np.int64), len(voiced) - 1)
    at_times = np.interp(places, np.arange(len(pitch)), filled(pitch, voiced))
    return Contour(filled(at_times, voiced[nearest]), voiced[nearest])


def _resampled(sound: np.ndarray, sample_rate: int) -> np.ndarray:
    import soxr

    return sound if sample_rate == RATE else soxr.resample(sound, sample_rate, RATE)


def _pitches(sound: np.ndarray, low: float, high: float) -> tuple[np.ndarray, np.ndarray]:
    """Logarithm of the pitch and whether there is one, frame f centred on sample f * STEP."""
    import librosa

    hertz, voiced, _ = librosa.pyin(
        sound,
        fmin=low,
        fmax=high,
        sr=RATE,
        frame_length=FRAME,
        hop_length=STEP,
        resolution=RESOLUTION,
        fill_na=None,
    )
    return np.log(hertz), voiced


def filled(log_f0: np.ndarray, voiced: np.ndarray) -> np.ndarray:
    """A contour `(F,)` float32 without gaps: straight lines between voiced frames `(F,)`.

    Before the first and after the last voiced frame it stays; without any it is ln 120.
    """
    places = np.flatnonzero(voiced)
    if not len(places):
        return np.full(len(log_f0), UNKNOWN, np.float32)
    return np.interp(np.arange(len(log_f0)), places, log_f0[places]).astype(np.float32)


def contour_errors(real: Contour, made: Contour, path: np.ndarray | None = None) -> ContourErrors:
    """How far the contour of synthesised speech is from that of the recording.

    Args:
        real, made: of one hop.
        path: `(P, 2)`, which frames belong together, such as `cepstra.align` gives for that hop;
            None: frame by frame, as long as both last.

    Without any frames all errors are NaN.
    """
    if path is None:
        count = min(len(real.voiced), len(made.voiced))
        path = np.repeat(np.arange(count)[:, None], 2, axis=1)
    pitches = real.log_f0[path[:, 0]].astype(np.float64), made.log_f0[path[:, 1]].astype(np.float64)
    voices = real.voiced[path[:, 0]], made.voiced[path[:, 1]]
    both = voices[0] & voices[1]
    wanted, found = (pitch[both] for pitch in pitches)
    return ContourErrors(
        CENTS * float(np.sqrt(_mean((found - wanted) ** 2))),
        _correlation(wanted, found),
        _mean(voices[0] != voices[1]),
        len(path),
        int(both.sum()),
    )


def _mean(values: np.ndarray) -> float:
    return float(np.mean(values)) if len(values) else float("nan")


def _correlation(one: np.ndarray, other: np.ndarray) -> float:
    if len(one) < 2 or np.ptp(one) == 0 or np.ptp(other) == 0:
        return float("nan")
    return float(np.corrcoef(one, other)[0, 1])
