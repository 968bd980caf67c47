"""A convolutional network from images to unit vectors (Schroff et al., 2015, arXiv:1503.03832)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
from keras import ops

SMALLEST = 1e-12  # squared length below which a vector has no direction


@keras.saving.register_keras_serializable(package="genkit")
class EmbeddingNetwork(keras.Model):
    """Convolutions of stride 2, a hidden layer, and a point on the unit sphere.

    Args:
        dimensions: of the sphere's space. widths: maps of each 3x3 convolution.
        dense: units of the hidden layer.

    Input: values centred to [-1, 1], `(B, H, W, C)`; and `kept`, `(B, dense)`, the factors of
    dropout, or None. Output: `(B, dimensions)` float32, each of length 1.
    """

    def __init__(
        self, *, dimensions: int, widths: Sequence[int], dense: int, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.sizes = {"dimensions": dimensions, "widths": list(widths), "dense": dense}
        same = {"dtype": self.dtype_policy}
        self.convolutions = [
            keras.layers.Conv2D(
                maps, 3, strides=2, padding="same", activation="relu", name=f"maps_{i}", **same
            )
            for i, maps in enumerate(widths)
        ]
        self.flatten = keras.layers.Flatten(name="flat", **same)
        self.hidden = keras.layers.Dense(dense, activation="relu", name="hidden", **same)
        self.point = keras.layers.Dense(dimensions, name="point", **same)

    def build(self, input_shape: Any) -> None:
        shape = tuple(input_shape)
        for layer in (*self.convolutions, self.flatten, self.hidden, self.point):
            layer.build(shape)
            shape = tuple(layer.compute_output_shape(shape))
        self.built = True

    def call(self, x: Any, kept: Any = None) -> Any:
        maps = ops.cast(x, self.compute_dtype)
        for convolution in self.convolutions:
            maps = convolution(maps)
        units = self.hidden(self.flatten(maps))
        if kept is not None:
            units = units * ops.cast(kept, self.compute_dtype)
        return unit_length(ops.cast(self.point(units), "float32"))

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), **self.sizes}


def unit_length(vectors: Any) -> Any:
    """`(..., D)` vectors, each divided by its length."""
    squares = ops.sum(ops.square(vectors), axis=-1, keepdims=True)
    return vectors * ops.rsqrt(ops.maximum(squares, SMALLEST))


def build_network(recipe: Any) -> EmbeddingNetwork:
    """The built network of a recipe."""
    from genkit.learning import policy

    config = recipe.model
    network = EmbeddingNetwork(
        dimensions=config.dimensions,
        widths=config.widths,
        dense=config.dense,
        dtype=policy(recipe.train),
        name="image_embedding",
    )
    network.build((None, *recipe.data.image_shape()))
    return network
