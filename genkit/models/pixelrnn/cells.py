"""The layers of PixelRNN pixel by pixel: what rows above give, what is known on the left.

Arrays of all layers lie in one: `(L, W, B, n)` for a row, `(L, B, n)` for a pixel, so that what
does not wait for the pixel is one batched product over layers. Gates are in group-major order and
halved where a sigmoid follows (`activated_halved`).
"""

from __future__ import annotations

from typing import Any

from keras import ops

from genkit.layers.recurrence import GATES, HALF, activated_halved, each_gate, lstm
from genkit.models.pixelrnn.network import PixelRNN
from genkit.models.pixelrnn.pixels import ConvolutionPixel, DiagonalPixel, RowPixel
from genkit.sampling.raster.across import stacked
from genkit.sampling.raster.colours import (
    Groups,
    dense_by_colour,
    joined,
    taps_by_colour,
)
from genkit.sampling.raster.rows import column, put_column


class Cells:
    """Common part. Layers are counted by L, maps of a layer by h.

    Args:
        network: the built network. width: W of the images.
    """

    # Maps per h of the term that a given picture adds to, as in the network's blocks.
    gates = GATES

    def __init__(self, network: PixelRNN, width: int) -> None:
        self.network, self.columns = network, width
        self.blocks, self.layers = network.blocks, len(network.blocks)
        self.units, self.dtype = network.width, network.compute_dtype
        colours = network.channels
        self.maps = Groups(self.units, colours)
        self.wide = Groups(2 * self.units, colours)
        self.cuts = Groups(self.units, colours, self.gates)
        half = HALF if self.gates == GATES else (1.0,)
        self.half = each_gate(half, self.units)[self.cuts.order]

    def ordered(self, kernel: Any) -> Any:
        """Columns of gates in group-major order, halved where a sigmoid follows."""
        kernel = self.cuts.ordered(ops.cast(kernel, self.dtype))
        return kernel * ops.cast(self.half, self.dtype) if self.gates == GATES else kernel

    def zeros(self, batch: int, units: int) -> Any:
        """A row of all layers."""
        return ops.zeros((self.layers, self.columns, batch, units), self.dtype)

    def row_product(self, maps: Any, kernel: Any) -> Any:
        """`(L, W, B, n)` times `(L, n, m)`."""
        layers, columns, batch, inputs = maps.shape
        flat = ops.matmul(ops.reshape(maps, (layers, columns * batch, inputs)), kernel)
        return ops.reshape(flat, (layers, columns, batch, int(kernel.shape[-1])))

    def neighbours(self, row: Any, width: int) -> Any:
        """`(L, W, B, width * n)`: each pixel's maps and those around it, zeros beside the row."""
        side = width // 2
        padded = ops.pad(row, ((0, 0), (side, side), (0, 0), (0, 0)))
        taps = [padded[:, k : k + self.columns] for k in range(width)]
        return ops.concatenate(taps, axis=-1)

    def prepare(self) -> dict[str, Any]:
        """Kernels."""
        raise NotImplementedError

    def initial(self) -> Any:
        """Learned states and cells outside of the image, `(L, ...)`, of the recurrent kinds."""
        return stacked(ops.cast(one.lstm.initial.value, self.dtype) for one in self.blocks)

    def given_order(self, maps: Any) -> Any:
        """What a given picture adds, `(..., n)` in the network's order, in that of the cells."""
        return self.ordered(maps)

    def begin(self, batch: int) -> dict[str, Any]:
        """The state before the first row."""
        raise NotImplementedError

    def above(self, kernels: Any, state: Any, given: Any) -> dict[str, Any]:
        """What a row takes from the rows above; `given` is what a picture adds, or 0."""
        raise NotImplementedError

    def start(self, kernels: Any, above: Any) -> dict[str, Any]:
        """The carry before the first pixel."""
        raise NotImplementedError

    def pixel(self, kernels: Any, above: Any, carry: Any) -> Any:
        """One pixel: `core(layer, colour, maps)`, then `finish(following)`."""
        raise NotImplementedError

    def memory(self, batch: int) -> dict[str, Any]:
        raise NotImplementedError

    def remember(self, memory: Any, trail: Any, i: Any) -> dict[str, Any]:
        return {name: put_column(memory[name], trail[name], i) for name in memory}

    def below(self, kernels: Any, state: Any, memory: Any, given: Any) -> dict[str, Any]:
        """The state of the next row; `given` as in `above`, of the finished row."""
        raise NotImplementedError


class ConvolutionCells(Cells):
    """PixelCNN: the rows of the kernel above are one product a row."""

    gates = 1

    def __init__(self, network: PixelRNN, width: int) -> None:
        super().__init__(network, width)
        self.kernel = network.sizes["kernel"]
        self.reach = self.kernel // 2

    def prepare(self) -> dict[str, Any]:
        kernels = [block.convolution.masked_kernel() for block in self.blocks]
        rows = self.reach * self.kernel * self.units
        return {
            "above": stacked(ops.reshape(k[:-1], (rows, self.units)) for k in kernels),
            "bias": stacked(ops.cast(b.convolution.bias.value, self.dtype) for b in self.blocks),
            "reduce": [dense_by_colour(b.reduce, self.wide, self.maps) for b in self.blocks],
            "across": [
                taps_by_colour(k[-1, : self.reach + 1], self.units, self.maps, self.maps.ordered)
                for k in kernels
            ],
        }

    def begin(self, batch: int) -> dict[str, Any]:
        return {"rows": tuple(self.zeros(batch, self.units) for _ in range(self.reach))}

    def above(self, kernels: Any, state: Any, given: Any) -> dict[str, Any]:
        seen = joined([self.neighbours(row, self.kernel) for row in state["rows"]])
        known = self.row_product(seen, kernels["above"]) + kernels["bias"][:, None, None]
        return {"known": known + given}

    def start(self, kernels: Any, above: Any) -> dict[str, Any]:
        batch = int(above["known"].shape[2])
        none = ops.zeros((batch, self.units), self.dtype)
        return {
            "known": column(above["known"], 0),
            "left": tuple((none,) * self.reach for _ in range(self.layers)),
        }

    def pixel(self, kernels: Any, above: Any, carry: Any) -> ConvolutionPixel:
        return ConvolutionPixel(self, kernels, above, carry)

    def memory(self, batch: int) -> dict[str, Any]:
        return {"maps": self.zeros(batch, self.units)}

    def below(self, kernels: Any, state: Any, memory: Any, given: Any) -> dict[str, Any]:
        return {"rows": (*state["rows"][1:], memory["maps"])}


class RowCells(Cells):
    """Row LSTM: one row of states and cells is carried."""

    def __init__(self, network: PixelRNN, width: int) -> None:
        super().__init__(network, width)
        self.reach = network.sizes["kernel"] // 2
        self.state_width = network.sizes["state_kernel"]

    def prepare(self) -> dict[str, Any]:
        lstms = [block.lstm for block in self.blocks]
        return {
            "above": stacked(self.ordered(one.state_kernel()) for one in lstms),
            "bias": stacked(self.ordered(one.bias.value) for one in lstms),
            "initial": self.initial(),
            "across": [
                taps_by_colour(
                    one.input_to_state.masked_kernel(), 2 * self.units, self.cuts, self.ordered
                )
                for one in lstms
            ],
        }

    def begin(self, batch: int) -> dict[str, Any]:
        initial = self.initial()
        shape = (self.layers, self.columns, batch, self.units)
        start = [ops.broadcast_to(initial[:, i, None, None], shape) for i in range(2)]
        return {"states": start[0], "cells": start[1]}

    def above(self, kernels: Any, state: Any, given: Any) -> dict[str, Any]:
        seen = self.neighbours(state["states"], self.state_width)
        known = self.row_product(seen, kernels["above"]) + kernels["bias"][:, None, None]
        return {"known": known + given, "cells": state["cells"]}

    def start(self, kernels: Any, above: Any) -> dict[str, Any]:
        batch = int(above["known"].shape[2])
        none = ops.zeros((batch, GATES * self.units), self.dtype)
        return {
            "known": column(above["known"], 0),
            "cells": column(above["cells"], 0),
            "left": tuple((none,) * self.reach for _ in range(self.layers)),
        }

    def pixel(self, kernels: Any, above: Any, carry: Any) -> RowPixel:
        return RowPixel(self, kernels, above, carry)

    def memory(self, batch: int) -> dict[str, Any]:
        return {name: self.zeros(batch, self.units) for name in ("states", "cells")}

    def below(self, kernels: Any, state: Any, memory: Any, given: Any) -> dict[str, Any]:
        return dict(memory)


class DiagonalCells(Cells):
    """Diagonal BiLSTM: the second direction goes through a finished row, all layers at once."""

    def prepare(self) -> dict[str, Any]:
        lstms = [block.lstm for block in self.blocks]
        kernels = [[one.state_to_state.value[i] for one in lstms] for i in range(2)]
        h = self.units
        return {
            "left": stacked(self.ordered(k[:h]) for k in kernels[0]),
            "above": stacked(self.ordered(k[h:]) for k in kernels[0]),
            "bias": stacked(self.ordered(one.to_first.bias.value) for one in lstms),
            "initial": self.initial(),
            "across": [
                taps_by_colour(one.to_first.masked_kernel()[None], 2 * h, self.cuts, self.ordered)
                for one in lstms
            ],
            # The second direction has no colours: its gates keep their order.
            "second_left": stacked(self._halved(k[:h]) for k in kernels[1]),
            "second_above": stacked(self._halved(k[h:]) for k in kernels[1]),
            "second_inputs": stacked(self._halved(one.to_second.kernel.value) for one in lstms),
            "second_bias": stacked(self._halved(one.to_second.bias.value) for one in lstms),
        }

    def _halved(self, kernel: Any) -> Any:
        half = each_gate(HALF, self.units)
        return ops.cast(kernel, self.dtype) * ops.cast(half, self.dtype)

    def given_order(self, maps: Any) -> Any:
        first, second = ops.split(maps, 2, axis=-1)
        return ops.concatenate([self.ordered(first), self._halved(second)], axis=-1)

    def begin(self, batch: int) -> dict[str, Any]:
        initial = self.initial()
        shape = (self.layers, self.columns, batch, self.units)
        first, second = (ops.broadcast_to(initial[:, i, 0, None, None], shape) for i in range(2))
        return {"first": first, "second": second, "moved": self.zeros(batch, self.units)}

    def above(self, kernels: Any, state: Any, given: Any) -> dict[str, Any]:
        known = self.row_product(state["first"], kernels["above"]) + kernels["bias"][:, None, None]
        if not isinstance(given, float):
            given = given[..., : GATES * self.units]
        return {"known": known + given, "moved": state["moved"]}

    def start(self, kernels: Any, above: Any) -> dict[str, Any]:
        batch = int(above["known"].shape[2])
        states, cells = self._outside(kernels, 0, batch)
        return {
            "known": column(above["known"], 0) + ops.matmul(states, kernels["left"]),
            "moved": column(above["moved"], 0),
            "cells": cells,
        }

    def _outside(self, kernels: Any, direction: int, batch: int) -> list[Any]:
        """State and cell beside the image, `(L, B, h)`."""
        initial, shape = kernels["initial"], (self.layers, batch, self.units)
        return [ops.broadcast_to(initial[:, direction, i, None], shape) for i in range(2)]

    def pixel(self, kernels: Any, above: Any, carry: Any) -> DiagonalPixel:
        return DiagonalPixel(self, kernels, above, carry)

    def memory(self, batch: int) -> dict[str, Any]:
        return {
            "states": self.zeros(batch, self.units),
            "inputs": self.zeros(batch, 2 * self.units),
        }

    def below(self, kernels: Any, state: Any, memory: Any, given: Any) -> dict[str, Any]:
        second = self._second(kernels, state["second"], memory["inputs"], given)
        return {"first": memory["states"], "second": second, "moved": second}

    def _second(self, kernels: Any, above: Any, inputs: Any, given: Any) -> Any:
        """States of the second direction in a row, from the right to the left."""
        batch = int(inputs.shape[2])
        maps = self.row_product(inputs, kernels["second_inputs"])
        maps = maps + self.row_product(above, kernels["second_above"])
        maps = maps + kernels["second_bias"][:, None, None]
        if not isinstance(given, float):
            maps = maps + given[..., GATES * self.units :]
        last = self.columns - 1

        def step(i: Any, states: Any, cells: Any, known: Any, row: Any) -> Any:
            gates = known + ops.matmul(states, kernels["second_left"])
            states, cells = lstm(activated_halved(gates), cells)
            known = column(maps, ops.maximum(last - i - 1, 0))
            return i + 1, states, cells, known, put_column(row, states, last - i)

        states, cells = self._outside(kernels, 1, batch)
        start = (
            ops.zeros((), "int32"),
            states,
            cells,
            column(maps, last),
            ops.zeros_like(above),
        )
        return ops.while_loop(
            lambda i, *rest: i <= last, step, start, maximum_iterations=self.columns
        )[4]


KINDS: dict[str, type[Cells]] = {
    "pixelcnn": ConvolutionCells,
    "row": RowCells,
    "diagonal": DiagonalCells,
}
