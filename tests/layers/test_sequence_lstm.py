"""A plain LSTM: against Keras' own, forward and backward."""

from __future__ import annotations

import keras
import numpy as np
import pytest
from keras import ops

from genkit import backend
from genkit.layers.sequence_lstm import SequenceLSTM
from genkit.randomness import normal
from tests.densities import array

pytestmark = pytest.mark.backends
UNITS, INPUTS, STEPS = 5, 3, 7


def both() -> tuple[SequenceLSTM, keras.layers.LSTM]:
    ours = SequenceLSTM(UNITS)
    ours.build((None, None, INPUTS))
    for i, variable in enumerate(ours.variables):
        variable.assign(0.7 * normal(1, "tests/lstm", i, tuple(variable.shape)))
    theirs = keras.layers.LSTM(UNITS, return_sequences=True)
    theirs.build((None, None, INPUTS))
    gates = [np.split(array(w), 4, axis=-1) for w in (ours.kernel, ours.state_kernel, ours.bias)]
    # Ours: output, forget, input, content.
    named = [dict(zip("ofic", parts, strict=True)) for parts in gates]
    theirs.set_weights([np.concatenate([own[g] for g in "ifco"], axis=-1) for own in named])
    return ours, theirs


def test_states_and_gradients_are_those_of_keras() -> None:
    ours, theirs = both()
    x = normal(0, "tests/lstm/x", 0, (2, STEPS, INPUTS))
    found = []
    for layer in (ours, theirs):

        def slopes(layer: keras.layers.Layer = layer) -> list[object]:
            (_, states), grads = backend.gradients(
                lambda: (ops.sum(ops.square(layer(x))), layer(x)), layer.trainable_variables
            )
            return [states, *grads]

        found.append([array(part) for part in backend.compile(slopes, layer.variables)()])
    np.testing.assert_allclose(found[0][0], found[1][0], atol=1e-5)
    for own, other in zip(found[0][1:], found[1][1:], strict=True):
        parts = dict(zip("ofic", np.split(own, 4, axis=-1), strict=True))
        reordered = np.concatenate([parts[g] for g in "ifco"], axis=-1)
        np.testing.assert_allclose(reordered, other, rtol=1e-3, atol=1e-4)
