"""Masked convolutions of images, each with a parallel view and the pieces of its step view.

`call` sees all positions. The step view of a network is made of the same masked kernels, cut by
colour group: see `genkit.models.gated_pixelcnn.kernels`.
"""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import ops

from genkit.layers.colour import centre_mask, group_index


def gated_initializer() -> keras.initializers.Initializer:
    """Initial kernels of gated units: fan-in scaling with three times the usual variance.

    tanh(f) * sigmoid(g) of unit-variance maps has a standard deviation of 0.34, so that signals
    fade from block to block in a stack without residuals, as the vertical one is.
    """
    return keras.initializers.VarianceScaling(3.0, "fan_in", "truncated_normal")


def group_columns(width: int, groups: int, gates: int, group: int) -> np.ndarray:
    """Positions of the maps of one colour group among `gates * width` maps."""
    return np.flatnonzero(group_index(width, groups, gates) == group)


@keras.saving.register_keras_serializable(package="genkit")
class GroupedDense(keras.Layer):
    """1x1 convolution under a colour mask of kind B: group g sees groups up to g.

    Args:
        units: maps per gate. gates: how many gates share the group layout.
        groups: colour groups; 1 for grey images, where nothing is masked.
        bias_initializer: of Keras.

    Input: `(..., C_in)`. Output: `(..., gates * units)`.
    """

    def __init__(
        self,
        units: int,
        groups: int,
        gates: int = 1,
        bias_initializer: Any = "zeros",
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.units, self.groups, self.gates = units, groups, gates
        self.bias_initializer = keras.initializers.get(bias_initializer)

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        inputs = int(input_shape[-1] or 0)
        self.input_width = inputs
        self.kernel = self.add_weight(name="kernel", shape=(inputs, self.gates * self.units))
        self.bias = self.add_weight(
            name="bias", shape=(self.gates * self.units,), initializer=self.bias_initializer
        )
        self.mask = centre_mask(
            group_index(inputs, self.groups),
            group_index(self.units, self.groups, self.gates),
            "B",
        )
        super().build(input_shape)

    def masked_kernel(self) -> Any:
        """`(C_in, gates * units)`, closed entries zero, in the compute dtype."""
        return ops.cast(self.kernel.value * self.mask, self.compute_dtype)

    def call(self, x: Any) -> Any:
        return ops.matmul(x, self.masked_kernel()) + ops.cast(self.bias, self.compute_dtype)

    def get_config(self) -> dict[str, Any]:
        own = {
            "units": self.units,
            "groups": self.groups,
            "gates": self.gates,
            "bias_initializer": keras.initializers.serialize(self.bias_initializer),
        }
        return {**super().get_config(), **own}


@keras.saving.register_keras_serializable(package="genkit")
class RowConvolution(keras.Layer):
    """1xn masked convolution along a row: n // 2 pixels on the left, and the centre.

    Taps on the left see all colours; the centre tap is masked by colour, A (strictly earlier
    colours; first layer) or B (up to the own colour). Groups repeat inside each gate.

    Args:
        units: maps per gate. kernel: odd width n of the unmasked kernel. groups: colours.
        kind: `A` or `B`. gates: 2 for a gated unit.

    Input: `(batch, height, width, C_in)`. Output: `(batch, height, width, gates * units)`.
    """

    def __init__(
        self, units: int, kernel: int, groups: int, kind: str, gates: int = 2, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        if kernel % 2 == 0:
            raise ValueError(f"kernel must be odd. Received: {kernel}")
        self.units, self.width, self.groups, self.kind, self.gates = (
            units,
            kernel,
            groups,
            kind,
            gates,
        )
        self.left = kernel // 2

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        inputs = int(input_shape[-1] or 0)
        self.input_width = inputs
        self.kernel = self.add_weight(
            name="kernel",
            shape=(self.left + 1, inputs, self.gates * self.units),
            initializer=gated_initializer(),
        )
        centre = centre_mask(
            group_index(inputs, self.groups),
            group_index(self.units, self.groups, self.gates),
            self.kind,
        )
        self.mask = np.concatenate([np.ones((self.left, *centre.shape), np.float32), centre[None]])
        super().build(input_shape)

    def masked_kernel(self) -> Any:
        """`(n // 2 + 1, C_in, gates * units)`, leftmost tap first, in the compute dtype."""
        return ops.cast(self.kernel.value * self.mask, self.compute_dtype)

    def call(self, x: Any) -> Any:
        kernel = self.masked_kernel()
        taps = self.left + 1
        columns = ops.shape(x)[2]
        padded = ops.pad(x, ((0, 0), (0, 0), (self.left, 0), (0, 0)))
        # A product of the stacked shifts is faster under XLA than a convolution.
        stacked = ops.concatenate([padded[:, :, i : i + columns] for i in range(taps)], axis=-1)
        return ops.matmul(stacked, ops.reshape(kernel, (-1, self.gates * self.units)))

    def left_weights(self) -> Any:
        """`((n // 2) * C_in, gates * units)`: taps on earlier pixels, leftmost first."""
        return ops.reshape(self.masked_kernel()[:-1], (-1, self.gates * self.units))

    def get_config(self) -> dict[str, Any]:
        own = {
            "units": self.units,
            "kernel": self.width,
            "groups": self.groups,
            "kind": self.kind,
            "gates": self.gates,
        }
        return {**super().get_config(), **own}


@keras.saving.register_keras_serializable(package="genkit")
class RowsAboveConvolution(keras.Layer):
    """The vertical stack's convolution: this row and n // 2 above, n columns wide.

    An n x n kernel masked to its upper half is the same as this (n // 2 + 1) x n kernel. It
    reads the current row, so whoever uses its output must shift it down by one row.

    Args:
        units: output maps. kernel: odd n.

    Input: `(batch, height, width, C_in)`. Output: `(batch, height, width, units)`.
    """

    def __init__(self, units: int, kernel: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if kernel % 2 == 0:
            raise ValueError(f"kernel must be odd. Received: {kernel}")
        self.units, self.width, self.above = units, kernel, kernel // 2

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        inputs = int(input_shape[-1] or 0)
        self.kernel = self.add_weight(
            name="kernel",
            shape=(self.above + 1, self.width, inputs, self.units),
            initializer=gated_initializer(),
        )
        self.bias = self.add_weight(name="bias", shape=(self.units,), initializer="zeros")
        super().build(input_shape)

    def call(self, x: Any) -> Any:
        padded = ops.pad(x, ((0, 0), (self.above, 0), (0, 0), (0, 0)))
        return self._convolve(padded)

    def step(self, row: Any, above: Any) -> tuple[Any, Any]:
        """One row from the rows above it.

        Args:
            row: `(batch, width, C_in)`, the current row.
            above: `(batch, n // 2, width, C_in)`, the rows above, zeros before the first.

        Returns:
            Output row `(batch, width, units)` and the rows above of the next step.
        """
        rows = ops.concatenate([above, row[:, None]], axis=1)
        return self._convolve(rows)[:, 0], rows[:, 1:]

    def _convolve(self, padded: Any) -> Any:
        padded = ops.pad(padded, ((0, 0), (0, 0), (self.above, self.above), (0, 0)))
        kernel = ops.cast(self.kernel.value, self.compute_dtype)
        out = ops.conv(padded, kernel, padding="valid", data_format="channels_last")
        return out + ops.cast(self.bias.value, self.compute_dtype)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "units": self.units, "kernel": self.width}
