"""Mu-law against its formula and the properties that the paper relies on."""

from __future__ import annotations

import numpy as np
import pytest

from genkit.data.audio.mulaw import decode, edges, encode, pcm_of


def test_codes_of_a_few_values_by_hand() -> None:
    """f(x) = sign(x) ln(1 + 255 |x|) / ln 256; the code is its place among 256."""
    assert encode(np.array([-1.0, 0.0, 1.0])).tolist() == [0, 128, 255]
    half = np.log(1 + 255 * 0.5) / np.log(256)
    assert encode(np.array([0.5])).tolist() == [int((half + 1) / 2 * 255 + 0.5)]
    assert encode(np.array([-32768, 0, 32767], np.int16)).tolist() == [0, 128, 255]
    assert encode(np.array([-5.0, 5.0])).tolist() == [0, 255]


@pytest.mark.parametrize("levels", [2, 3, 16, 256, 1024, 65536])
def test_decoding_undoes_encoding(levels: int) -> None:
    codes = np.arange(levels, dtype=np.int32)
    sound = decode(codes, levels)
    assert (sound.min(), sound.max()) == (-1.0, 1.0)
    assert (np.diff(sound) > 0).all()
    np.testing.assert_array_equal(encode(sound.astype(np.float64), levels), codes)


def test_quiet_sound_is_finer_than_loud_sound() -> None:
    sound = np.linspace(-1, 1, 20_001)
    error = np.abs(decode(encode(sound)) - sound)
    assert error[np.abs(sound) < 0.01].max() < 5e-4
    assert error.max() < 0.025
    assert (error <= 0.025 * np.abs(sound) + 3e-4).all()  # about the same share everywhere


@pytest.mark.parametrize("levels", [2, 16, 256])
def test_edges_are_where_codes_change(levels: int) -> None:
    borders = edges(levels)
    assert borders.shape == (levels - 1,)
    step = 1e-9
    np.testing.assert_array_equal(encode(borders - step, levels), np.arange(levels - 1))
    np.testing.assert_array_equal(encode(borders + step, levels), np.arange(1, levels))


def test_pcm_is_full_scale_and_never_wraps() -> None:
    assert pcm_of(decode(np.array([0, 255]))).tolist() == [-32768, 32767]
    pcm = np.arange(-32768, 32768, 7).astype(np.int16)
    again = pcm_of(decode(encode(pcm, 65536), 65536))
    error = np.abs(again.astype(int) - pcm)
    assert error.max() <= 6  # loud sound has coarser steps even so
    assert error[np.abs(pcm.astype(int)) < 3000].max() <= 1


def test_levels_that_cannot_be() -> None:
    for levels in (1, 65537):
        with pytest.raises(ValueError, match="mu-law has 2 to 65,536 levels"):
            encode(np.zeros(3), levels)
