"""The Gated PixelCNN (van den Oord et al., 2016, arXiv:1606.05328)."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from genkit.layers.gated import GatedBlock
from genkit.layers.masked import GroupedDense
from genkit.layers.rematerialise import rematerialised
from genkit.sampling.decoding import logits_type


@keras.saving.register_keras_serializable(package="genkit")
class GatedPixelCNN(keras.Model):
    """Density of images, pixel by pixel in raster order and colour by colour.

    Args:
        layers, width, first_kernel, kernel, head: sizes, as in the recipe.
        levels: values of a channel, 2 to 256. channels: 1 or 3.
        classes: number of classes, or None without condition.
        rematerialise: compute activations again in the backward pass.

    Input: values centred to [-1, 1], `(B, H, W, C)`; one-hot classes `(B, classes)`; and
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
        classes: int | None = None,
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
        self.levels, self.channels, self.classes = levels, channels, classes
        self.rematerialise = rematerialise
        same = {"dtype": self.dtype_policy}
        self.blocks = [
            GatedBlock(
                width,
                kernel if i else first_kernel,
                channels,
                first=i == 0,
                conditional=classes is not None,
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
        vector = None if self.classes is None else (None, self.classes)
        for i, block in enumerate(self.blocks):
            maps = shape if i == 0 else (*shape[:-1], self.sizes["width"])
            block.build(maps, maps, vector)
        self.hidden.build((*shape[:-1], self.sizes["width"]))
        self.logits_map.build((*shape[:-1], self.sizes["head"]))
        self.built = True

    def call(self, x: Any, vector: Any = None, kept: Any = None, training: bool = False) -> Any:
        vertical = horizontal = ops.cast(x, self.compute_dtype)
        for i, block in enumerate(self.blocks):
            run = rematerialised(block) if self.rematerialise and training else block
            dropout = None if kept is None else ops.cast(kept[:, i], self.compute_dtype)
            vertical, horizontal = run(vertical, horizontal, vector, dropout)
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
            "classes": self.classes,
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
        classes=data.class_count() if config.condition == "class" else None,
        rematerialise=recipe.train.rematerialise,
        dtype=policy(recipe.train),
        name="gated_pixelcnn",
    )
    network.build((None, height, width, channels))
    return network
