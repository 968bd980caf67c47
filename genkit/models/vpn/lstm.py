"""The convolutional LSTM over frames (Shi et al., 2015, arXiv:1506.04214)."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from genkit.layers.recurrence import GATES, activated, lstm
from genkit.layers.square import SquareConvolution

State = tuple[Any, Any]


@keras.saving.register_keras_serializable(package="genkit")
class ConvLSTM(keras.Layer):
    """Gates see the input and the last state through n x n convolutions.

    What inputs give is one product for all frames; the loop over frames is unrolled, since videos
    have few. The step view takes the same kernels.

    Args:
        units: maps h of the state. kernel: odd n. peepholes: output, forget and input gates also
            see their own place of the last cell, by a weight a map.

    Input: `(B, T, H, W, C)`. Output: `(B, T, H, W, h)`, the state behind each frame.
    """

    def __init__(self, units: int, kernel: int = 3, peepholes: bool = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.units, self.width, self.peepholes = units, kernel, peepholes
        same = {"dtype": self.dtype_policy}
        self.inputs = SquareConvolution(GATES * units, kernel, name="inputs", **same)
        self.states = SquareConvolution(
            GATES * units, kernel, use_bias=False, name="states", **same
        )

    def build(self, input_shape: Any) -> None:
        _, _, height, width, channels = tuple(input_shape)
        self.inputs.build((None, height, width, channels))
        self.states.build((None, height, width, self.units))
        if self.peepholes:
            self.peephole = self.add_weight(
                name="peephole", shape=(GATES - 1, self.units), initializer="zeros"
            )
        self.built = True

    def call(self, x: Any) -> Any:
        batch, count, height, width, channels = (int(n) for n in x.shape)
        flat = self.inputs(ops.reshape(x, (batch * count, height, width, channels)))
        maps = ops.reshape(flat, (batch, count, height, width, GATES * self.units))
        state, found = self.begin(batch, height, width), []
        for t in range(count):
            state = self._cell(maps[:, t], state)
            found.append(state[0])
        return ops.stack(found, axis=1)

    def begin(self, batch: int, height: int, width: int) -> State:
        """State and cell before the first frame: zeros."""
        zeros = ops.zeros((batch, height, width, self.units), self.compute_dtype)
        return zeros, zeros

    def step(self, x: Any, state: State) -> State:
        """State and cell behind one more frame `(B, H, W, C)`."""
        return self._cell(self.inputs(x), state)

    def _cell(self, maps: Any, state: State) -> State:
        gates = maps + self.states(state[0])
        if self.peepholes:
            gates = gates + self._seen(state[1])
        return lstm(activated(gates), state[1])

    def _seen(self, cell: Any) -> Any:
        weights = ops.cast(self.peephole.value, self.compute_dtype)
        parts = [cell * weights[i] for i in range(GATES - 1)]
        return ops.concatenate([*parts, ops.zeros_like(cell)], axis=-1)

    def get_config(self) -> dict[str, Any]:
        own = {"units": self.units, "kernel": self.width, "peepholes": self.peepholes}
        return {**super().get_config(), **own}
