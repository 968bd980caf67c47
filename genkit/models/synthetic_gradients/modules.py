"""What is learned at a cut: a gradient, a loss, or an input."""

from __future__ import annotations

import math
from typing import Any

import keras
from keras import ops

from genkit.models.synthetic_gradients.blocks import Block
from genkit.models.synthetic_gradients.config import ModuleConfig


class CutModule(keras.layers.Layer):
    """From activations, and targets where conditioned, to what is told of them.

    `linear` is h A + y B + C, `linear_sigmoid` the same of the sigmoid of h; `mlp` has hidden
    layers. The last layer starts at zero (Jaderberg et al., 2016, arXiv:1608.05343), so that
    nothing is told at first. Batch statistics are those of the batch at hand, always.

    Args:
        config: of the module. shape: of what it gives, without the batch.
        single: it gives one number an item instead.
    """

    def __init__(
        self, config: ModuleConfig, shape: tuple[int, ...], single: bool = False, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.config, self.shape, self.single = config, tuple(shape), single
        self.maps = len(shape) == 3
        kernel = config.kernel if self.maps else 0
        hidden = config.hidden if config.kind == "mlp" else []
        common: dict[str, Any] = {
            "kernel": kernel,
            "normalise": config.normalise,
            "activation": "relu",
        }
        self.hidden = [Block(w, **common, name=f"hidden_{i}") for i, w in enumerate(hidden)]
        self.last = Block(
            1 if single else shape[-1], kernel=0 if single else kernel, zero=True, name="last"
        )
        self.labels: keras.layers.Dense | None = None
        if config.condition:
            width = hidden[0] if hidden else shape[-1]
            start = "glorot_uniform" if hidden else "zeros"
            self.labels = keras.layers.Dense(
                width, use_bias=False, kernel_initializer=start, name="labels"
            )

    def build(self, input_shape: Any, target_width: int) -> None:
        shape = tuple(input_shape)
        for block in self.hidden:
            block.build(shape)
            shape = (*shape[:-1], block.width)
        self.last.build((None, shape[-1]) if self.single else shape)
        if self.labels is not None:
            self.labels.build((None, target_width))
        self.built = True

    def call(self, h: Any, targets: Any) -> Any:
        """`(B, *shape)`, or `(B,)` where single.

        Args:
            h: activations `(B, *shape)`. targets: `(B, K)`.
        """
        if self.config.kind == "linear_sigmoid":
            h = ops.sigmoid(h)
        # The first product sees the targets as well.
        x, told = h, None if self.labels is None else self._spread(self.labels(targets))
        for block in self.hidden:
            x, told = block(x, training=True, told=told)[0], None
        if self.single and self.maps:
            x = ops.mean(x, axis=(1, 2))
        found, _ = self.last(x, training=True, told=told)
        return found[:, 0] if self.single else found

    def _spread(self, told: Any) -> Any:
        """`(B, W)` for each pixel of maps."""
        return ops.reshape(told, (-1, 1, 1, told.shape[-1])) if self.maps else told

    def response(self, h: Any, targets: Any, weights: list[Any]) -> Any:
        """What a linear module would give with other `weights`, in the order of its own."""
        kernel, bias, *labels = weights
        if self.config.kind == "linear_sigmoid":
            h = ops.sigmoid(h)
        found = self.last.product(h, kernel) + bias
        if labels:
            found = found + self._spread(ops.matmul(targets, labels[0]))
        return found


class InputModule(keras.layers.Layer):
    """From an item to what a layer will give of it (a synthetic input).

    Args:
        config: of modules; its hidden layers are dense here. shape: of what the layer gives.
    """

    def __init__(self, config: ModuleConfig, shape: tuple[int, ...], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.shape = tuple(shape)
        common: dict[str, Any] = {"normalise": config.normalise, "activation": "relu"}
        self.hidden = [Block(w, **common, name=f"hidden_{i}") for i, w in enumerate(config.hidden)]
        self.last = Block(math.prod(shape), name="last")

    def build(self, input_shape: Any) -> None:
        shape = tuple(input_shape)
        for block in (*self.hidden, self.last):
            block.build(shape)
            shape = (None, block.width)
        self.built = True

    def call(self, x: Any) -> Any:
        for block in (*self.hidden, self.last):
            x, _ = block(x, training=True)
        return ops.reshape(x, (-1, *self.shape))
