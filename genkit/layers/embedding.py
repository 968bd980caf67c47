"""The causal input convolution of a sequence of integer codes."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from genkit.layers.smooth import SmoothCodes

WAVES = 8  # cosines over the codes that initial weights are sums of


@keras.saving.register_keras_serializable(package="genkit")
class CausalEmbedding(keras.Layer):
    """A causal convolution of one-hot codes: each output is a sum of rows of its kernel.

    Args:
        levels: number of codes, which stand for amounts: initial rows of neighbours are alike.
        units: channels. kernel: taps.

    Input: one-hot codes `(B, kernel - 1 + T, levels)`, or anything between them, as gradients
    need; zeros where there is no code. Output: `(B, T, units)`.
    """

    def __init__(self, levels: int, units: int, kernel: int = 1, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if kernel < 1:
            raise ValueError(f"a causal embedding needs at least one tap. Received: {kernel}")
        self.levels, self.units, self.taps = levels, units, kernel

    def build(self, input_shape: Any) -> None:
        self.kernel = self.add_weight(
            name="kernel",
            shape=(self.taps, self.levels, self.units),
            # One row of each tap is added: unit variance of the sum.
            initializer=SmoothCodes(1, WAVES, self.taps**-0.5),
        )
        self.bias = self.add_weight(name="bias", shape=(self.units,), initializer="zeros")
        self.built = True

    def call(self, x: Any) -> Any:
        steps = ops.shape(x)[1] - (self.taps - 1)
        x = ops.cast(x, self.compute_dtype)
        kernel = ops.cast(self.kernel.value, self.compute_dtype)
        out = ops.cast(self.bias.value, self.compute_dtype)
        for tap in range(self.taps):
            out = out + ops.matmul(x[:, tap : tap + steps], kernel[tap])
        return out

    def one_hot(self, codes: Any) -> Any:
        """Codes `(...)` as one-hot `(..., levels)`; the code `levels` stands for none."""
        return ops.one_hot(codes, self.levels, dtype=self.compute_dtype)

    def tables(self) -> list[Any]:
        """A table `(levels + 1, units)` for each tap, the oldest first, the bias in the last
        one; row `levels` is for no code."""
        kernel = ops.cast(self.kernel.value, self.compute_dtype)
        tables = [ops.pad(kernel[tap], ((0, 1), (0, 0))) for tap in range(self.taps)]
        tables[-1] = tables[-1] + ops.cast(self.bias.value, self.compute_dtype)
        return tables

    def get_config(self) -> dict[str, Any]:
        own = {"levels": self.levels, "units": self.units, "kernel": self.taps}
        return {**super().get_config(), **own}
