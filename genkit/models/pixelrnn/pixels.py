"""One pixel through the layers of PixelRNN, colour by colour.

`core(layer, colour, maps)` gives a layer's h maps of a colour, `finish(following)` the carry of the
next pixel and what is remembered of this one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from keras import ops

from genkit.layers.recurrence import GATES, activated_halved, lstm
from genkit.sampling.raster.across import Across, pushed_on, stacked
from genkit.sampling.raster.colours import Pending, joined
from genkit.sampling.raster.rows import column

if TYPE_CHECKING:
    from genkit.models.pixelrnn.cells import ConvolutionCells, DiagonalCells, RowCells


class ConvolutionPixel:
    """One pixel of a PixelCNN."""

    def __init__(self, cells: ConvolutionCells, kernels: Any, above: Any, carry: Any) -> None:
        self.cells, self.kernels, self.known_above, self.carry = cells, kernels, above, carry
        self.across = Across(cells, kernels)
        self.reduced = [Pending() for _ in range(cells.layers)]
        self.maps: list[list[Any]] = [[] for _ in range(cells.layers)]

    def core(self, layer: int, g: int, maps: Any) -> Any:
        cuts = self.cells.maps
        kernel, bias = self.kernels["reduce"][layer][g]
        product = ops.matmul(ops.relu(maps), kernel)
        narrow = ops.relu(self.reduced[layer].take(product, cuts.size(g)) + bias)
        self.maps[layer].append(narrow)
        known = (self.carry["known"][layer] + self.carry["left"][layer][0])[:, cuts.cut(g)]
        return ops.relu(known + self.across.take(layer, g, narrow))

    def finish(self, following: Any) -> tuple[Any, Any]:
        carry = {
            "known": column(self.known_above["known"], following),
            "left": pushed_on(self.carry["left"], self.across.pushed, self.cells.units),
        }
        return carry, {"maps": stacked(joined(maps) for maps in self.maps)}


class RowPixel:
    """One pixel of a Row LSTM."""

    def __init__(self, cells: RowCells, kernels: Any, above: Any, carry: Any) -> None:
        self.cells, self.known_above, self.carry = cells, above, carry
        self.across = Across(cells, kernels)
        self.states: list[list[Any]] = [[] for _ in range(cells.layers)]
        self.after: list[list[Any]] = [[] for _ in range(cells.layers)]

    def core(self, layer: int, g: int, maps: Any) -> Any:
        cells = self.cells
        known = self.carry["known"][layer] + self.carry["left"][layer][0]
        gates = known[:, cells.cuts.cut(g)] + self.across.take(layer, g, maps)
        before = self.carry["cells"][layer][:, cells.maps.cut(g)]
        state, cell = lstm(activated_halved(gates), before)
        self.states[layer].append(state)
        self.after[layer].append(cell)
        return state

    def finish(self, following: Any) -> tuple[Any, Any]:
        carry = {
            "known": column(self.known_above["known"], following),
            "cells": column(self.known_above["cells"], following),
            "left": pushed_on(self.carry["left"], self.across.pushed, GATES * self.cells.units),
        }
        trail = {
            "states": stacked(joined(parts) for parts in self.states),
            "cells": stacked(joined(parts) for parts in self.after),
        }
        return carry, trail


class DiagonalPixel:
    """One pixel of a Diagonal BiLSTM."""

    def __init__(self, cells: DiagonalCells, kernels: Any, above: Any, carry: Any) -> None:
        self.cells, self.kernels, self.known_above, self.carry = cells, kernels, above, carry
        self.across = Across(cells, kernels)
        self.inputs: list[list[Any]] = [[] for _ in range(cells.layers)]
        self.states: list[list[Any]] = [[] for _ in range(cells.layers)]
        self.after: list[list[Any]] = [[] for _ in range(cells.layers)]

    def core(self, layer: int, g: int, maps: Any) -> Any:
        cuts = self.cells.maps.cut(g)
        self.inputs[layer].append(maps)
        known = self.carry["known"][layer][:, self.cells.cuts.cut(g)]
        gates = activated_halved(known + self.across.take(layer, g, maps))
        state, cell = lstm(gates, self.carry["cells"][layer][:, cuts])
        self.states[layer].append(state)
        self.after[layer].append(cell)
        return state + self.carry["moved"][layer][:, cuts]

    def finish(self, following: Any) -> tuple[Any, Any]:
        states = stacked(joined(parts) for parts in self.states)
        known = column(self.known_above["known"], following)
        carry = {
            "known": known + ops.matmul(states, self.kernels["left"]),
            "moved": column(self.known_above["moved"], following),
            "cells": stacked(joined(parts) for parts in self.after),
        }
        return carry, {"states": states, "inputs": stacked(joined(one) for one in self.inputs)}
