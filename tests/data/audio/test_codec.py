"""Codes of sound with emphasis: the way back, pieces one by one, errors that fall."""

from __future__ import annotations

import numpy as np
import pytest

from genkit.data.audio.codec import Codec
from genkit.data.audio.mulaw import decode, encode, pcm_of
from genkit.randomness import normal


def sound(count: int = 4_000) -> np.ndarray:
    """A tone of 200 Hz at 16 kHz and a little noise, int16."""
    tone = 9_000 * np.sin(2 * np.pi * 200 / 16_000 * np.arange(count))
    return (tone + 40 * normal(0, "tests/codec", 0, (count,))).astype(np.int16)


def test_without_emphasis_it_is_the_mu_law() -> None:
    codec, pcm = Codec(256), sound()
    np.testing.assert_array_equal(codec.encode(pcm), encode(pcm, 256))
    codes = codec.encode(pcm)
    np.testing.assert_array_equal(codec.decode(codes), decode(codes, 256))


@pytest.mark.parametrize("emphasis", [0.0, 0.9])
def test_fine_codes_give_the_sound_back(emphasis: float) -> None:
    codec, pcm = Codec(65_536, emphasis), np.stack([sound(), sound()[::-1]])
    found = pcm_of(codec.decode(codec.encode(pcm))).astype(np.int64)
    assert np.abs(found - pcm).max() <= 8


def test_pieces_one_by_one_are_the_whole() -> None:
    codec = Codec(256, 0.9)
    codes = codec.encode(np.stack([sound(), -sound()]))
    state, parts = np.zeros((2, 1)), []
    for piece in np.split(codes, [1, 700, 3_999], axis=1):
        part, state = codec.following(piece, state)
        parts.append(part)
    np.testing.assert_array_equal(np.concatenate(parts, axis=1), codec.decode(codes))


def test_errors_fall_with_frequency() -> None:
    """Codes that are off by chance, as drawn ones are."""
    noise = np.rint(2 * normal(1, "tests/codec", 0, (4_000,))).astype(int)
    powers = []
    for codec in (Codec(256), Codec(256, 0.9)):
        codes = codec.encode(sound())
        error = codec.decode(np.clip(codes + noise, 0, 255)) - codec.decode(codes)
        power = np.abs(np.fft.rfft(error)) ** 2
        powers.append(10 * np.log10(power[1_000:].mean() / power[:200].mean()))
    assert abs(powers[0]) < 3
    assert powers[1] < powers[0] - 15
