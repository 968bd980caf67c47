"""From small maps to maps of an image's size, for conditions that depend on the place."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="genkit")
class MapUpsampling(keras.Model):
    """From small maps to large ones: a deconvolution network.

    A 3x3 convolution, then a transposed convolution for each stride, twice as wide as its stride;
    a ReLU behind each but the last.

    Args:
        maps: c of every layer. strides: of the transposed convolutions.

    Input: `(B, h, w, C)`. Output: `(B, h k, w k, c)`, k the product of the strides.
    """

    def __init__(self, maps: int, strides: Sequence[int], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.maps, self.strides = maps, list(strides)
        same = {"padding": "same", "data_format": "channels_last", "dtype": self.dtype_policy}
        self.enter = keras.layers.Conv2D(maps, 3, name="enter", **same)
        self.steps = [
            keras.layers.Conv2DTranspose(maps, 2 * stride, strides=stride, name=f"step_{i}", **same)
            for i, stride in enumerate(self.strides)
        ]

    def build(self, input_shape: Any) -> None:
        shape = tuple(input_shape)
        self.enter.build(shape)
        height, width = shape[1:3]
        for layer, stride in zip(self.steps, self.strides, strict=True):
            layer.build((shape[0], height, width, self.maps))
            height, width = height * stride, width * stride
        self.built = True

    def call(self, x: Any) -> Any:
        maps = self.enter(ops.cast(x, self.compute_dtype))
        for layer in self.steps:
            maps = layer(ops.relu(maps))
        return maps

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "maps": self.maps, "strides": self.strides}
