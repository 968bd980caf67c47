"""PixelRNN (van den Oord et al., 2016, arXiv:1601.06759): one network, three kinds of layer."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from genkit.layers.masked import GroupedDense
from genkit.layers.masked_square import MaskedConvolution
from genkit.layers.rematerialise import rematerialised
from genkit.models.pixelrnn.blocks import Block, ConvolutionBlock, DiagonalBlock, RowBlock
from genkit.sampling.decoding import logits_type


@keras.saving.register_keras_serializable(package="genkit")
class PixelRNN(keras.Model):
    """Density of images, pixel by pixel in raster order and colour by colour.

    Args:
        kind: `pixelcnn`, `row` or `diagonal`. layers: blocks behind the first convolution.
        width: h. first_kernel, kernel, state_kernel: odd widths. head, head_layers: of the 1x1
            layers before the softmax. residual, skip: connections of the blocks.
        levels: values of a channel, 2 to 256. channels: 1 or 3.
        given: maps of a picture that steers every block, or None.
        rematerialise: compute activations again in the backward pass.

    Input: values centred to [-1, 1], `(B, H, W, C)`; `(B, H, W, given)` or None; and `kept`,
    `(B, layers, h)`, the factors of map dropout, or None.
    Output: logits `(B, H, W, C, levels)`.
    """

    def __init__(
        self,
        *,
        kind: str,
        layers: int,
        width: int,
        first_kernel: int,
        kernel: int,
        state_kernel: int,
        head: int,
        head_layers: int,
        residual: bool,
        skip: bool,
        levels: int,
        channels: int,
        given: int | None = None,
        rematerialise: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.sizes: dict[str, Any] = {
            "kind": kind,
            "layers": layers,
            "width": width,
            "first_kernel": first_kernel,
            "kernel": kernel,
            "state_kernel": state_kernel,
            "head": head,
            "head_layers": head_layers,
            "residual": residual,
            "skip": skip,
        }
        self.kind, self.width = kind, width
        self.levels, self.channels, self.given = levels, channels, given
        self.rematerialise = rematerialise
        same = {"dtype": self.dtype_policy}
        self.first = MaskedConvolution(2 * width, first_kernel, channels, "A", name="first", **same)
        self.blocks = [self._block(f"block_{i}", same) for i in range(layers)]
        self.hidden = [
            GroupedDense(head, channels, name=f"hidden_{i}", **same) for i in range(head_layers)
        ]
        # One gate a level would scatter the channels: units are (channel, level), channel first.
        self.logits_map = GroupedDense(channels * levels, channels, name="logits", **same)

    def _block(self, name: str, same: dict[str, Any]) -> Block:
        sizes = self.sizes
        common = (self.width, self.channels, sizes["residual"], sizes["skip"], self.given)
        if self.kind == "pixelcnn":
            return ConvolutionBlock(*common, kernel=sizes["kernel"], name=name, **same)
        if self.kind == "row":
            kernels = {"kernel": sizes["kernel"], "state_kernel": sizes["state_kernel"]}
            return RowBlock(*common, **kernels, name=name, **same)
        return DiagonalBlock(*common, name=name, **same)

    def build(self, input_shape: Any, given_shape: Any = None) -> None:
        shape = tuple(input_shape)
        self.first.build(shape)
        for block in self.blocks:
            block.build((*shape[:-1], 2 * self.width))
        inputs = 2 * self.width
        for layer in self.hidden:
            layer.build((*shape[:-1], inputs))
            inputs = layer.units
        self.logits_map.build((*shape[:-1], inputs))
        self.built = True

    def call(self, x: Any, given: Any = None, kept: Any = None, training: bool = False) -> Any:
        maps = self.first(ops.cast(x, self.compute_dtype))
        skipped = []
        for i, block in enumerate(self.blocks):
            run = rematerialised(block) if self.rematerialise and training else block
            dropout = None if kept is None else ops.cast(kept[:, i], self.compute_dtype)
            maps, past = run(maps, given, dropout)
            skipped += [] if past is None else [past]
        return self.head(sum(skipped, maps))

    def head(self, maps: Any) -> Any:
        """Logits `(..., C, levels)`, at least float32, of the last maps `(..., 2h)`."""
        for layer in self.hidden:
            maps = layer(ops.relu(maps))
        maps = self.logits_map(ops.relu(maps))
        shape = (*ops.shape(maps)[:-1], self.channels, self.levels)
        return ops.cast(ops.reshape(maps, shape), logits_type(self.compute_dtype))

    def get_config(self) -> dict[str, Any]:
        own = {
            **self.sizes,
            "levels": self.levels,
            "channels": self.channels,
            "given": self.given,
            "rematerialise": self.rematerialise,
        }
        return {**super().get_config(), **own}


def build_network(
    recipe: Any,
    config: Any,
    shape: tuple[int, int, int],
    given: int | None = None,
    name: str = "pixelrnn",
) -> PixelRNN:
    """The built network of a recipe, with the sizes of `config`, for images of a shape."""
    from genkit.learning import policy

    network = PixelRNN(
        kind=config.kind,
        layers=config.layers,
        width=config.width,
        first_kernel=config.first_kernel,
        kernel=config.kernel,
        state_kernel=config.state_kernel,
        head=config.head,
        head_layers=config.head_layers,
        residual=config.residual,
        skip=config.skip,
        levels=recipe.data.level_count(),
        channels=shape[2],
        given=given,
        rematerialise=recipe.train.rematerialise,
        dtype=policy(recipe.train),
        name=name,
    )
    network.build((None, *shape))
    return network
