"""An LSTM that says symbols, and what predicts the gradient at the end of a window."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from genkit.layers.lstm import ForgetBias


class Memory(keras.layers.Layer):
    """A step of an LSTM (Keras' own cell has random state of its own, which checkpoints would
    have to name).

    Args:
        units: of what is said and of what is remembered.
    """

    def __init__(self, units: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.units = units

    def build(self, input_shape: Any) -> None:
        shape = (4, self.units)
        seen = (input_shape[-1], 4 * self.units)
        self.kernel = self.add_weight(shape=seen, initializer="glorot_uniform", name="kernel")
        self.recurrent = self.add_weight(
            shape=(self.units, 4 * self.units), initializer="orthogonal", name="recurrent"
        )
        self.bias = self.add_weight(shape=shape, initializer=ForgetBias(), name="bias")
        self.built = True

    def call(self, x: Any, state: Any) -> Any:
        """The next state `(B, 2 units)`, of inputs `(B, D)`: what is said, what is remembered."""
        h, c = ops.split(state, 2, axis=-1)
        sums = ops.matmul(x, self.kernel) + ops.matmul(h, self.recurrent)
        gates = ops.split(sums + ops.reshape(self.bias, (-1,)), 4, axis=-1)
        enter, keep, say = (ops.sigmoid(gates[i]) for i in (0, 1, 3))
        c = keep * c + enter * ops.tanh(gates[2])
        return ops.concatenate([say * ops.tanh(c), c], axis=-1)


class Speaker(keras.Model):
    """An LSTM and an output layer.

    Args:
        units: of the LSTM. inputs: width of an input. outputs: classes.
    """

    def __init__(self, units: int, inputs: int, outputs: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.units, self.inputs_width = units, inputs
        self.memory = Memory(units, name="memory")
        self.out = keras.layers.Dense(outputs, name="out")

    def build(self, input_shape: Any) -> None:
        del input_shape
        self.memory.build((None, self.inputs_width))
        self.out.build((None, self.units))
        self.built = True

    def call(self, x: Any, state: Any) -> tuple[Any, Any]:
        """A step.

        Args:
            x: `(B, D)`. state: `(B, 2 units)`, what is said and what is remembered.

        Returns:
            Logits `(B, K)` and the next state.
        """
        state = self.memory(x, state)
        return self.out(state[:, : self.units]), state

    def window(self, inputs: Any, state: Any) -> tuple[Any, Any]:
        """Logits `(T, B, K)` of steps `(T, B, D)`, and the state behind them."""
        said = []
        for step in range(inputs.shape[0]):
            logits, state = self(inputs[step], state)
            said.append(logits)
        return ops.stack(said), state


class Bridge(keras.layers.Layer):
    """From a state to the gradient of all that comes after it, and to the bridge's own word a
    window later (the auxiliary prediction of future gradients), which shares its hidden layer.

    Both start at zero.

    Args:
        hidden: units of the hidden layer; 0 for none. width: of a state.
        auxiliary: predict the word a window later as well.
    """

    def __init__(self, hidden: int, width: int, auxiliary: bool, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.width = width
        dense = keras.layers.Dense
        # Not ReLUs: while gradients are noise, saying nothing at all pays, and all of them die.
        self.hidden = dense(hidden, activation="tanh", name="hidden") if hidden else None
        self.slope = dense(width, kernel_initializer="zeros", name="slope")
        self.later = dense(width, kernel_initializer="zeros", name="later") if auxiliary else None

    def build(self, input_shape: Any) -> None:
        shape = tuple(input_shape)
        if self.hidden is not None:
            self.hidden.build(shape)
            shape = (None, self.hidden.units)
        self.slope.build(shape)
        if self.later is not None:
            self.later.build(shape)
        self.built = True

    def call(self, state: Any) -> tuple[Any, Any]:
        """The gradient, and the word a window later or zeros, `(B, width)` each."""
        x = state if self.hidden is None else self.hidden(state)
        later = ops.zeros_like(state) if self.later is None else self.later(x)
        return self.slope(x), later

    def word(self, state: Any) -> Any:
        """The gradient that is told of a state: a constant, whoever differentiates."""
        return ops.stop_gradient(self(ops.stop_gradient(state))[0])


def distance(told: Any, wanted: Any) -> Any:
    """Mean over items `(B, width)` of the squared distance to what was wanted, a constant."""
    return ops.mean(ops.sum(ops.square(told - ops.stop_gradient(wanted)), axis=-1))
