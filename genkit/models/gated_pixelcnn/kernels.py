"""The kernels of a Gated PixelCNN, cut and ordered for its step view.

Maps are put in group-major order, so that the filter and gate maps of one colour lie side by
side. The gate half of every gated unit is scaled by 1/2, which is exact, because
sigmoid(x) = (1 + tanh(x / 2)) / 2: one tanh then serves both halves.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from keras import ops

from genkit.layers.colour import group_index
from genkit.layers.masked import group_columns
from genkit.models.gated_pixelcnn.network import GatedPixelCNN


def gate_halved(maps: Any) -> Any:
    """tanh(filter) * sigmoid(gate) of `(..., 2p)` maps whose gate half is already halved."""
    filters, gates = ops.split(ops.tanh(maps), 2, axis=-1)
    return filters * (0.5 * gates + 0.5)


class Groups:
    """Where the colours lie among maps in group-major order."""

    def __init__(self, units: int, colours: int, gates: int = 1) -> None:
        columns = [group_columns(units, colours, gates, g) for g in range(colours)]
        self.order = np.concatenate(columns)
        self.edges = np.cumsum([0, *(len(c) for c in columns)])

    def ordered(self, kernel: Any) -> Any:
        """Columns in group-major order; grey images have nothing to reorder."""
        in_order = np.array_equal(self.order, np.arange(len(self.order)))
        return kernel if in_order else ops.take(kernel, self.order, axis=-1)

    def cut(self, group: int) -> slice:
        return slice(int(self.edges[group]), int(self.edges[group + 1]))

    def size(self, group: int) -> int:
        return int(self.edges[group + 1] - self.edges[group])

    def rest(self, group: int) -> int:
        """How many maps this and the later groups have."""
        return int(self.edges[-1] - self.edges[group])


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
            "first_centre": [
                self._gated(ops.reshape(blocks[0].horizontal.masked_kernel()[-1, :g], (g, -1)))[
                    :, self.gates.cut(g)
                ]
                for g in range(1, self.colours)
            ],
            "across": [self._across(block.horizontal) for block in blocks[1:]],
            "output": [self._dense(block.output_map, self.maps, self.maps) for block in blocks],
            "hidden": self._dense(self.network.hidden, self.maps, self.hidden),
            "logits": self._dense(self.network.logits_map, self.hidden, self.logits),
        }

    def biases(self, batch: int, vector: Any) -> dict[str, Any]:
        """What a condition and the links' biases add to the gates, `(B, 2p)` per layer."""
        across, vertical = [], []
        for block in self.network.blocks:
            dtype = self.network.compute_dtype
            link = self._gated(ops.cast(block.link.bias.value, dtype)[None])
            zeros = ops.zeros((batch, int(link.shape[-1])), dtype)
            if block.condition is None:
                across.append(link + zeros)
                vertical.append(zeros)
                continue
            for_vertical, for_horizontal = block.condition(vector)
            across.append(link + self._gated(for_horizontal))
            vertical.append(for_vertical * self._cast(self.half))
        return {"horizontal": across, "vertical": vertical}

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
        kernel = layer.masked_kernel()
        source = group_index(layer.input_width, self.colours)
        found = []
        for g in range(self.colours):
            # Groups are contiguous among maps without gates.
            rows = slice(*np.flatnonzero(source == g)[[0, -1]] + [0, 1])
            taps = [self._gated(kernel[k, rows]) for k in range(layer.left + 1)]
            centre = taps[-1][:, int(self.gates.edges[g]) :]
            # The tap next to the centre is for the next pixel.
            found.append(ops.concatenate([centre, *reversed(taps[:-1])], axis=-1))
        return found

    def _dense(self, layer: Any, source: Groups, target: Groups) -> list[tuple[Any, Any]]:
        """Per colour g: kernel from its maps to colours >= g, and the bias of colour g."""
        kernel, bias = layer.masked_kernel(), self._cast(layer.bias.value)
        return [
            (kernel[source.cut(g), int(target.edges[g]) :], bias[target.cut(g)])
            for g in range(self.colours)
        ]
