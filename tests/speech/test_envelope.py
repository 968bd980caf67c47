"""Envelopes of recordings: autocorrelations, the best predictor, spectra."""

from __future__ import annotations

import numpy as np
from scipy.signal import freqz, lfilter

from genkit.data.audio.codec import Codec
from genkit.data.audio.mulaw import decode, pcm_of
from genkit.speech.envelope import (
    WINDOW,
    autocorrelations,
    decibels,
    own_predictors,
    spectral_distortion,
)

CODEC, HOP = Codec(256), 40
FILTER = [1.3, -0.75]


def noise(seconds: float = 1.0) -> np.ndarray:
    """Filtered noise at 8 kHz, int16."""
    white = np.random.default_rng(0).normal(scale=0.02, size=round(8_000 * seconds))
    return pcm_of(lfilter([1.0], [1.0, *(-a for a in FILTER)], white))


def test_autocorrelations_are_those_of_the_windowed_values() -> None:
    recording = noise(0.1)
    found = autocorrelations(recording, CODEC, HOP, 3)
    assert found.shape == (20, 4)
    values = decode(CODEC.encode(recording), 256)
    begin = 9 * HOP - (WINDOW - 1) * HOP // 2  # the middle of frame 9 is that of its window
    window = np.hanning(WINDOW * HOP + 2)[1:-1]
    frame = values[begin : begin + WINDOW * HOP] * window
    wanted = [np.sum(frame[k:] * frame[: len(frame) - k]) for k in range(4)] / np.sum(window**2)
    np.testing.assert_allclose(found[9], wanted, rtol=2e-4)


def test_the_last_frame_may_be_short() -> None:
    assert len(autocorrelations(noise()[:81], CODEC, HOP, 2)) == 3


def test_silence_has_a_predictor_too() -> None:
    found = autocorrelations(np.zeros(80, np.int16), CODEC, HOP, 2)
    coefficients, power = own_predictors(found)
    assert np.isfinite(coefficients).all()
    assert (power > 0).all()


def test_predictors_of_filtered_noise_are_its_filter() -> None:
    rows = autocorrelations(noise(4.0), CODEC, HOP, 2).astype(np.float64)
    coefficients, power = own_predictors(rows.mean(axis=0)[None])
    np.testing.assert_allclose(coefficients[0], FILTER, atol=0.05)
    np.testing.assert_allclose(np.sqrt(power), 0.02, rtol=0.1)


def test_spectra_are_those_of_the_filter() -> None:
    found = decibels(np.array([FILTER]), np.array([np.log(0.02)]), bins=64)
    _, response = freqz([0.02], [1.0, *(-a for a in FILTER)], worN=64)
    np.testing.assert_allclose(found[0], 20 * np.log10(np.abs(response)), atol=1e-6)


def test_distortion_of_a_louder_spectrum() -> None:
    spectra = np.random.default_rng(0).normal(size=(5, 8))
    assert spectral_distortion([spectra, spectra]) == 0.0
    np.testing.assert_allclose(spectral_distortion([spectra, spectra + 3.0]), 3.0)
