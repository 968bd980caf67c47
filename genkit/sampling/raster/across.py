"""Convolutions along a row, several layers deep, pixel by pixel and colour by colour."""

from __future__ import annotations

from typing import Any

from keras import ops

from genkit.sampling.raster.colours import Pending, shifted


def stacked(parts: Any) -> Any:
    """Arrays of all layers in one, the layer first."""
    return ops.stack(list(parts))


class Across:
    """Products along the row: later colours of the pixel wait in `inner`, and the pixels on the
    right in `pushed`.

    Args:
        cells: has the number of `layers`, and `cuts`, the `Groups` of the maps that read.
        kernels: `across`, of each layer what `taps_by_colour` gives.
    """

    def __init__(self, cells: Any, kernels: Any) -> None:
        self.cells, self.kernels = cells, kernels["across"]
        self.inner = [Pending() for _ in range(cells.layers)]
        self.pushed: list[Any] = [None] * cells.layers

    def take(self, layer: int, g: int, maps: Any) -> Any:
        """What `maps` of colour g and those of the earlier ones give to the gates of colour g."""
        product = ops.matmul(maps, self.kernels[layer][g])
        wide = self.cells.cuts.rest(g)
        right, last = product[:, wide:], self.pushed[layer]
        if int(product.shape[-1]) > wide:
            self.pushed[layer] = right if last is None else last + right
        return self.inner[layer].take(product[:, :wide], self.cells.cuts.size(g))


def pushed_on(left: Any, pushed: Any, units: int) -> Any:
    """Per layer, what waits for the next pixels: the next one's sum first."""
    found = []
    for old, new in zip(left, pushed, strict=True):
        now, rest = shifted(old[1:], new, units)
        found.append((now, *rest))
    return tuple(found)
