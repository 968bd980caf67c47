"""The Gated PixelCNN (van den Oord et al., 2016, arXiv:1606.05328)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import keras
from keras import ops

from genkit.layers.gated import GatedBlock
from genkit.layers.masked import GroupedDense
from genkit.layers.rematerialise import rematerialised
from genkit.models.gated_pixelcnn.conditions import condition_shapes
from genkit.models.gated_pixelcnn.sizes import steering_width
from genkit.models.gated_pixelcnn.spatial import SpatialConditions
from genkit.sampling.decoding import logits_type


@keras.saving.register_keras_serializable(package="genkit")
class GatedPixelCNN(keras.Model):
    """Density of images, pixel by pixel in raster order and colour by colour.

    Args:
        layers, width, first_kernel, kernel, head: sizes, as in the recipe.
        levels: values of a channel, 2 to 256. channels: 1 or 3.
        conditions: shapes of the conditions by name, in the order in which they lie in the vector:
            `(D,)` of a vector, `(h, w, C)` of a map. Empty without conditions.
        spatial: `maps` and `factor` of the network that makes maps of the image's size from the
            conditions (section 2.3), or None where they steer all places alike.
        rematerialise: compute activations again in the backward pass.

    Input: values centred to [-1, 1], `(B, H, W, C)`; the vector `(B, D)` of all conditions; and
    `kept`, `(B, layers, 2 * width)`, the factors of map dropout, or None.
    Output: logits `(B, H, W, C, levels)`.
    """

    def __init__(
        self,
        *,
        layers: int,
        width: int,
        first_kernel: int,
        kernel: int,
        head: int,
        levels: int,
        channels: int,
        conditions: Mapping[str, Sequence[int]] | None = None,
        spatial: Mapping[str, int] | None = None,
        rematerialise: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.sizes = {
            "layers": layers,
            "width": width,
            "first_kernel": first_kernel,
            "kernel": kernel,
            "head": head,
        }
        self.levels, self.channels = levels, channels
        shapes = {name: tuple(shape) for name, shape in (conditions or {}).items()}
        self.conditions, self.steered = shapes, bool(shapes)
        self.rematerialise = rematerialise
        same = {"dtype": self.dtype_policy}
        self.spatial = (
            SpatialConditions(shapes, **spatial, name="spatial", **same)
            if spatial is not None and shapes
            else None
        )
        self.blocks = [
            GatedBlock(
                width,
                kernel if i else first_kernel,
                channels,
                first=i == 0,
                conditional=self.steered,
                name=f"block_{i}",
                **same,
            )
            for i in range(layers)
        ]
        self.hidden = GroupedDense(head, channels, name="hidden", **same)
        # One gate a level would scatter the channels: units are (channel, level), channel first.
        self.logits_map = GroupedDense(channels * levels, channels, name="logits", **same)

    def build(self, input_shape: Any, vector_shape: Any = None) -> None:
        shape = tuple(input_shape)
        if self.spatial is not None:
            self.spatial.build((None, steering_width(self.conditions)), shape)
        given = (None, None, None, self.given_width) if self.steered else None
        for i, block in enumerate(self.blocks):
            maps = shape if i == 0 else (*shape[:-1], self.sizes["width"])
            block.build(maps, maps, given)
        self.hidden.build((*shape[:-1], self.sizes["width"]))
        self.logits_map.build((*shape[:-1], self.sizes["head"]))
        self.built = True

    @property
    def given_width(self) -> int:
        """Width of what each block is steered by."""
        return steering_width(self.conditions) if self.spatial is None else self.spatial.maps

    def given(self, vector: Any) -> Any:
        """What steers the blocks, from the vector of all conditions: `(B, 1, 1, D)`, or with a
        network of maps `(B, H, W, c)`; None without conditions."""
        if not self.steered:
            return None
        vector = ops.cast(vector, self.compute_dtype)
        return vector[:, None, None] if self.spatial is None else self.spatial(vector)

    def call(self, x: Any, vector: Any = None, kept: Any = None, training: bool = False) -> Any:
        given = self.given(vector)
        vertical = horizontal = ops.cast(x, self.compute_dtype)
        for i, block in enumerate(self.blocks):
            run = rematerialised(block) if self.rematerialise and training else block
            dropout = None if kept is None else ops.cast(kept[:, i], self.compute_dtype)
            vertical, horizontal = run(vertical, horizontal, given, dropout)
        return self.head(horizontal)

    def head(self, horizontal: Any) -> Any:
        """Logits `(..., C, levels)`, at least float32, of the last horizontal maps `(..., p)`."""
        maps = self.logits_map(ops.relu(self.hidden(ops.relu(horizontal))))
        shape = (*ops.shape(maps)[:-1], self.channels, self.levels)
        return ops.cast(ops.reshape(maps, shape), logits_type(self.compute_dtype))

    def get_config(self) -> dict[str, Any]:
        own = {
            **self.sizes,
            "levels": self.levels,
            "channels": self.channels,
            "conditions": {name: list(shape) for name, shape in self.conditions.items()},
            "spatial": None if self.spatial is None else self.spatial.sizes,
            "rematerialise": self.rematerialise,
        }
        return {**super().get_config(), **own}


def build_network(recipe: Any) -> GatedPixelCNN:
    """The built network of a recipe."""
    from genkit.learning import policy

    config, data = recipe.model, recipe.data
    height, width, channels = data.image_shape()
    network = GatedPixelCNN(
        layers=config.layers,
        width=config.width,
        first_kernel=config.first_kernel,
        kernel=config.kernel,
        head=config.head,
        levels=data.level_count(),
        channels=channels,
        conditions=condition_shapes(recipe),
        spatial=None if config.spatial is None else config.spatial.model_dump(),
        rematerialise=recipe.train.rematerialise,
        dtype=policy(recipe.train),
        name="gated_pixelcnn",
    )
    network.build((None, height, width, channels))
    return network
