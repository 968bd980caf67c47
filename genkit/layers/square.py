"""Convolutions over all neighbours, as shifted copies and one product.

XLA on a CPU takes longer for the gradients of a convolution, a dilated one above all.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import ops


def shifted_copies(padded: Any, places: Sequence[tuple[int, int]], size: tuple[int, int]) -> Any:
    """What each tap of a kernel sees of every position, side by side.

    Args:
        padded: `(B, H', W', C)`. places: first row and column that each tap sees.
        size: (H, W) of the output.

    Returns:
        `(B, H, W, taps * C)`.
    """
    height, width = size
    taps = [padded[:, r : r + height, c : c + width] for r, c in places]
    return ops.concatenate(taps, axis=-1)


@keras.saving.register_keras_serializable(package="genkit")
class SquareConvolution(keras.Layer):
    """n x n convolution whose taps lie `dilation` apart; zeros outside, the size stays.

    Args:
        units: output maps. kernel: odd n. dilation: distance of neighbouring taps.
        use_bias: add a bias.

    Input: `(B, H, W, C)`. Output: `(B, H, W, units)`.
    """

    def __init__(
        self, units: int, kernel: int, dilation: int = 1, use_bias: bool = True, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        if kernel % 2 == 0:
            raise ValueError(f"kernel must be odd. Received: {kernel}")
        self.units, self.width, self.dilation, self.use_bias = units, kernel, dilation, use_bias

    def build(self, input_shape: Any) -> None:
        fan_in = self.width * self.width * int(input_shape[-1])
        self.kernel = self.add_weight(
            name="kernel",
            shape=(fan_in, self.units),
            initializer=keras.initializers.TruncatedNormal(stddev=fan_in**-0.5),
        )
        if self.use_bias:
            self.bias = self.add_weight(name="bias", shape=(self.units,), initializer="zeros")
        super().build(input_shape)

    def call(self, x: Any) -> Any:
        reach = self.width // 2 * self.dilation
        padded = ops.pad(x, ((0, 0), (reach, reach), (reach, reach), (0, 0)))
        rows, columns = np.multiply(np.divmod(np.arange(self.width**2), self.width), self.dilation)
        places = list(zip(rows.tolist(), columns.tolist(), strict=True))
        size = (int(x.shape[1]), int(x.shape[2]))
        kernel = ops.cast(self.kernel.value, self.compute_dtype)
        out = ops.matmul(shifted_copies(padded, places, size), kernel)
        return out + ops.cast(self.bias.value, self.compute_dtype) if self.use_bias else out

    def get_config(self) -> dict[str, Any]:
        own = {
            "units": self.units,
            "kernel": self.width,
            "dilation": self.dilation,
            "use_bias": self.use_bias,
        }
        return {**super().get_config(), **own}
