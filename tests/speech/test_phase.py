"""Phases of voices: of contours, and of recordings whose phase is known."""

from __future__ import annotations

import numpy as np
import pytest

from genkit.metrics.speech.contours import Contour
from genkit.speech.phase import contour_phases, recorded_phases

RATE, HOP = 16_000, 80


def glide(frames: int, low: float = 110.0, high: float = 240.0) -> tuple[np.ndarray, np.ndarray]:
    """Log-F0 of frames, and the phase of each sample."""
    hertz = np.geomspace(low, high, frames)
    angles = np.repeat(2 * np.pi * hertz / RATE, HOP)
    return np.log(hertz), np.cumsum(angles) - angles


def apart(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Radians between phases, whatever the turns."""
    return np.abs(np.angle(np.exp(1j * (one - other))))


def test_a_contour_turns_as_fast_as_it_is_high() -> None:
    log_hertz, phase = glide(50)
    found = contour_phases(log_hertz, RATE, HOP)
    assert found.dtype == np.float32
    assert (found[:, 0] >= 0).all()
    assert (found[:, 0] <= np.float32(2 * np.pi)).all()
    assert apart(found[:, 0], phase[::HOP]).max() < 1e-5
    np.testing.assert_allclose(found[:, 1], 2 * np.pi * np.exp(log_hertz) / RATE, rtol=1e-6)


@pytest.mark.parametrize("off", [0.0, 0.02])
def test_a_recording_has_the_phase_of_its_first_harmonic(off: float) -> None:
    """Also where the contour is off by a third of a semitone."""
    log_hertz, phase = glide(80)
    harmonics = [np.cos(k * (phase + 0.7)) / k for k in range(1, 12)]
    pcm = (6_000 * np.sum(harmonics, axis=0)).astype(np.int16)[:-30]
    contour = Contour((log_hertz + off).astype(np.float32), np.ones(80, bool))
    found = recorded_phases(pcm, contour, RATE, HOP)
    assert found.shape == (80, 2)
    inside = slice(4, -4)  # windows that the recording fills
    assert apart(found[:, 0], phase[::HOP] + 0.7)[inside].max() < 0.1
    # Each frame ends where the next one begins.
    assert apart(found[:-1, 0] + HOP * found[:-1, 1], found[1:, 0]).max() < 1e-3


def test_silence_has_numbers() -> None:
    found = recorded_phases(np.zeros(95, np.int16), Contour(*np.zeros((2, 2))), RATE, HOP)
    assert found.shape == (2, 2)
    assert np.isfinite(found).all()
