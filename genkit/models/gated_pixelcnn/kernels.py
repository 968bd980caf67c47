"""The kernels of a Gated PixelCNN, cut and ordered for its step view.

Maps are put in group-major order, so that the filter and gate maps of one colour lie side by
side. The gate half of every gated unit is scaled by 1/2, which is exact, because
sigmoid(x) = (1 + tanh(x / 2)) / 2: one tanh then serves both halves.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from keras import ops

from genkit.models.gated_pixelcnn.network import GatedPixelCNN
from genkit.sampling.raster.colours import (
    Groups,
    dense_by_colour,
    first_by_colour,
    taps_by_colour,
)


def gate_halved(maps: Any) -> Any:
    """tanh(filter) * sigmoid(gate) of `(..., 2p)` maps whose gate half is already halved."""
    filters, gates = ops.split(ops.tanh(maps), 2, axis=-1)
    return filters * (0.5 * gates + 0.5)


class Kernels:
    """Cuts the kernels of one network."""

    def __init__(self, network: GatedPixelCNN) -> None:
        self.network = network
        colours, width = network.channels, network.sizes["width"]
        self.colours = colours
        self.gates = Groups(width, colours, 2)
        self.maps = Groups(width, colours)
        self.hidden = Groups(network.sizes["head"], colours)
        self.logits = Groups(colours * network.levels, colours)
        half = np.concatenate([np.ones(width, np.float32), np.full(width, 0.5, np.float32)])
        self.half = half
        self.half_ordered = half[self.gates.order]

    def prepare(self) -> dict[str, Any]:
        """All kernels, ready for the loop."""
        blocks = self.network.blocks
        return {
            "vertical": [self._vertical(block.vertical) for block in blocks],
            "link": [self._link(block.link.kernel) for block in blocks],
            "first_left": self._gated(blocks[0].horizontal.left_weights()),
            "first_centre": first_by_colour(
                blocks[0].horizontal.masked_kernel()[-1], self.gates, self._gated
            ),
            "across": [self._across(block.horizontal) for block in blocks[1:]],
            "output": [dense_by_colour(block.output_map, self.maps, self.maps) for block in blocks],
            "hidden": dense_by_colour(self.network.hidden, self.maps, self.hidden),
            "logits": dense_by_colour(self.network.logits_map, self.hidden, self.logits),
        }

    def biases(self, batch: int, given: Any) -> dict[str, Any]:
        """What holds for all places: the links' biases, and what conditions add to the gates where
        they do not depend on the place; `(B, 2p)` per layer.

        Args:
            given: `(B, 1, 1, D)`, or None.
        """
        across, vertical = [], []
        for block in self.network.blocks:
            dtype = self.network.compute_dtype
            link = self._gated(ops.cast(block.link.bias.value, dtype)[None])
            zeros = ops.zeros((batch, int(link.shape[-1])), dtype)
            if given is None:
                across.append(link + zeros)
                vertical.append(zeros)
                continue
            for_vertical, for_horizontal = (part[:, 0, 0] for part in block.condition(given))
            across.append(link + self._gated(for_horizontal))
            vertical.append(for_vertical * self._cast(self.half))
        return {"horizontal": across, "vertical": vertical}

    def steering(self) -> dict[str, Any]:
        """Kernels from maps that steer: to the gates of the vertical stack, all layers side by
        side, `(c, L * 2p)`; and of each layer, behind the link's, `(2p + c, 2p)`."""
        across, vertical = [], []
        for block in self.network.blocks:
            for_vertical, for_horizontal = ops.split(
                self._cast(block.condition.kernel.value), 2, axis=-1
            )
            link = self._link(block.link.kernel)
            across.append(ops.concatenate([link, self._gated(for_horizontal)], axis=0))
            vertical.append(for_vertical * self._cast(self.half))
        return {"horizontal": across, "vertical": ops.concatenate(vertical, axis=-1)}

    def _cast(self, array: np.ndarray) -> Any:
        return ops.cast(array, self.network.compute_dtype)

    def _gated(self, kernel: Any) -> Any:
        """Columns of gated units in group-major order, gates halved."""
        return self.gates.ordered(kernel) * self._cast(self.half_ordered)

    def _vertical(self, layer: Any) -> tuple[Any, Any]:
        """Kernel and bias; the stack has no colours, so its maps keep their order."""
        half = self._cast(self.half)
        return self._cast(layer.kernel.value) * half, self._cast(layer.bias.value) * half

    def _link(self, kernel: Any) -> Any:
        # It reads maps whose gates are halved already.
        whole = self._gated(self._cast(kernel.value))
        return whole / self._cast(self.half)[:, None]

    def _across(self, layer: Any) -> list[Any]:
        """Per colour g: from its maps to colours >= g of this pixel, then to the next pixels."""
        return taps_by_colour(layer.masked_kernel(), layer.input_width, self.gates, self._gated)
