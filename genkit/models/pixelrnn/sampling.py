"""The step view of a PixelRNN: first layer, blocks and head, pixel by pixel, colour by colour."""

from __future__ import annotations

from typing import Any

from keras import ops

from genkit.layers.indexing import at
from genkit.models.pixelrnn.cells import KINDS
from genkit.models.pixelrnn.network import PixelRNN
from genkit.sampling.raster.colours import (
    Groups,
    Pending,
    dense_by_colour,
    first_by_colour,
    joined,
    kernel_by_colour,
)
from genkit.sampling.raster.rows import column


class PixelRNNSteps:
    """The `PixelSteps` of a PixelRNN; the layers themselves are in `genkit.models.pixelrnn.cells`.

    Args:
        network: the built network. shape: of the images.
        picture: of the vector, the maps that steer every block, `(B, H, W, given)`; for networks
            with such maps.
    """

    def __init__(self, network: PixelRNN, shape: tuple[int, int, int], picture: Any = None) -> None:
        self.network, self.shape, self.levels = network, shape, network.levels
        self.dtype = network.compute_dtype
        self.picture = picture
        self.cells = KINDS[network.kind](network, shape[1])
        colours, units = network.channels, network.width
        self.wide = Groups(2 * units, colours)
        self.hidden = Groups(network.sizes["head"], colours)
        self.scores = Groups(colours * network.levels, colours)
        self.reach = network.first.reach

    def begin(self, batch: int, vector: Any) -> tuple[Any, Any]:
        state = {
            "values": ops.zeros((batch, self.reach, *self.shape[1:]), self.dtype),
            "cells": self.cells.begin(batch),
        }
        fixed = {"kernels": self._prepare(), "cells": self.cells.prepare()}
        if self.picture is not None:
            fixed["given"] = self._given(self.picture(vector))
            state["row"] = ops.zeros((), "int32")
        return fixed, state

    def _prepare(self) -> dict[str, Any]:
        network = self.network
        kernel = network.first.masked_kernel()
        left = ops.reshape(kernel[-1, : self.reach], (-1, 2 * network.width))
        layers = [*network.hidden, network.logits_map]
        widths = [self.wide, *[self.hidden] * len(network.hidden), self.scores]
        return {
            "first_above": kernel[:-1],
            "first_bias": ops.cast(network.first.bias.value, self.dtype),
            "first_left": left,
            "first_centre": first_by_colour(kernel[-1, self.reach], self.wide, self.wide.ordered),
            "output": [self._output(block, 0) for block in network.blocks],
            "skip": self._skips() if network.sizes["skip"] else [],
            "head": [
                dense_by_colour(layer, source, target)
                for layer, source, target in zip(layers, widths, widths[1:], strict=False)
            ],
        }

    def _output(self, block: Any, gate: int) -> list[tuple[Any, Any]]:
        """The way back of a block, gate 0, or past the later blocks, gate 1, by colour."""
        layer, wide = block.output_map, 2 * self.network.width
        part = slice(gate * wide, (gate + 1) * wide)
        bias = ops.cast(layer.bias.value, self.dtype)[part]
        kernel = layer.masked_kernel()[:, part]
        return kernel_by_colour(kernel, bias, self.cells.maps, self.wide)

    def _skips(self) -> list[tuple[Any, Any]]:
        """What goes past the later blocks is one product of the maps of all blocks side by side,
        behind the last of them, per colour."""
        blocks = [self._output(block, 1) for block in self.network.blocks]
        return [
            (ops.concatenate([kernel for kernel, _ in parts], axis=0), sum(b for _, b in parts))
            for parts in zip(*blocks, strict=True)
        ]

    def _given(self, maps: Any) -> Any:
        """What the picture adds to each layer, `(H, L, W, B, n)`."""
        added = [self.cells.given_order(block.condition(maps)) for block in self.network.blocks]
        return ops.transpose(ops.stack(added), (2, 0, 3, 1, 4))

    def _given_row(self, fixed: Any, state: Any) -> Any:
        return 0.0 if self.picture is None else at(fixed["given"], state["row"])

    def above(self, fixed: Any, state: Any) -> Any:
        values, kernels = state["values"], fixed["kernels"]
        side = (self.reach, self.reach)
        padded = ops.pad(values, ((0, 0), (0, 0), side, (0, 0)))
        first = ops.conv(
            padded, kernels["first_above"], padding="valid", data_format="channels_last"
        )
        given = self._given_row(fixed, state)
        return {
            "first": first[:, 0] + kernels["first_bias"],
            "cells": self.cells.above(fixed["cells"], state["cells"], given),
        }

    def start(self, fixed: Any, above: Any) -> Any:
        batch = int(above["first"].shape[0])
        return {
            "values": ops.zeros((batch, self.reach, self.network.channels), self.dtype),
            "first": column(above["first"], 0),
            "cells": self.cells.start(fixed["cells"], above["cells"]),
        }

    def pixel(self, fixed: Any, above: Any, carry: Any) -> PixelRNNPixel:
        return PixelRNNPixel(self, fixed, above, carry)

    def memory(self, batch: int) -> Any:
        return self.cells.memory(batch)

    def remember(self, memory: Any, trail: Any, column: Any) -> Any:
        return self.cells.remember(memory, trail, column)

    def below(self, fixed: Any, state: Any, row: Any, memory: Any) -> Any:
        values = ops.concatenate([state["values"][:, 1:], row[:, None]], axis=1)
        given = self._given_row(fixed, state)
        cells = self.cells.below(fixed["cells"], state["cells"], memory, given)
        found = {"values": values, "cells": cells}
        if self.picture is not None:
            found["row"] = state["row"] + 1
        return found


class PixelRNNPixel:
    """One pixel, colour by colour."""

    def __init__(self, steps: PixelRNNSteps, fixed: Any, above: Any, carry: Any) -> None:
        self.steps, self.kernels = steps, fixed["kernels"]
        self.known_above, self.carry = above, carry
        self.cells = steps.cells.pixel(fixed["cells"], above["cells"], carry["cells"])
        values = ops.reshape(carry["values"], (int(carry["values"].shape[0]), -1))
        self.first = carry["first"] + ops.matmul(values, self.kernels["first_left"])
        self.outer = [Pending() for _ in steps.network.blocks]
        self.past = Pending()
        self.head = [Pending() for _ in self.kernels["head"]]
        self.known: list[Any] = []

    def know(self, colour: int, value: Any) -> None:
        self.known.append(value)

    def logits(self, colour: int) -> Any:
        steps, g = self.steps, colour
        maps = self._first(g)
        found = []
        for layer in range(len(steps.network.blocks)):
            maps, core = self._block(layer, g, maps)
            found.append(core)
        if steps.network.sizes["skip"]:
            kernel, bias = self.kernels["skip"][g]
            product = ops.matmul(joined(found), kernel)
            maps = maps + self.past.take(product, steps.wide.size(g)) + bias
        cuts = [*[steps.hidden] * len(steps.network.hidden), steps.scores]
        for layer, cut in enumerate(cuts):
            kernel, bias = self.kernels["head"][layer][g]
            product = ops.matmul(ops.relu(maps), kernel)
            maps = self.head[layer].take(product, cut.size(g)) + bias
        return maps

    def _first(self, g: int) -> Any:
        known = self.first[:, self.steps.wide.cut(g)]
        if not g:
            return known
        return known + ops.matmul(joined(self.known), self.kernels["first_centre"][g - 1])

    def _block(self, layer: int, g: int, maps: Any) -> tuple[Any, Any]:
        """The maps behind a block, and those of its layer."""
        kernel, bias = self.kernels["output"][layer][g]
        core = self.cells.core(layer, g, maps)
        out = self.outer[layer].take(ops.matmul(core, kernel), self.steps.wide.size(g)) + bias
        return (out + maps if self.steps.network.sizes["residual"] else out), core

    def finish(self, values: Any, following: Any) -> tuple[Any, Any]:
        cells, trail = self.cells.finish(following)
        seen = ops.concatenate([self.carry["values"][:, 1:], values[:, None]], axis=1)
        first = column(self.known_above["first"], following)
        return {"values": seen, "first": first, "cells": cells}, trail
