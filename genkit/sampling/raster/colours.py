"""The maps of a pixel in the order of its colours: what incremental samplers compute one by one.

Each colour's maps are multiplied at once by all that reads them, so that a product waits for the
colours that come later, and for the pixels on the right.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from keras import ops

from genkit.layers.colour import group_index


class Groups:
    """Where the colours lie among maps in group-major order.

    Args:
        units: maps per gate. colours: 1 or 3. gates: how many gates share the layout.
    """

    def __init__(self, units: int, colours: int, gates: int = 1) -> None:
        self._lay_out(group_index(units, colours, gates), colours)

    @classmethod
    def beside(cls, parts: Sequence[int], colours: int) -> Groups:
        """Maps of several layers side by side, so many units each; a colour has those of all."""
        found = cls.__new__(cls)
        found._lay_out(np.concatenate([group_index(n, colours) for n in parts]), colours)
        return found

    def _lay_out(self, index: np.ndarray, colours: int) -> None:
        columns = [np.flatnonzero(index == g) for g in range(colours)]
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


class Pending:
    """Sums for the colours that are still to come, in their order."""

    def __init__(self) -> None:
        self.rest: Any = None

    def take(self, product: Any, size: int) -> Any:
        """Add `product (B, n)`, of this and the later colours; cut off this one's `size`."""
        total = product if self.rest is None else self.rest + product
        self.rest = total[:, size:]
        return total[:, :size]


def dense_by_colour(layer: Any, source: Groups, target: Groups) -> list[tuple[Any, Any]]:
    """Of a `GroupedDense`, per colour g: the kernel from its maps to colours >= g, and the bias
    of colour g. Maps of `source` are in their natural, which is group-major, order."""
    return kernel_by_colour(
        layer.masked_kernel(), ops.cast(layer.bias.value, layer.compute_dtype), source, target
    )


def kernel_by_colour(
    kernel: Any, bias: Any, source: Groups, target: Groups
) -> list[tuple[Any, Any]]:
    """The same of a masked kernel `(n, m)` and its bias."""
    bias, kernels = target.ordered(bias), rows_by_colour(kernel, source, target)
    return [(own, bias[target.cut(g)]) for g, own in enumerate(kernels)]


def rows_by_colour(kernel: Any, source: Groups, target: Groups) -> list[Any]:
    """The same of a masked kernel `(n, m)` alone."""
    kernel = target.ordered(kernel)
    return [kernel[source.cut(g), int(target.edges[g]) :] for g in range(len(source.edges) - 1)]


def taps_by_colour(kernel: Any, inputs: int, target: Groups, reorder: Any) -> list[Any]:
    """Of masked taps along a row, per colour g: from its maps to colours >= g of this pixel, then
    to all maps of the next pixels, the nearest first.

    Args:
        kernel: `(taps + 1, inputs, n)`, masked, the leftmost tap first and the centre last.
        inputs: maps that are read. target: the maps that read.
        reorder: applied to each tap: columns into the order of `target`.
    """
    colours = len(target.edges) - 1
    source = group_index(inputs, colours)
    found = []
    for g in range(colours):
        # Groups are contiguous among maps without gates.
        rows = slice(*np.flatnonzero(source == g)[[0, -1]] + [0, 1])
        taps = [reorder(kernel[k, rows]) for k in range(int(kernel.shape[0]))]
        centre = taps[-1][:, int(target.edges[g]) :]
        found.append(ops.concatenate([centre, *reversed(taps[:-1])], axis=-1))
    return found


def first_by_colour(kernel: Any, target: Groups, reorder: Any) -> list[Any]:
    """What earlier colours of a pixel give to the maps of colour g = 1, 2 of a first layer.

    Args:
        kernel: `(C, n)`, the masked centre tap, which reads values. target, reorder: see above.
    """
    colours = len(target.edges) - 1
    return [reorder(ops.reshape(kernel[:g], (g, -1)))[:, target.cut(g)] for g in range(1, colours)]


def shifted(old: Any, pushed: Any, units: int) -> tuple[Any, tuple[Any, ...]]:
    """The sum for the next pixel, and those for the pixels after it.

    Args:
        old: what earlier pixels left for the next pixels. pushed: this pixel's parts,
            `(B, taps * units)`, the next pixel's first.
    """
    parts = [pushed[:, k * units : (k + 1) * units] for k in range(len(old) + 1)]
    sums = [part + more for part, more in zip(parts, (*old, 0.0), strict=True)]
    return sums[0], tuple(sums[1:])


def joined(parts: list[Any]) -> Any:
    """Maps of several colours side by side."""
    return parts[0] if len(parts) == 1 else ops.concatenate(parts, axis=-1)
