"""Contours of pitch: of tones and glides whose pitch is known, and how they are compared."""

from __future__ import annotations

import time

import numpy as np
import pytest

from genkit import randomness
from genkit.errors import UsageError
from genkit.metrics.speech.cepstra import align
from genkit.metrics.speech.contours import Contour, ContourErrors, contour_errors, filled, log_f0


def voice(pitch: np.ndarray, rate: int) -> np.ndarray:
    """Harmonics of a pitch `(T,)` in Hz, the higher the softer, in some noise."""
    phase = 2 * np.pi * np.cumsum(pitch) / rate
    orders = np.arange(1, 25)[:, None]
    heard = orders * pitch < 0.45 * rate
    noise = randomness.normal(0, "test/contours", 0, pitch.shape)
    return 0.1 * (heard * np.sin(orders * phase) / orders).sum(axis=0) + 3e-4 * noise


def glide(low: float, high: float, seconds: float, rate: int) -> np.ndarray:
    return low * (high / low) ** np.linspace(0, 1, round(seconds * rate))


def at_frames(values: np.ndarray, hop: int) -> np.ndarray:
    frames = -(-len(values) // hop)
    return values[np.minimum(hop * np.arange(frames) + hop // 2, len(values) - 1)]


@pytest.mark.parametrize(("rate", "hop"), [(8_000, 40), (16_000, 80), (22_050, 256)])
@pytest.mark.parametrize("ends", [(70, 70), (111, 111), (370, 370), (90, 180), (320, 120)])
def test_tones_and_glides(rate: int, hop: int, ends: tuple[int, int]) -> None:
    pitch = glide(*ends, 0.8, rate)
    found, voiced = log_f0(voice(pitch, rate), rate, hop)
    assert found.dtype == np.float32
    assert voiced.dtype == bool
    error = np.abs(found - np.log(at_frames(pitch, hop)))
    assert found.shape == voiced.shape == error.shape
    assert voiced.mean() > 0.95
    assert np.median(error) < 0.01
    assert np.percentile(error[voiced], 95) < 0.03


def test_frames_are_where_they_are_said_to_be() -> None:
    """Such a glide is 1.8 % further on after 10 ms: what is late is off by it."""
    pitch = glide(110, 226, 0.4, 16_000)
    for hop in (16, 160, 640):
        found, voiced = log_f0(voice(pitch, 16_000), 16_000, hop)
        inside = slice(len(found) // 5, -(len(found) // 5))
        error = (found - np.log(at_frames(pitch, hop)))[inside]
        assert voiced[inside].all()
        assert abs(np.mean(error)) < 0.006


def test_gaps_are_unvoiced_and_bridged() -> None:
    rate, hop = 16_000, 160
    hiss = 0.02 * randomness.normal(0, "test/contours", 1, (rate // 2,))
    first, last = (voice(np.full(rate // 2, hertz), rate) for hertz in (100.0, 200.0))
    found, voiced = log_f0(np.concatenate([hiss, first, hiss, last, hiss]), rate, hop)
    assert len(found) == 250
    spoken = np.repeat([False, True, False, True, False], 50)
    assert np.mean(voiced != spoken) < 0.1
    np.testing.assert_allclose(found[:45], np.log(100), atol=0.02)
    np.testing.assert_allclose(found[-45:], np.log(200), atol=0.02)
    gap = found[110:140].astype(float)
    np.testing.assert_allclose(np.diff(gap), np.log(2) / 50, atol=0.006)


def test_integers_and_ranges() -> None:
    sound = voice(np.full(8_000, 150.0), 16_000)
    pcm = np.rint(sound * 32767).astype(np.int16)
    assert log_f0(pcm, 16_000, 80).voiced.mean() > 0.9
    # Out of range: not that pitch.
    assert not np.isclose(log_f0(sound, 16_000, 80, low=200).log_f0, np.log(150), atol=0.05).any()
    for low, high in ((20, 400), (400, 60), (60, 1_500)):
        with pytest.raises(UsageError, match=f"Received: {low} to {high}"):
            log_f0(sound, 16_000, 80, low, high)


@pytest.mark.parametrize("length", [0, 1, 79, 81, 530, 532, 700, 4_000])
def test_silence_and_short_recordings(length: int) -> None:
    for sound in (np.zeros(length), 0.1 * np.ones(length, np.float32)):
        found, voiced = log_f0(sound, 16_000, 80)
        assert found.shape == voiced.shape == (-(-length // 80),)
        assert np.isfinite(found).all()
    assert not log_f0(np.zeros(length), 16_000, 80).voiced.any()
    np.testing.assert_allclose(log_f0(np.zeros(length), 16_000, 80).log_f0, np.log(120))
    noise = randomness.normal(0, "test/contours", 2, (length,))
    assert np.isfinite(log_f0(noise, 16_000, 80).log_f0).all()


def test_a_second_takes_a_moment() -> None:
    """0.04 s a second of audio where nothing else runs."""
    sound = voice(glide(90, 250, 10.0, 16_000), 16_000)
    log_f0(sound[:8_000], 16_000, 80)  # compiles
    began = time.process_time()
    log_f0(sound, 16_000, 80)
    assert time.process_time() - began < 1.5


def test_filled() -> None:
    values = np.array([9.0, 1.0, 9.0, 9.0, 4.0, 9.0])
    voiced = np.array([False, True, False, False, True, False])
    np.testing.assert_allclose(filled(values, voiced), [1, 1, 2, 3, 4, 4])
    np.testing.assert_allclose(filled(values, np.zeros(6, bool)), np.log(120))
    assert filled(np.zeros(0), np.zeros(0, bool)).shape == (0,)


def contour(hertz: list[float], voiced: list[int]) -> Contour:
    return Contour(np.log(np.array(hertz, np.float32)), np.array(voiced, bool))


REAL = contour([100, 110, 120, 130, 140], [1, 1, 1, 0, 0])


def test_errors_have_closed_forms() -> None:
    assert contour_errors(REAL, REAL) == ContourErrors(0.0, pytest.approx(1.0), 0.0, 5, 3)
    # A semitone up, one frame of five is voiced in one only; what is unvoiced has any pitch.
    up = contour([100, 110, 120, 130, 999], [1, 1, 0, 0, 0])
    up = Contour(up.log_f0 + np.float32(np.log(2) / 12), up.voiced)
    found = contour_errors(REAL, up)
    assert found.rmse_cents == pytest.approx(100.0, rel=1e-4)
    assert found.correlation == pytest.approx(1.0)
    assert (found.voicing_error, found.frames, found.both_voiced) == (pytest.approx(0.2), 5, 2)
    falling = contour([120, 110, 100, 130, 140], [1, 1, 1, 0, 0])
    found = contour_errors(REAL, falling)
    assert found.correlation == pytest.approx(-1.0, abs=0.01)
    octave = 1200 * np.log2(120 / 100)
    assert found.rmse_cents == pytest.approx(octave * np.sqrt(2 / 3), rel=1e-4)


def test_what_cannot_be_told_is_not_a_number() -> None:
    silent = contour([120] * 5, [0] * 5)
    found = contour_errors(REAL, silent)
    assert np.isnan([found.rmse_cents, found.correlation]).all()
    assert found.voicing_error == pytest.approx(0.6)
    flat = contour_errors(REAL, contour([100] * 5, [1] * 5))
    assert np.isnan(flat.correlation)
    assert flat.rmse_cents > 0
    nothing = contour_errors(REAL, contour([], []))
    assert np.isnan([nothing.rmse_cents, nothing.correlation, nothing.voicing_error]).all()
    assert nothing.frames == 0


def test_lengths_that_differ_are_cut_or_aligned() -> None:
    twice = Contour(REAL.log_f0.repeat(2), REAL.voiced.repeat(2))
    assert contour_errors(REAL, twice).frames == 5
    assert contour_errors(REAL, twice).rmse_cents > 50
    path = np.stack([np.arange(10) // 2, np.arange(10)], axis=1)
    assert contour_errors(REAL, twice, path) == ContourErrors(0.0, pytest.approx(1.0), 0.0, 10, 6)


def test_a_slower_recording_has_the_same_contour_once_it_is_aligned() -> None:
    rate, hop = 16_000, 160
    vowel = [np.sin(np.arange(8) * 0.4 * k) ** 2 for k in (1, 2, 3)]

    def said(seconds: float) -> np.ndarray:
        pitch = np.concatenate([glide(110, 170, seconds, rate), glide(170, 120, seconds, rate)])
        phase = 2 * np.pi * np.cumsum(pitch) / rate
        place = np.linspace(0, 2, len(pitch))
        levels = [np.interp(place, range(3), [each[h] for each in vowel]) for h in range(8)]
        return 0.1 * sum(level * np.sin((h + 1) * phase) for h, level in enumerate(levels))

    one, other = said(0.35), said(0.5)
    contours = log_f0(one, rate, hop), log_f0(other, rate, hop)
    aligned = contour_errors(*contours, align(one, other, rate, hop))
    assert aligned.rmse_cents < 40 < 100 < contour_errors(*contours).rmse_cents
    assert aligned.correlation > 0.97
