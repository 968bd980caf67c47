"""A feed-forward network that can be run piece by piece."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import keras

from genkit.models.synthetic_gradients.blocks import Block
from genkit.models.synthetic_gradients.config import (
    SyntheticGradientsConfig,
    input_shape,
    output_count,
)


class CutNetwork(keras.Model):
    """Hidden layers and an output layer.

    Args:
        config: the recipe's `model` section. outputs: of the output layer.

    Input `(B, ...)` float32, output `(B, K)` float32: logits, or numbers.
    """

    def __init__(self, config: SyntheticGradientsConfig, outputs: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        aligned = [cut + 1 for cut in config.cuts()] if config.method == "fa" else []
        common: dict[str, Any] = {"normalise": config.normalise, "activation": config.activation}
        self.blocks: list[Block] = []
        for i in range(config.hidden_layers):
            own: dict[str, Any] = {"width": config.width}
            if i < len(config.convolutions):
                convolution = config.convolutions[i]
                own = {"width": convolution.maps, "pool": convolution.pool}
                own["kernel"] = convolution.kernel
            own["feedback"] = i in aligned
            self.blocks.append(Block(**own, **common, name=f"layer_{i}"))
        last = config.hidden_layers
        self.blocks.append(Block(outputs, feedback=last in aligned, name=f"layer_{last}"))
        cuts = config.cuts()
        edges = [0, *[cut + 1 for cut in cuts], len(self.blocks)]
        # Layers of each segment, bottom first; behind a cut of the output the last one is empty.
        self.segments = [range(a, b) for a, b in pairwise(edges)]

    def build(self, shape: Any) -> None:
        shape = tuple(shape)
        self.shapes: list[tuple[int, ...]] = []  # of what each layer gives
        for block in self.blocks:
            block.build(shape)
            shape = _output_shape(block, shape)
            self.shapes.append(shape[1:])
        self.built = True

    def call(self, x: Any, training: bool = False) -> Any:
        return self.run(x, range(len(self.blocks)), training)[0][-1]

    def run(
        self,
        x: Any,
        layers: Sequence[int],
        training: bool,
        probes: Sequence[Any] = (),
        aligned: bool = False,
    ) -> tuple[list[Any], list[list[Any]]]:
        """`x` and what each of some layers gives, and their batch statistics.

        Args:
            x: what the first of them takes. layers: one behind the other.
            training: normalise by the batch.
            probes: zeros, added to what each gives: the slope in them is the error there.
            aligned: errors leave the first layer through its random weights.
        """
        given, statistics = [x], []
        for place, i in enumerate(layers):
            y, found = self.blocks[i](given[-1], training=training, aligned=aligned and place == 0)
            given.append(y + probes[place] if probes else y)
            statistics.append(found)
        return given, statistics

    def segment_weights(self, segment: int) -> list[keras.Variable]:
        """Trained variables of a segment's layers."""
        return [w for i in self.segments[segment] for w in self.blocks[i].trainable_variables]

    def move_averages(
        self, segment: int, statistics: Sequence[list[Any]], chosen: Any = None
    ) -> None:
        """Let the averages of a segment follow a batch, see `Normalisation.move`."""
        for i, found in zip(self.segments[segment], statistics, strict=True):
            normalisation = self.blocks[i].normalisation
            if normalisation is not None:
                normalisation.move(found, chosen)


def _output_shape(block: Block, shape: tuple[Any, ...]) -> tuple[Any, ...]:
    if not block.kernel_size:
        return (None, block.width)
    height, width = (side // block.pool for side in shape[1:3])
    return (None, height, width, block.width)


def build_network(recipe: Any) -> CutNetwork:
    """The built network of a recipe."""
    network = CutNetwork(recipe.model, output_count(recipe.data), name="cut_network")
    network.build((None, *input_shape(recipe.data)))
    return network
