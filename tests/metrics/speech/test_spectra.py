"""The grid of frames that the measures of speech share, and the spectra on it."""

from __future__ import annotations

import numpy as np
import pytest

from genkit.metrics.speech.spectra import RANGE, centred_frames, frame_count, log_power, mel_power


@pytest.mark.parametrize(("width", "hop"), [(5, 3), (4, 2), (3, 3), (7, 1), (3, 5), (2, 6)])
@pytest.mark.parametrize("length", [0, 1, 5, 6, 7, 20])
def test_frames_lie_around_the_middle_of_their_hop(length: int, width: int, hop: int) -> None:
    sound = np.arange(1, length + 1)
    found = centred_frames(sound, width, hop)
    assert found.shape == (frame_count(length, hop), width)
    for f, frame in enumerate(found):
        first = f * hop - (width - hop) // 2
        places = range(first, first + width)
        assert frame.tolist() == [place + 1 if 0 <= place < length else 0 for place in places]


def test_there_is_a_frame_for_each_audio_sample() -> None:
    assert [frame_count(length, 80) for length in (0, 1, 80, 81, 160)] == [0, 1, 1, 2, 2]


@pytest.mark.parametrize("rate", [1_000, 8_000, 22_050, 48_000])
def test_a_click_is_in_the_frames_that_reach_it(rate: int) -> None:
    click = np.zeros(rate // 2)
    click[rate // 4] = 1.0
    hop = rate // 100
    power = mel_power(click, rate, 0.025, hop, 26).sum(axis=1)
    middles = hop * np.arange(len(power)) + hop / 2
    away = np.abs(middles - rate // 4) / rate
    assert (power[away < 0.011] > 0).all()
    assert (power[away > 0.014] == 0).all()
    assert abs(middles[power.argmax()] - rate // 4) <= hop


def test_a_tone_is_loudest_in_its_band_and_16_bit_sound_is_the_same() -> None:
    tone = 0.5 * np.sin(2 * np.pi * 1_000 * np.arange(8_000) / 16_000)
    power = mel_power(tone, 16_000, 0.025, 160, 26)
    # 1 kHz is 15 mel on librosa's scale, 8 kHz 45.25; band b has its centre at (b + 1) / 27 of it.
    assert power[20].argmax() == round(15 / 45.25 * 27) - 1
    pcm = np.rint(tone * 32768).astype(np.int16)
    np.testing.assert_allclose(mel_power(pcm, 16_000, 0.025, 160, 26)[20, 8], power[20, 8], 1e-3)


def test_loudness_is_a_constant_of_log_power_and_silence_is_a_share_of_it() -> None:
    power = np.array([[1.0, 1e-3], [1e-12, 0.0]])
    found = log_power(power)
    np.testing.assert_allclose(found, np.log(power + RANGE))
    np.testing.assert_allclose(log_power(power / 64), found - np.log(64))
    assert not log_power(np.zeros((3, 2))).any()
    assert log_power(np.zeros((0, 2))).shape == (0, 2)
