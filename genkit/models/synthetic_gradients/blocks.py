"""Layers of the network that is cut: a product, batch normalisation, an activation."""

from __future__ import annotations

import math
from typing import Any

import keras
from keras import ops

MOMENTUM = 0.99  # of the moving averages of batch statistics
EPSILON = 1e-5
ACTIVATIONS = {"relu": ops.relu, "tanh": ops.tanh, "linear": lambda x: x}


class Normalisation(keras.layers.Layer):
    """Batch normalisation over all axes but the last, whose averages are moved by the caller.

    Keras' own moves them by itself, also where an update is left out or a gradient only looked at.
    """

    def build(self, input_shape: Any) -> None:
        shape = (input_shape[-1],)

        def weight(name: str, start: str, trainable: bool) -> Any:
            return self.add_weight(
                shape=shape, initializer=start, trainable=trainable, name=name, dtype="float32"
            )

        self.scale = weight("scale", "ones", True)
        self.shift = weight("shift", "zeros", True)
        self.mean = weight("mean", "zeros", False)
        self.variance = weight("variance", "ones", False)
        self.built = True

    def call(self, x: Any, training: bool = False) -> tuple[Any, list[Any]]:
        """Normalised `x`, and mean and variance of the batch, or nothing where averages serve."""
        if not training:
            return self._by(x, self.mean.value, self.variance.value), []
        mean, variance = ops.moments(x, axes=list(range(len(x.shape) - 1)))
        statistics = [ops.stop_gradient(mean), ops.stop_gradient(variance)]
        return self._by(x, mean, variance), statistics

    def _by(self, x: Any, mean: Any, variance: Any) -> Any:
        return (x - mean) * (ops.rsqrt(variance + EPSILON) * self.scale) + self.shift

    def move(self, statistics: list[Any], chosen: Any = None) -> None:
        """Let the averages follow a batch, unless `chosen`, a bool scalar, is false."""
        share = 1.0 - MOMENTUM
        if chosen is not None:
            share = share * ops.cast(chosen, "float32")
        for variable, now in zip((self.mean, self.variance), statistics, strict=True):
            variable.assign(variable.value + share * (now - variable.value))


class Block(keras.layers.Layer):
    """A dense layer, or a convolution and a maximum over squares; normalised, activated.

    Args:
        width: units or maps.
        kernel: of a convolution; 0 for a dense layer, which takes maps flattened.
        pool: side of the squares whose maximum is taken.
        normalise: batch normalisation instead of a bias.
        activation: `relu`, `tanh` or `linear`.
        feedback: keep fixed random weights that errors may go back through instead of the
            layer's own (feedback alignment, Lillicrap et al., 2016).
        zero: the kernel starts at zero.
    """

    def __init__(
        self,
        width: int,
        *,
        kernel: int = 0,
        pool: int = 1,
        normalise: bool = False,
        activation: str = "linear",
        feedback: bool = False,
        zero: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.width, self.kernel_size, self.pool = width, kernel, pool
        self.activation = activation
        self.normalisation = Normalisation(name="normalisation") if normalise else None
        self.with_feedback, self.zero = feedback, zero

    def build(self, input_shape: Any) -> None:
        flat = math.prod(input_shape[1:])
        shape: tuple[int, ...] = (flat, self.width)
        if self.kernel_size:
            shape = (self.kernel_size, self.kernel_size, input_shape[-1], self.width)
        start = "he_normal" if self.activation == "relu" else "glorot_normal"
        initial = "zeros" if self.zero else start
        self.kernel = self.add_weight(shape=shape, initializer=initial, name="kernel")
        self.feedback = None
        if self.with_feedback:
            self.feedback = self.add_weight(
                shape=shape, initializer=start, trainable=False, name="feedback"
            )
        self.bias = None
        if self.normalisation is None:
            self.bias = self.add_weight(shape=(self.width,), initializer="zeros", name="bias")
        else:
            self.normalisation.build((None, self.width))
        self.built = True

    def call(
        self, x: Any, training: bool = False, aligned: bool = False, told: Any = None
    ) -> tuple[Any, list[Any]]:
        """What the layer gives, and the batch statistics of its normalisation.

        Args:
            x: `(B, ...)`. training: normalise by the batch.
            aligned: errors go back through the random weights.
            told: added to the product, `(B, ..., width)`; None for nothing.
        """
        if not self.kernel_size:
            x = ops.reshape(x, (-1, math.prod(x.shape[1:])))
        y = self.product(x, self.kernel.value)
        if aligned and self.feedback is not None:
            # The same value; its slope in x is that of the random weights, in the kernel its own.
            by_kernel = self.product(ops.stop_gradient(x), self.kernel.value)
            through = self.product(x, self.feedback.value)
            y = by_kernel + (through - ops.stop_gradient(through))
        if told is not None:
            y = y + told
        statistics: list[Any] = []
        if self.normalisation is not None:
            y, statistics = self.normalisation(y, training=training)
        if self.bias is not None:
            y = y + self.bias
        y = ACTIVATIONS[self.activation](y)
        if self.pool > 1:
            y = ops.max_pool(y, self.pool, strides=self.pool, padding="valid")
        return y, statistics

    def product(self, x: Any, kernel: Any) -> Any:
        return ops.conv(x, kernel, padding="same") if self.kernel_size else ops.matmul(x, kernel)
