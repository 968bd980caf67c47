"""Upsampling of frames: transposed convolutions in NumPy, and what a sample depends on."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest

from genkit.conformance.weights import randomise
from genkit.layers.upsampling import SLOPE, Upsampling
from tests.sequences import array, numbers

CLOSE = {"rtol": 1e-4, "atol": 1e-5}
FEATURES, FRAMES = 3, 5
CASES: list[dict[str, Any]] = [
    {"strides": (4,)},
    {"strides": (2, 3), "halo": 1},
    {"strides": (2, 1, 2), "halo": 2},
    {"strides": (2, 2), "learned": False},
    {"strides": (3,), "halo": 1, "learned": False},
]


def upsampling(**settings: Any) -> Upsampling:
    """A built layer."""
    layer = Upsampling(**{"channels": 16, **settings})
    layer.build((None, None, FEATURES))
    randomise(layer.variables, 1)
    return layer


def frames_of(layer: Upsampling, batch: int = 2) -> np.ndarray:
    return numbers("frames", batch, FRAMES + 2 * layer.halo, FEATURES)


def transposed(x: np.ndarray, kernel: np.ndarray, bias: np.ndarray, stride: int) -> np.ndarray:
    """A transposed convolution: every entry adds the kernel `(width, from, to)`, multiplied by
    it, at its own place."""
    batch, count, _ = x.shape
    width, _, channels = kernel.shape
    found = np.zeros((batch, (count - 1) * stride + width, channels)) + bias
    for i in range(count):
        for k in range(width):
            found[:, i * stride + k] += x[:, i] @ kernel[k]
    return found


def by_hand(layer: Upsampling, frames: np.ndarray) -> np.ndarray:
    """The mix of the halo, of which only whole sums are kept, then stride by stride."""
    halo, channels = layer.halo, layer.channels
    # The first tap of the mix is the frame `halo` before: it adds to the one `halo` after it.
    taps = array(layer.mix.kernel).reshape(2 * halo + 1, FEATURES, channels)[::-1]
    x = transposed(frames, taps, array(layer.mix.bias), 1)[:, 2 * halo : 2 * halo + FRAMES]
    for dense, stride in zip(layer.maps, layer.strides, strict=False):
        kernel = array(dense.kernel).reshape(channels, stride, channels).transpose(1, 0, 2)
        x = transposed(np.maximum(x, SLOPE * x), kernel, np.zeros(channels), stride)
        x += np.tile(array(dense.bias).reshape(stride, channels), (x.shape[1] // stride, 1))
    return x if layer.learned else x[:, np.arange(FRAMES * layer.hop) // layer.hop]


@pytest.mark.backends
@pytest.mark.parametrize("settings", CASES, ids=str)
def test_it_is_a_chain_of_transposed_convolutions(settings: Any) -> None:
    layer = upsampling(**settings)
    frames = frames_of(layer)
    found = array(layer(frames))
    assert found.shape == (2, FRAMES * layer.hop, 16)
    np.testing.assert_allclose(found, by_hand(layer, frames), **CLOSE)


@pytest.mark.parametrize("settings", CASES, ids=str)
def test_a_sample_depends_on_its_frame_and_the_halo_alone(settings: Any) -> None:
    """Each frame is changed in a row of its own."""
    layer = upsampling(**settings)
    given = frames_of(layer, batch=1)
    count = given.shape[1]
    change = np.eye(count + 1, count, dtype=np.float32)[..., None]
    found = array(layer(given + change))
    moved = np.abs(found[:-1] - found[-1:]).max(axis=-1) > 0
    # Frame f stands at f + halo.
    own = np.arange(FRAMES * layer.hop) // layer.hop
    away = np.arange(count)[:, None] - layer.halo - own
    np.testing.assert_array_equal(moved, np.abs(away) <= layer.halo)


@pytest.mark.parametrize("settings", CASES, ids=str)
def test_stretches_one_by_one_are_the_whole(settings: Any) -> None:
    layer = upsampling(**settings)
    frames = frames_of(layer)
    pieces = [(0, 1), (1, 4), (4, FRAMES)]
    found = [array(layer(frames[:, start : stop + 2 * layer.halo])) for start, stop in pieces]
    np.testing.assert_allclose(
        np.concatenate(found, axis=1), array(layer(frames)), rtol=1e-5, atol=1e-6
    )


def test_repeated_frames_have_no_weights_but_those_of_the_mix() -> None:
    layer = upsampling(channels=4, strides=(2, 3), halo=1, learned=False)
    assert layer.count_params() == 3 * FEATURES * 4 + 4
    steps = array(layer(frames_of(layer))).reshape(2, FRAMES, 6, 4)
    np.testing.assert_array_equal(steps, np.repeat(steps[:, :, :1], 6, axis=2))
    assert np.abs(np.diff(steps[:, :, 0], axis=1)).max() > 0


def test_learned_samples_of_a_frame_differ() -> None:
    layer = upsampling(strides=(2, 3))
    steps = array(layer(frames_of(layer))).reshape(2, FRAMES, 6, 16)
    assert np.abs(np.diff(steps, axis=2)).max(axis=-1).min() > 0


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"strides": ()}, r"strides >= 1 and a halo >= 0. Received: \[\], 0"),
        ({"strides": (2, 0)}, r"Received: \[2, 0\], 0"),
        ({"strides": (2,), "halo": -1}, r"Received: \[2\], -1"),
    ],
)
def test_sizes_that_cannot_be(settings: Any, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        Upsampling(4, **settings)


@pytest.mark.parametrize("settings", CASES[1:4], ids=str)
def test_it_comes_back_from_its_configuration(settings: Any) -> None:
    layer = upsampling(**settings)
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(layer))
    assert isinstance(again, Upsampling)
    assert again.get_config() == layer.get_config()
    for mine, theirs in zip(again.variables, layer.variables, strict=True):
        assert mine.path.split("/", 1)[1:] == theirs.path.split("/", 1)[1:]
        mine.assign(theirs)
    frames = frames_of(layer)
    np.testing.assert_array_equal(array(again(frames)), array(layer(frames)))


def test_no_channel_ever_dies() -> None:
    """What a plain rectifier does where training turns a condition down before it knows it."""
    layer = Upsampling(4, (2, 3), halo=0)
    layer.build((None, None, FEATURES))
    layer.mix.bias.assign(np.full(4, -50.0, np.float32))
    frames = frames_of(layer)
    assert np.ptp(array(layer(frames)), axis=(0, 1)).min() > 1e-3


def test_harmonics_turn_by_the_angle_of_their_frame() -> None:
    """Beside learned channels, which hear of the amplitude and not of the phase."""
    layer, plain = (Upsampling(4, (2, 3), halo=1, harmonics=h) for h in (2, 0))
    layer.build((None, None, FEATURES + 2))
    plain.build((None, None, FEATURES))
    randomise(layer.variables, 1)
    for own, other in zip(layer.variables, plain.variables, strict=True):
        other.assign(own.value)
    frames = numbers("frames", 2, FRAMES + 2, FEATURES + 2)
    found = array(layer(frames))
    assert found.shape == (2, FRAMES * 6, layer.outputs)
    np.testing.assert_allclose(found[..., :4], array(plain(frames[..., :-2])), **CLOSE)
    amplitude, phase, angle = frames[:, 1:-1, -3:].transpose(2, 0, 1).astype(np.float64)
    turned = (phase[..., None] + angle[..., None] * np.arange(6)).reshape(2, -1)
    loud = np.repeat(amplitude, 6, axis=1)
    waves = [f(k * turned) for f in (np.cos, np.sin) for k in (1, 2)]
    np.testing.assert_allclose(found[..., 4:], loud[..., None] * np.stack(waves, -1), **CLOSE)
    saved = Upsampling.from_config(layer.get_config())
    assert (saved.harmonics, saved.outputs) == (2, 8)


def test_harmonics_of_a_frame_are_its_own() -> None:
    layer = Upsampling(2, (2, 2), halo=1, harmonics=1)
    layer.build((None, None, FEATURES))
    randomise(layer.variables, 1)
    frames = numbers("frames", 1, FRAMES + 2, FEATURES)
    changed = frames.copy()
    changed[:, 3, 1:] += 1.0
    moved = np.abs(array(layer(changed)) - array(layer(frames))).max(axis=(0, 2)) > 0
    np.testing.assert_array_equal(moved, np.arange(FRAMES * 4) // 4 == 2)
