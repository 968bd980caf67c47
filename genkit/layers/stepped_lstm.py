"""An LSTM that can be stepped, and unrolled over stretches in which sequences begin anew."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from genkit.layers.lstm import ForgetBias
from genkit.layers.recurrence import GATES, activated, lstm


@keras.saving.register_keras_serializable(package="genkit")
class SteppedLSTM(keras.Layer):
    """One state after the other.

    A state `(B, 2h)` is output and cell side by side; sequences begin with zeros.

    Args:
        units: width h.

    Input: `(T, B, n)`, T known when it is compiled; `(T, B)` bool, true where a sequence begins;
    and the state before. Output: `(T, B, h)`, and the last state.
    """

    def __init__(self, units: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.units = units

    def build(self, input_shape: Any, first_shape: Any = None, state_shape: Any = None) -> None:
        maps = GATES * self.units
        self.kernel = self.add_weight(name="kernel", shape=(int(input_shape[-1]), maps))
        self.state_kernel = self.add_weight(
            name="state_kernel", shape=(self.units, maps), initializer="orthogonal"
        )
        self.bias = self.add_weight(name="bias", shape=(maps,), initializer=ForgetBias())
        self.built = True

    def call(self, x: Any, first: Any, state: Any) -> tuple[Any, Any]:
        # What inputs give to the gates waits for no state: one large product.
        given = ops.matmul(x, self.kernel) + self.bias
        outputs = []
        for t in range(int(x.shape[0])):
            state = ops.where(first[t][:, None], ops.zeros_like(state), state)
            state = self._step(given[t], state)
            outputs.append(state[:, : self.units])
        return ops.stack(outputs), state

    def step(self, x: Any, state: Any) -> Any:
        """The state `(B, 2h)` after inputs `(B, n)`."""
        return self._step(ops.matmul(x, self.kernel) + self.bias, state)

    def _step(self, given: Any, state: Any) -> Any:
        output, cell = ops.split(state, 2, axis=-1)
        gates = activated(given + ops.matmul(output, self.state_kernel))
        return ops.concatenate(lstm(gates, cell), axis=-1)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "units": self.units}
