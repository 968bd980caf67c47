"""Log-mel spectrograms of recordings of any length and rate."""

from __future__ import annotations

import numpy as np
import pytest

from genkit.metrics.log_mel import FLOOR, log_mel


@pytest.mark.parametrize("rate", [1_000, 8_000, 16_000, 22_050, 44_100, 96_000])
def test_a_tone_is_loudest_in_its_band_at_any_rate(rate: int) -> None:
    import librosa

    pitch = rate / 10
    tone = 0.5 * np.sin(2 * np.pi * pitch * np.arange(rate) / rate)
    found = log_mel(tone, rate)
    assert found.shape == (101 if rate % 100 == 0 else len(found), 40)
    centres = librosa.mel_frequencies(42, fmin=0.0, fmax=rate / 2)[1:-1]
    loudest = centres[found[20:80].mean(axis=0).argmax()]
    assert abs(np.log(loudest / pitch)) < 0.2
    pcm = np.rint(tone * 32768).astype(np.int16)
    np.testing.assert_allclose(log_mel(pcm, rate), found, atol=0.1)


@pytest.mark.parametrize("length", [1, 100, 256, 257])
def test_short_recordings_are_followed_by_silence(length: int) -> None:
    found = log_mel(np.full(length, 8_000, np.int16), 8_000)
    assert len(found) == 4
    assert np.isfinite(found).all()


def test_silence_has_the_least_value() -> None:
    np.testing.assert_allclose(log_mel(np.zeros(800, np.int16), 8_000), np.log(FLOOR))
    louder = log_mel(np.full(800, 4.0e-3), 8_000)[:, 0] - log_mel(np.full(800, 2.0e-3), 8_000)[:, 0]
    np.testing.assert_allclose(louder, np.log(4.0), atol=0.02)
