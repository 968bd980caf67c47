"""Conditions that depend on the place: s = m(h) (van den Oord et al., 2016, arXiv:1606.05328,
section 2.3)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import prod
from typing import Any

import keras
from keras import ops

from genkit.layers.map_upsampling import MapUpsampling
from genkit.models.gated_pixelcnn.sizes import flat_and_mapped
from genkit.models.image_density.sizes import prime_factors


@keras.saving.register_keras_serializable(package="genkit")
class SpatialConditions(keras.Model):
    """A deconvolution network from all conditions to maps of the image's size.

    Vectors become small maps by a dense layer, maps are taken as they are; side by side they are
    upsampled.

    Args:
        conditions: shapes by name, in the order in which they lie in the vector.
        maps: of every layer. factor: how much smaller than the image the first maps are.

    Input: `(B, D)`. Output: `(B, H, W, maps)`.
    """

    def __init__(
        self, conditions: Mapping[str, Sequence[int]], maps: int, factor: int, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.shapes = {name: tuple(shape) for name, shape in conditions.items()}
        self.maps, self.sizes = maps, {"maps": maps, "factor": factor}
        same = {"dtype": self.dtype_policy}
        self.upsampling = MapUpsampling(maps, prime_factors(factor), name="upsampling", **same)
        self.flat, self.mapped = flat_and_mapped(self.shapes)
        self._same = same

    def build(self, vector_shape: Any, image_shape: Any) -> None:
        """Args: vector_shape: `(None, D)`. image_shape: `(None, H, W, C)`."""
        factor = self.sizes["factor"]
        self.small = (int(image_shape[1]) // factor, int(image_shape[2]) // factor)
        channels = self.mapped
        if self.flat:
            units = prod(self.small) * self.maps
            self.entry = keras.layers.Dense(units, name="entry", **self._same)
            self.entry.build((None, self.flat))
            channels += self.maps
        self.upsampling.build((None, *self.small, channels))
        self.built = True

    def call(self, vector: Any) -> Any:
        flat, maps = self._cut(ops.cast(vector, self.compute_dtype))
        if flat:
            entry = ops.relu(self.entry(ops.concatenate(flat, axis=-1)))
            maps.insert(0, ops.reshape(entry, (-1, *self.small, self.maps)))
        return self.upsampling(ops.concatenate(maps, axis=-1))

    def _cut(self, vector: Any) -> tuple[list[Any], list[Any]]:
        """The vectors and the maps in a vector of all conditions."""
        flat, maps, start = [], [], 0
        for shape in self.shapes.values():
            piece = vector[:, start : start + prod(shape)]
            start += prod(shape)
            if len(shape) == 1:
                flat.append(piece)
            else:
                maps.append(ops.reshape(piece, (-1, *shape)))
        return flat, maps

    def get_config(self) -> dict[str, Any]:
        shapes = {name: list(shape) for name, shape in self.shapes.items()}
        return {**super().get_config(), "conditions": shapes, **self.sizes}
