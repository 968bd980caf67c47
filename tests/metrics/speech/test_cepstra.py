"""Mel-cepstral distortion, against what it must be."""

from __future__ import annotations

import numpy as np
import pytest

from genkit import randomness
from genkit.errors import DataError
from genkit.metrics.speech import cepstra
from genkit.metrics.speech.cepstra import (
    BANDS,
    align,
    distortions,
    mel_cepstra,
    mel_cepstral_distortion,
)

RATE = 16_000


def vowels(durations: list[float], rate: int = RATE) -> np.ndarray:
    """Harmonics of 120 Hz, a formant for each duration in seconds, one after the other."""
    sounds = []
    for number, seconds in enumerate(durations):
        time = np.arange(round(seconds * rate)) / rate
        pitches = 120.0 * np.arange(1, rate // 300)
        levels = 1 / (1 + ((pitches - 500 - 600 * number) / 200) ** 2) + 0.01
        sounds.append((levels[:, None] * np.sin(2 * np.pi * pitches[:, None] * time)).sum(axis=0))
    return 0.05 * np.concatenate(sounds)


WORD = vowels([0.2, 0.3, 0.2])


@pytest.mark.parametrize("warped", [False, True])
def test_the_same_sound_has_no_distortion_however_loud(warped: bool) -> None:
    assert mel_cepstral_distortion(WORD, WORD, RATE, warped) == 0.0
    assert mel_cepstral_distortion(WORD, WORD / 8, RATE, warped) == pytest.approx(0.0, abs=1e-6)
    other = vowels([0.2, 0.3, 0.2])[::-1]
    assert mel_cepstral_distortion(WORD, other, RATE, warped) > 3.0


def test_a_constant_offset_has_the_closed_form() -> None:
    real = randomness.normal(0, "test/cepstra", 0, (7, 24)).astype(np.float64)
    offset = np.zeros(24)
    offset[[2, 9]] = 0.3, -0.4
    np.testing.assert_allclose(
        distortions(real, real + offset), 10 / np.log(10) * np.sqrt(2) * 0.5, rtol=1e-9
    )


def test_distortion_is_the_root_mean_square_difference_of_spectra_in_decibels(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Parseval: log spectra that differ by cosines of the orders 3 and 24 over the bands."""
    axis = np.pi * (np.arange(BANDS) + 0.5) / BANDS
    ripple = 0.4 * np.cos(3 * axis) - 0.7 * np.cos(24 * axis)
    flat = np.full((5, BANDS), 0.5)
    shaped = flat * np.exp(ripple + 1.0)  # the constant is loudness
    found = []
    for power in (flat, shaped):
        monkeypatch.setattr(cepstra, "mel_power", lambda *_, power=power: power)
        found.append(mel_cepstra(WORD, RATE, 80)[0])
    decibels = 10 * np.log10(np.exp(ripple))
    np.testing.assert_allclose(distortions(*found), np.sqrt(np.mean(decibels**2)), rtol=1e-6)


def test_warping_removes_another_tempo() -> None:
    slower = vowels([0.3, 0.35, 0.25])
    paced = mel_cepstral_distortion(WORD, slower, RATE, warped=False)
    warped = mel_cepstral_distortion(WORD, slower, RATE)
    assert warped < 0.5 < 3.0 < paced


def test_frames_without_sound_do_not_count() -> None:
    hum = vowels([0.3])
    hiss = 1e-4 * randomness.normal(0, "test/cepstra", 1, (RATE // 2,))
    real = np.concatenate([hum, np.zeros(RATE // 2)])
    made = np.concatenate([hum, hiss])
    # The frames at the border, 25 ms wide, are heard in both.
    assert mel_cepstral_distortion(real, made, RATE, warped=False) < 0.5
    # In the other direction the hiss is 50 dB below the hum and does not count either.
    assert mel_cepstral_distortion(made, real, RATE, warped=False) < 0.5
    twice = np.concatenate([hum, vowels([0.0, 0.5])])
    assert mel_cepstral_distortion(twice, real, RATE, warped=False) > 3.0


def test_frame_by_frame_the_longer_one_is_cut() -> None:
    longer = np.concatenate([WORD, vowels([0.1, 0.1])[::-1]])
    # Only the last frames of the word hear what follows.
    assert mel_cepstral_distortion(WORD, longer, RATE, warped=False) < 0.5
    assert mel_cepstral_distortion(longer, WORD, RATE, warped=False) < 0.5


def test_frames_and_loudness() -> None:
    found, loudness = mel_cepstra(np.concatenate([WORD, np.zeros(3_201)]), RATE, 160)
    assert found.shape == (-(-(len(WORD) + 3_201) // 160), 24)
    assert loudness.shape == (len(found),)
    assert np.isneginf(loudness[-5:]).all()
    quieter = mel_cepstra(WORD / 10, RATE, 160)[1]
    np.testing.assert_allclose(loudness[:60] - quieter[:60], 20.0, atol=1e-4)


@pytest.mark.parametrize("rate", [8_000, 22_050, 44_100])
def test_other_sample_rates_and_16_bits(rate: int) -> None:
    word = vowels([0.2, 0.3, 0.2], rate)
    pcm = np.rint(32_000 * word / np.abs(word).max()).astype(np.int16)
    assert mel_cepstral_distortion(word, pcm, rate) < 0.2


def test_frames_that_belong_together() -> None:
    slower = vowels([0.3, 0.35, 0.25])
    path = align(WORD, slower, RATE, 160)
    assert path[-1].tolist() == [69, 89]
    # Where the first vowel ends, at 0.2 and at 0.3 s.
    ends = path[np.isin(path[:, 0], (19, 20))]
    assert np.abs(ends[:, 1] - 29.5).min() <= 1


def test_silence_and_nothing_are_refused() -> None:
    for real in (np.zeros(4_000), np.zeros(0)):
        with pytest.raises(DataError, match="no frame to compare"):
            mel_cepstral_distortion(real, WORD, RATE, warped=False)
    with pytest.raises(DataError, match="no frame to compare"):
        mel_cepstral_distortion(np.zeros(4_000), WORD, RATE)
    with pytest.raises(DataError, match="nothing to align"):
        mel_cepstral_distortion(WORD, np.zeros(0), RATE)
    # Silence that was made is as far as can be, not an error.
    assert 3.0 < mel_cepstral_distortion(WORD, np.zeros(4_000), RATE) < 100.0
