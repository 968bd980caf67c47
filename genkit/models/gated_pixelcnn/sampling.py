"""The step view of the Gated PixelCNN.

The vertical stack advances row by row with the rows above cached; the horizontal stack pixel by
pixel and, inside a pixel, colour by colour. How the work is cut into few products is in
`genkit.models.gated_pixelcnn.kernels`.
"""

from __future__ import annotations

from typing import Any

from keras import ops

from genkit.layers.indexing import at
from genkit.models.gated_pixelcnn.kernels import Kernels, gate_halved
from genkit.models.gated_pixelcnn.network import GatedPixelCNN
from genkit.sampling.raster.colours import Pending, joined, shifted
from genkit.sampling.raster.rows import column


class GatedSteps:
    """The `PixelSteps` of a Gated PixelCNN.

    A row takes the links of all layers from above. The carry holds what is known of the next
    pixel's gates but for the first layer, the values on the left, and sums for later pixels.

    Args:
        network: the built network. shape: of the images.
    """

    def __init__(self, network: GatedPixelCNN, shape: tuple[int, int, int]) -> None:
        self.network, self.shape, self.levels = network, shape, network.levels
        self.dtype = network.compute_dtype
        self.kernels = Kernels(network)
        self.layers, self.units = len(network.blocks), 2 * network.sizes["width"]

    def begin(self, batch: int, vector: Any) -> tuple[Any, Any]:
        network, width = self.network, self.shape[1]
        rows, above = [], []
        for i, block in enumerate(network.blocks):
            inputs = network.channels if i == 0 else network.sizes["width"]
            rows.append(ops.zeros((batch, block.vertical.above, width, inputs), self.dtype))
            above.append(ops.zeros((batch, width, self.units), self.dtype))
        given, state = network.given(vector), {"rows": rows, "above": above}
        fixed = {"kernels": self.kernels.prepare()}
        if network.spatial is not None:
            fixed["maps"] = ops.transpose(given, (1, 0, 2, 3))  # row by row
            fixed["steering"] = self.kernels.steering()
            state["row"], given = ops.zeros((), "int32"), None
        fixed["biases"] = self.kernels.biases(batch, given)
        return fixed, state

    def _steered(self, fixed: Any, state: Any) -> list[Any] | None:
        """What maps add to the gates of the vertical stack in this row, `(B, W, 2p)` per layer."""
        if self.network.spatial is None:
            return None
        added = ops.matmul(at(fixed["maps"], state["row"]), fixed["steering"]["vertical"])
        return list(ops.split(added, self.layers, axis=-1))

    def above(self, fixed: Any, state: Any) -> Any:
        """The links of all layers, and what maps add in this row, `(B, W, 2p)` each."""
        seen, kernels = state["above"], fixed["kernels"]["link"]
        if self.network.spatial is not None:
            row, kernels = at(fixed["maps"], state["row"]), fixed["steering"]["horizontal"]
            seen = [ops.concatenate([maps, row], axis=-1) for maps in seen]
        return [ops.matmul(maps, kernel) for maps, kernel in zip(seen, kernels, strict=True)]

    def start(self, fixed: Any, above: Any) -> Any:
        batch, taps = int(above[0].shape[0]), self.network.sizes["kernel"] // 2
        reach = self.network.blocks[0].horizontal.left
        none = ops.zeros((batch, self.units), self.dtype)
        return {
            "gates": tuple(column(maps, 0) for maps in above),
            "values": ops.zeros((batch, reach, self.network.channels), self.dtype),
            "left": tuple(tuple(none for _ in range(taps - 1)) for _ in range(self.layers - 1)),
        }

    def pixel(self, fixed: Any, above: Any, carry: Any) -> GatedPixel:
        return GatedPixel(self, fixed, above, carry)

    def memory(self, batch: int) -> Any:
        """Nothing: the vertical stack reads the values of a row alone."""
        return ()

    def remember(self, memory: Any, trail: Any, column: Any) -> Any:
        return ()

    def below(self, fixed: Any, state: Any, row: Any, memory: Any) -> Any:
        """Advance the vertical stack by the finished row."""
        kernels, biases = fixed["kernels"], fixed["biases"]
        added = self._steered(fixed, state)
        maps, rows, above = row, [], []
        for i in range(self.layers):
            kernel, bias = kernels["vertical"][i]
            both = ops.concatenate([state["rows"][i], maps[:, None]], axis=1)
            side = int(kernel.shape[1]) // 2
            padded = ops.pad(both, ((0, 0), (0, 0), (side, side), (0, 0)))
            before_gate = ops.conv(padded, kernel, padding="valid", data_format="channels_last")
            before_gate = before_gate[:, 0] + bias
            rows.append(both[:, 1:])
            above.append(before_gate)
            steered = biases["vertical"][i][:, None] if added is None else added[i]
            maps = gate_halved(before_gate + steered)
        found = {"rows": rows, "above": above}
        return found if added is None else {**found, "row": state["row"] + 1}


class GatedPixel:
    """One pixel through the horizontal stack, colour by colour.

    Each colour's maps are multiplied at once by all that reads them: the later colours of
    the same pixel, and the pixels on the right.
    """

    def __init__(self, steps: GatedSteps, fixed: Any, above: Any, carry: Any) -> None:
        self.steps, self.kernels, self.links, self.carry = steps, fixed["kernels"], above, carry
        biases = fixed["biases"]["horizontal"]
        self.hoisted = [m + bias for m, bias in zip(carry["gates"], biases, strict=True)]
        batch = int(carry["values"].shape[0])
        values = ops.reshape(carry["values"], (batch, -1))
        first = ops.matmul(values, self.kernels["first_left"])
        self.hoisted[0] = self.hoisted[0] + first
        self.inner = [Pending() for _ in range(steps.layers)]
        self.outer = [Pending() for _ in range(steps.layers)]
        self.hidden, self.scores = Pending(), Pending()
        self.pushed: list[Any] = [None] * (steps.layers - 1)
        self.known: list[Any] = []

    def know(self, colour: int, value: Any) -> None:
        self.known.append(value)

    def logits(self, colour: int) -> Any:
        cuts, kernels, g = self.steps.kernels, self.kernels, colour
        maps = None
        for layer in range(self.steps.layers):
            before_gate = self._before_gate(layer, g, maps)
            kernel, bias = kernels["output"][layer][g]
            product = ops.matmul(gate_halved(before_gate), kernel)
            out = self.outer[layer].take(product, cuts.maps.size(g)) + bias
            maps = out if layer == 0 else out + maps
        kernel, bias = kernels["hidden"][g]
        units = self.hidden.take(ops.matmul(ops.relu(maps), kernel), cuts.hidden.size(g)) + bias
        kernel, bias = kernels["logits"][g]
        return self.scores.take(ops.matmul(ops.relu(units), kernel), cuts.logits.size(g)) + bias

    def _before_gate(self, layer: int, g: int, maps: Any) -> Any:
        cuts, kernels = self.steps.kernels, self.kernels
        known = self.hoisted[layer][:, cuts.gates.cut(g)]
        if layer == 0:
            if not g:
                return known
            return known + ops.matmul(joined(self.known), kernels["first_centre"][g - 1])
        product = ops.matmul(maps, kernels["across"][layer - 1][g])
        wide = cuts.gates.rest(g)
        right, last = product[:, wide:], self.pushed[layer - 1]
        self.pushed[layer - 1] = right if last is None else last + right
        return known + self.inner[layer].take(product[:, :wide], cuts.gates.size(g))

    def finish(self, values: Any, following: Any) -> tuple[Any, Any]:
        gates = [column(maps, following) for maps in self.links]
        left = list(self.carry["left"])
        for layer in range(1, self.steps.layers):
            now, left[layer - 1] = shifted(
                left[layer - 1], self.pushed[layer - 1], self.steps.units
            )
            gates[layer] = gates[layer] + now
        seen = ops.concatenate([self.carry["values"][:, 1:], values[:, None]], axis=1)
        return {"gates": tuple(gates), "values": seen, "left": tuple(left)}, ()
