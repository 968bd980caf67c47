"""Mel-cepstral distortion: how far the spectra of synthesised speech are from recorded ones.

Kubichek, 1993. It is a mean over frames of 10 / ln 10 * sqrt(2 * sum_m (c_m - c'_m)^2) dB.
"""

from __future__ import annotations

import numpy as np

from genkit.errors import DataError
from genkit.metrics.speech.spectra import log_power, mel_power
from genkit.metrics.speech.warping import warping_path

ORDER = 24
BANDS = 80
WINDOW = 0.025  # seconds
HOP = 0.005  # seconds
SILENCE = 40.0  # dB below the loudest frame
DECIBELS = 10 / np.log(10)  # in a neper of power


def mel_cepstral_distortion(
    real: np.ndarray, made: np.ndarray, sample_rate: int, warped: bool = True
) -> float:
    """Mel-cepstral distortion of one recording, dB.

    The variant: cepstra are the cosine transform of a log-mel spectrum (80 bands from 0 Hz to half
    the sample rate, windows of 25 ms, 5 ms apart), coefficients 1 to 24, so loudness does not
    count. They have the scale of c_m in ln|H(w)| = c_0 + sum_m c_m cos(m w), for which the usual
    constant is meant: the value is the root mean square difference, over the mel axis, of two
    smoothed spectra in dB. Cepstra from SPTK (`mcep`) have that scale too, but follow the peaks
    of the spectrum on another axis, so their values are similar without being comparable.
    Programs that leave out the scale, and take the orthonormal transform of log power itself, give
    values that are larger by the constant factor sqrt(2 * bands) (12.6 with 80 bands), of log
    amplitude by half of that.

    Args:
        real, made: `(T,)` and `(U,)`, 16-bit PCM or floats from -1 to 1.
        sample_rate: Hz, of both; values at different rates do not compare.
        warped: pair frames by dynamic time warping and take the mean over its path; for speech
            whose durations were generated. Otherwise frame by frame, as long as both last; for
            copy synthesis.

    Frames are left out where the real one is more than 40 dB below its loudest.

    Raises:
        DataError: if there is no sound in `real`, or `made` is empty.
    """
    hop = max(1, round(HOP * sample_rate))
    wanted, loudness = mel_cepstra(real, sample_rate, hop)
    found, _ = mel_cepstra(made, sample_rate, hop)
    pairs = warping_path(wanted, found) if warped else _one_to_one(len(wanted), len(found))
    heard = pairs[(loudness > loudness.max(initial=-np.inf) - SILENCE)[pairs[:, 0]]]
    if not len(heard):
        raise DataError(
            f"no frame to compare: of {len(real)} and {len(made)} audio samples, none is louder "
            "than silence"
        )
    return float(np.mean(distortions(wanted[heard[:, 0]], found[heard[:, 1]])))


def _one_to_one(real: int, made: int) -> np.ndarray:
    return np.repeat(np.arange(min(real, made))[:, None], 2, axis=1)


def distortions(real: np.ndarray, made: np.ndarray) -> np.ndarray:
    """Distortion `(F,)` in dB of cepstra `(F, order)` without coefficient 0."""
    return DECIBELS * np.sqrt(2.0 * np.sum((real - made) ** 2, axis=-1))


def mel_cepstra(
    recording: np.ndarray, sample_rate: int, hop: int, order: int = ORDER
) -> tuple[np.ndarray, np.ndarray]:
    """Cepstra `(F, order)` without coefficient 0, and the loudness `(F,)` of each frame in dB.

    Args:
        recording: `(T,)`, 16-bit PCM or floats from -1 to 1.
        sample_rate: Hz.
        hop: audio samples from one frame to the next; F = ceil(T / hop).
        order: of the highest coefficient, below 80.

    A frame without sound has a loudness of -infinity dB.
    """
    from scipy.fft import dct

    power = mel_power(recording, sample_rate, WINDOW, hop, BANDS)
    # 1 / sqrt(2 * bands): a half makes amplitude of power, sqrt(2 / bands) a mean of the sum.
    scaled = dct(log_power(power), type=2, norm="ortho", axis=-1) / np.sqrt(2 * BANDS)
    with np.errstate(divide="ignore"):
        loudness = 10 * np.log10(power.sum(axis=-1))
    return scaled[:, 1 : order + 1], loudness


def align(real: np.ndarray, made: np.ndarray, sample_rate: int, hop: int) -> np.ndarray:
    """Frames `(P, 2)` of two recordings that belong together, by `warping_path` of mel-cepstra.

    Args:
        real, made: `(T,)` and `(U,)`, 16-bit PCM or floats from -1 to 1.
        sample_rate: Hz.
        hop: audio samples from one frame to the next, as those of the contours to be aligned.

    Raises:
        DataError: if one of them is empty.
    """
    wanted, found = (mel_cepstra(each, sample_rate, hop)[0] for each in (real, made))
    return warping_path(wanted, found)
