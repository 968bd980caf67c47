"""A plain LSTM over a sequence, by the loops of `genkit.layers.recurrence`."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from genkit.layers.lstm import ForgetBias
from genkit.layers.recurrence import GATES, recur


class Alone:
    """A cell that reads its own state only."""

    def seen(self, own: Any, states: Any, outside: Any) -> Any:
        return own

    def unseen(self, gradient: Any) -> tuple[Any, Any, Any]:
        nothing = ops.zeros_like(gradient)
        return gradient, nothing, nothing


@keras.saving.register_keras_serializable(package="genkit")
class SequenceLSTM(keras.Layer):
    """One state after the other; before the first it is zero.

    Args:
        units: width h.

    Input: `(B, T, n)`, T known when it is compiled. Output: `(B, T, h)`.
    """

    def __init__(self, units: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.units = units

    def build(self, input_shape: Any) -> None:
        maps = GATES * self.units
        self.kernel = self.add_weight(name="kernel", shape=(int(input_shape[-1]), maps))
        self.state_kernel = self.add_weight(
            name="state_kernel", shape=(self.units, maps), initializer="orthogonal"
        )
        self.bias = self.add_weight(name="bias", shape=(maps,), initializer=ForgetBias())
        self.built = True

    def call(self, x: Any) -> Any:
        dtype = self.compute_dtype
        kernel, state_kernel, bias = (
            ops.cast(weight.value, dtype) for weight in (self.kernel, self.state_kernel, self.bias)
        )
        maps = ops.transpose(ops.matmul(ops.cast(x, dtype), kernel) + bias, (1, 0, 2))
        outside = ops.zeros((*ops.shape(maps)[1:2], 2 * self.units), dtype)
        return ops.transpose(recur(maps, state_kernel, outside, Alone()), (1, 0, 2))

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "units": self.units}
