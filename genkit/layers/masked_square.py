"""The masked n x n convolution of PixelRNN, in one piece."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import ops

from genkit.layers.colour import centre_mask, group_index
from genkit.layers.square import shifted_copies


@keras.saving.register_keras_serializable(package="genkit")
class MaskedConvolution(keras.Layer):
    """n x n convolution that sees the rows above and the pixels on the left.

    The centre tap is masked by colour: A (strictly earlier colours; first layer) or B (up to the
    own colour); all other open taps see all colours (van den Oord et al., 2016, arXiv:1601.06759,
    section 3.4). Rows below have no kernel at all.

    A stack of these has a blind spot on the right above (arXiv:1606.05328, figure 1).

    Args:
        units: output maps per gate. kernel: odd n. groups: colours. kind: `A` or `B`.
        gates: how many gates share the layout of the groups.

    Input: `(batch, height, width, C_in)`. Output: `(batch, height, width, gates * units)`.
    """

    def __init__(
        self, units: int, kernel: int, groups: int, kind: str, gates: int = 1, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        if kernel % 2 == 0:
            raise ValueError(f"kernel must be odd. Received: {kernel}")
        if kernel == 1 and kind == "A" and groups == 1:
            raise ValueError("a kernel of width 1 and kind A has no open tap")
        self.units, self.width, self.groups, self.kind = units, kernel, groups, kind
        self.gates, self.outputs = gates, gates * units
        self.reach = kernel // 2
        # In the order of reading, up to the centre.
        self.open_taps = self.reach * kernel + self.reach + 1

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        inputs = int(input_shape[-1] or 0)
        self.input_width = inputs
        self.mask = np.ones((self.reach + 1, self.width, inputs, self.outputs), np.float32)
        self.mask[-1, self.reach] = centre_mask(
            group_index(inputs, self.groups),
            group_index(self.units, self.groups, self.gates),
            self.kind,
        )
        self.mask[-1, self.reach + 1 :] = 0.0
        fan_in = float(self.mask.sum()) / self.outputs
        self.kernel = self.add_weight(
            name="kernel",
            shape=self.mask.shape,
            initializer=keras.initializers.TruncatedNormal(stddev=fan_in**-0.5),
        )
        self.bias = self.add_weight(name="bias", shape=(self.outputs,), initializer="zeros")
        super().build(input_shape)

    def masked_kernel(self) -> Any:
        """`(n // 2 + 1, n, C_in, gates * units)`, the row of the centre last; compute dtype."""
        return ops.cast(self.kernel.value * self.mask, self.compute_dtype)

    def call(self, x: Any) -> Any:
        # Shifted copies and one product: on a CPU the gradients of a convolution take longer.
        side = (self.reach, self.reach)
        padded = ops.pad(x, ((0, 0), (self.reach, 0), side, (0, 0)))
        rows, columns = np.divmod(np.arange(self.open_taps), self.width)
        places = list(zip(rows.tolist(), columns.tolist(), strict=True))
        kernel = ops.reshape(self.masked_kernel(), (-1, self.outputs))
        size = (int(x.shape[1]), int(x.shape[2]))
        out = ops.matmul(
            shifted_copies(padded, places, size), kernel[: self.open_taps * self.input_width]
        )
        return out + ops.cast(self.bias.value, self.compute_dtype)

    def get_config(self) -> dict[str, Any]:
        own = {
            "units": self.units,
            "kernel": self.width,
            "groups": self.groups,
            "kind": self.kind,
            "gates": self.gates,
        }
        return {**super().get_config(), **own}
