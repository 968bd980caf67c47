"""Units, blocks and the LSTM over frames, against their equations."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from keras import ops

from genkit.layers.square import SquareConvolution
from genkit.models.vpn.blocks import ResidualBlock, Unit
from genkit.models.vpn.lstm import ConvLSTM
from genkit.models.vpn.network import VPN
from genkit.randomness import normal
from tests import clips
from tests.densities import array

pytestmark = pytest.mark.backends


def numbers(*shape: int) -> np.ndarray:
    return normal(len(shape), "tests/vpn", 0, shape)


def shaken(layer: Any) -> Any:
    for i, variable in enumerate(layer.variables):
        variable.assign(0.5 * normal(1, "tests/weights", i, tuple(variable.shape)))
    return layer


def sigmoid(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-x))


@pytest.mark.parametrize("dilation", [1, 2, 3])
def test_a_square_convolution_is_that_of_keras(dilation: int) -> None:
    layer = SquareConvolution(5, 3, dilation)
    layer.build((None, 6, 7, 2))
    shaken(layer)
    x = numbers(2, 6, 7, 2)
    kernel = ops.reshape(layer.kernel.value, (3, 3, 2, 5))
    wanted = ops.conv(x, kernel, padding="same", dilation_rate=dilation,
                      data_format="channels_last") + layer.bias.value  # fmt: skip
    np.testing.assert_allclose(array(layer(x)), array(wanted), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("groups", [None, 1])
def test_a_multiplicative_unit_is_its_equations(groups: int | None) -> None:
    """g1, g2, g3 = sigmoid(W_k * h), u = tanh(W_4 * h), MU(h) = g1 tanh(g2 h + g3 u)."""
    unit = Unit(4, "multiplicative", groups=groups)
    unit.build((None, 5, 6, 4))
    shaken(unit)
    h, added = numbers(2, 5, 6, 4), numbers(2, 1, 1, 16)
    gates = array(unit.convolution(h)) + added
    g1, g2, g3 = (sigmoid(gates[..., 4 * k : 4 * k + 4]) for k in range(3))
    wanted = g1 * np.tanh(g2 * h + g3 * np.tanh(gates[..., 12:]))
    np.testing.assert_allclose(array(unit(h, added)), wanted, rtol=1e-5, atol=1e-6)


def test_a_block_adds_its_input_and_steers_both_units() -> None:
    block = ResidualBlock(4, "multiplicative", conditions=3, context=2)
    block.build((None, 5, 6, 8))
    shaken(block)
    maps, vector, context = numbers(2, 5, 6, 8), numbers(2, 3), numbers(2, 5, 6, 2)
    first, second = block.added(vector)
    core = array(block.reduce(maps)) + array(block.entry(context))
    core = array(block.pair[1](block.pair[0](core, first), second))
    wanted = maps + array(block.expand(core))
    np.testing.assert_allclose(array(block(maps, vector, context)), wanted, rtol=1e-5, atol=1e-5)
    assert np.abs(array(first) - array(second)).max() > 0.01


@pytest.mark.parametrize("peepholes", [False, True])
def test_the_lstm_over_frames_is_its_equations(peepholes: bool) -> None:
    layer = ConvLSTM(3, 3, peepholes)
    layer.build((None, 4, 5, 6, 2))
    shaken(layer)
    x = numbers(2, 4, 5, 6, 2)
    state, cell = np.zeros((2, 2, 5, 6, 3))
    found = array(layer(x))
    for t in range(4):
        gates = array(layer.inputs(x[:, t])) + array(layer.states(state.astype(np.float32)))
        if peepholes:
            weights = array(layer.peephole.value)
            gates[..., :9] += np.concatenate([cell * weights[k] for k in range(3)], axis=-1)
        o, f, i = (sigmoid(gates[..., 3 * k : 3 * k + 3]) for k in range(3))
        cell = f * cell + i * np.tanh(gates[..., 9:])
        state = o * np.tanh(cell)
        np.testing.assert_allclose(found[:, t], state, rtol=1e-4, atol=1e-5)


def test_frames_one_by_one_are_frames_at_once() -> None:
    layer = ConvLSTM(3, 3, True)
    layer.build((None, 4, 5, 6, 2))
    shaken(layer)
    x = numbers(2, 4, 5, 6, 2)
    state, whole = layer.begin(2, 5, 6), array(layer(x))
    for t in range(4):
        state = layer.step(x[:, t], state)
        np.testing.assert_allclose(array(state[0]), whole[:, t], rtol=1e-5, atol=1e-6)


def test_the_network_is_an_ordinary_keras_model(tmp_path: Path) -> None:
    network = clips.learner(model={"entry": "every", "peepholes": True}).networks["network"]
    network.save(tmp_path / "network.keras")
    again = keras.saving.load_model(tmp_path / "network.keras")
    assert isinstance(again, VPN)
    x = numbers(2, 4, 6, 6, 1)
    np.testing.assert_allclose(array(again(x)), array(network(x)), rtol=1e-6, atol=1e-6)


def test_activations_computed_again_change_nothing() -> None:
    plain = clips.learner()
    again = clips.fresh(train={"rematerialise": True}, randomised=True)
    batch = plain.feed("train", 0).batch(0)
    ready = {"video": batch["video"], "vector": plain.vectors(batch)}
    np.testing.assert_allclose(array(plain.loss(ready)[0]), array(again.loss(ready)[0]), rtol=1e-6)
