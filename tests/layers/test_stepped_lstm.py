"""An LSTM stepped and unrolled, against the equations one number at a time."""

from __future__ import annotations

import numpy as np
import pytest
from keras import ops

from genkit.conformance.weights import randomise
from genkit.layers.stepped_lstm import SteppedLSTM
from tests.densities import array

pytestmark = pytest.mark.backends
T, B, N, H = 5, 3, 4, 2


def sigmoid(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-x))


def built() -> SteppedLSTM:
    layer = SteppedLSTM(H)
    layer.build((None, None, N))
    randomise(layer.trainable_variables, 0)
    return layer


def test_unrolled_and_stepped_are_the_equations() -> None:
    layer, draw = built(), np.random.default_rng(0)
    x = draw.normal(size=(T, B, N)).astype(np.float32)
    first = np.zeros((T, B), bool)
    first[0, 1] = first[2, 0] = first[4, 0] = True
    state = draw.normal(size=(B, 2 * H)).astype(np.float32)
    outputs, last = layer(*(ops.convert_to_tensor(a) for a in (x, first, state)))

    kernel, recurrent, bias = (array(w) for w in layer.trainable_variables)
    stepped = state
    for t in range(T):
        stepped = np.where(first[t][:, None], 0, stepped)
        h, c = stepped[:, :H], stepped[:, H:]
        o, f, i, g = np.split(x[t] @ kernel + h @ recurrent + bias, 4, axis=-1)
        c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
        expected = np.concatenate([sigmoid(o) * np.tanh(c), c], axis=-1)
        found = layer.step(ops.convert_to_tensor(x[t]), ops.convert_to_tensor(stepped))
        np.testing.assert_allclose(array(found), expected, atol=1e-5)
        np.testing.assert_allclose(array(outputs)[t], expected[:, :H], atol=1e-5)
        stepped = expected
    np.testing.assert_allclose(array(last), stepped, atol=1e-5)


def test_nothing_passes_a_beginning() -> None:
    layer, draw = built(), np.random.default_rng(1)
    x = draw.normal(size=(T, B, N)).astype(np.float32)
    first = np.zeros((T, B), bool)
    first[3] = True
    state = draw.normal(size=(B, 2 * H)).astype(np.float32)
    other = x.copy()
    other[:3] += 1
    one, _ = layer(*(ops.convert_to_tensor(a) for a in (x, first, state)))
    two, _ = layer(*(ops.convert_to_tensor(a) for a in (other, first, state + 1)))
    np.testing.assert_array_equal(array(one)[3:], array(two)[3:])
    assert not np.allclose(array(one)[:3], array(two)[:3])
