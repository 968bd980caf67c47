"""The step view of a VPN's decoder: pixel by pixel, colour by colour.

Arrays of all units lie in one: `(U, W, B, n)` for a row, `(U, B, n)` for a pixel, two units a
block, so that what does not wait for the pixel is one batched product. Gates are in group-major
order and halved where a sigmoid follows (`activated_halved`).

Nothing but sums lies between the last layer of a block and the first of the next one, so that both
are one product. A pixel carries what the sum of all blocks so far gives to the first layer of each
block that is still to come, and the sum itself behind them; a block adds to all of these at once,
and a sixth of the products that wait for one another is saved.
"""

from __future__ import annotations

from typing import Any

from keras import ops

from genkit.layers.indexing import at
from genkit.layers.recurrence import HALF, activated_halved, each_gate
from genkit.models.vpn.blocks import GATES, multiply
from genkit.models.vpn.network import VPN
from genkit.sampling.raster.across import Across, pushed_on, stacked
from genkit.sampling.raster.colours import (
    Groups,
    Pending,
    dense_by_colour,
    first_by_colour,
    joined,
    rows_by_colour,
    taps_by_colour,
)
from genkit.sampling.raster.rows import column, put_column


class VPNSteps:
    """The `PixelSteps` of a VPN's decoder.

    Args:
        network: the built network. shape: of the frames.
        unpack: from the vector that steers a frame to its context `(B, H, W, h)` and the vector of
            the frame before `(B, D)`, or None.
    """

    def __init__(self, network: VPN, shape: tuple[int, int, int], unpack: Any) -> None:
        self.network, self.shape, self.levels = network, shape, network.levels
        self.unpack, self.dtype = unpack, network.compute_dtype
        self.blocks = network.blocks
        self.units_of_blocks = [unit for block in self.blocks for unit in block.pair]
        self.layers, self.width = len(self.units_of_blocks), network.width
        self.gates = self.units_of_blocks[0].gates
        colours = network.channels
        self.maps, self.wide = Groups(self.width, colours), Groups(2 * self.width, colours)
        # What is carried before each block and behind the last: for each one to come, and the sum.
        count = len(self.blocks)
        self.carried = [
            Groups.beside([self.width] * (count - b) + [2 * self.width], colours)
            for b in range(count + 1)
        ]
        self.cuts = Groups(self.width, colours, self.gates)
        self.hidden = Groups(network.sizes["head"], colours)
        outputs = 1 if network.levels == 2 else network.levels
        self.scores = Groups(colours * outputs, colours)
        self.kernel, self.reach = network.sizes["kernel"], network.sizes["kernel"] // 2
        self.first_reach = network.first.reach

    # Before the first row

    def begin(self, batch: int, vector: Any) -> tuple[Any, Any]:
        context, steering = self.unpack(vector)
        fixed = {"kernels": self._prepare(), "added": self._added(steering)}
        # Row by row.
        fixed["entry"] = ops.transpose(self.network.entry(context), (1, 0, 2, 3))
        if self.network.every:
            entries = [block.entry(context) for block in self.blocks]
            fixed["entries"] = ops.transpose(stacked(entries), (2, 0, 3, 1, 4))
        state = {
            "values": ops.zeros((batch, self.first_reach, *self.shape[1:]), self.dtype),
            "rows": tuple(self._zeros(batch) for _ in range(self.reach)),
            "row": ops.zeros((), "int32"),
        }
        return fixed, state

    def _zeros(self, batch: int) -> Any:
        return ops.zeros((self.layers, self.shape[1], batch, self.width), self.dtype)

    def _added(self, steering: Any) -> Any:
        """What the vector adds to the gates of each unit, `(U, 1, B or 1, n)`."""
        if steering is None:
            return ops.zeros((self.layers, 1, 1, self.gates * self.width), self.dtype)
        parts = [part[:, 0, 0] for block in self.blocks for part in block.added(steering)]
        return self._ordered(stacked(parts))[:, None]

    def _ordered(self, kernel: Any) -> Any:
        """Columns of gates in group-major order, halved where a sigmoid follows."""
        kernel = self.cuts.ordered(ops.cast(kernel, self.dtype))
        if self.gates != GATES:
            return kernel
        half = each_gate(HALF, self.width)[self.cuts.order]
        return kernel * ops.cast(half, self.dtype)

    def _prepare(self) -> dict[str, Any]:
        network = self.network
        first = network.first.masked_kernel()
        left = ops.reshape(first[-1, : self.first_reach], (-1, 2 * self.width))
        spread, before = self._spread(0), self.carried[0]
        kernels = [unit.convolution.masked_kernel() for unit in self.units_of_blocks]
        biases = [unit.convolution.bias.value for unit in self.units_of_blocks]
        rows = self.reach * self.kernel * self.width
        return {
            "first_above": first[:-1],
            "first_bias": ops.cast(network.first.bias.value, self.dtype),
            "first_left": before.ordered(ops.matmul(left, spread)),
            "first_centre": first_by_colour(
                ops.matmul(first[-1, self.first_reach], spread), before, before.ordered
            ),
            "spread": before.ordered(spread),
            "spread_bias": before.ordered(self._constants()),
            "above": self._ordered(stacked(ops.reshape(k[:-1], (rows, -1)) for k in kernels)),
            "bias": self._ordered(stacked(biases)),
            "across": [
                taps_by_colour(k[-1, : self.reach + 1], self.width, self.cuts, self._ordered)
                for k in kernels
            ],
            "through": [self._through(b) for b in range(len(self.blocks))],
            "hidden": dense_by_colour(network.hidden, self.wide, self.hidden),
            "logits": dense_by_colour(network.logits_map, self.hidden, self.scores),
        }

    def _spread(self, first: int) -> Any:
        """From the sum of blocks to what is carried of it, from block `first` on, `(2c, n)`."""
        kernels = [block.reduce.masked_kernel() for block in self.blocks[first:]]
        return ops.concatenate([*kernels, ops.eye(2 * self.width, dtype=self.dtype)], axis=-1)

    def _through(self, block: int) -> list[Any]:
        """Per colour, from the maps of a block's second unit to what is carried behind it."""
        kernel = ops.matmul(self.blocks[block].expand.masked_kernel(), self._spread(block + 1))
        return rows_by_colour(kernel, self.maps, self.carried[block + 1])

    def _constants(self) -> Any:
        """What biases give to all that is carried: those of a first layer, and through it those of
        the last layers of all blocks before."""
        found, total = [], ops.zeros((2 * self.width,), self.dtype)
        for block in self.blocks:
            own = ops.cast(block.reduce.bias.value, self.dtype)
            found.append(ops.matmul(total[None], block.reduce.masked_kernel())[0] + own)
            total = total + ops.cast(block.expand.bias.value, self.dtype)
        return ops.concatenate([*found, total], axis=-1)

    # Rows

    def above(self, fixed: Any, state: Any) -> Any:
        kernels, side = fixed["kernels"], (self.first_reach, self.first_reach)
        padded = ops.pad(state["values"], ((0, 0), (0, 0), side, (0, 0)))
        first = ops.conv(
            padded, kernels["first_above"], padding="valid", data_format="channels_last"
        )
        entry = at(fixed["entry"], state["row"])
        maps = first[:, 0] + kernels["first_bias"] + entry
        found = {"first": ops.matmul(maps, kernels["spread"]) + kernels["spread_bias"]}
        seen = joined([self._neighbours(row) for row in state["rows"]])
        layers, columns, batch, inputs = (int(n) for n in seen.shape)
        flat = ops.reshape(seen, (layers, columns * batch, inputs))
        known = ops.matmul(flat, kernels["above"]) + kernels["bias"][:, None]
        found["known"] = ops.reshape(known, (layers, columns, batch, -1)) + fixed["added"]
        if self.network.every:
            found["entries"] = at(fixed["entries"], state["row"])
        return found

    def _neighbours(self, row: Any) -> Any:
        """`(U, W, B, kernel * c)`: each pixel's maps and those around it, zeros beside the row."""
        padded = ops.pad(row, ((0, 0), (self.reach, self.reach), (0, 0), (0, 0)))
        taps = [padded[:, k : k + self.shape[1]] for k in range(self.kernel)]
        return ops.concatenate(taps, axis=-1)

    def start(self, fixed: Any, above: Any) -> Any:
        batch = int(above["first"].shape[0])
        none = ops.zeros((batch, self.gates * self.width), self.dtype)
        carry = {
            "values": ops.zeros((batch, self.first_reach, self.network.channels), self.dtype),
            "left": tuple((none,) * self.reach for _ in range(self.layers)),
        }
        return {**carry, **self.columns(above, 0)}

    def columns(self, above: Any, i: Any) -> dict[str, Any]:
        """What the rows above give to the pixel of a column."""
        return {name: column(array, i) for name, array in above.items()}

    def pixel(self, fixed: Any, above: Any, carry: Any) -> VPNPixel:
        return VPNPixel(self, fixed["kernels"], above, carry)

    def memory(self, batch: int) -> Any:
        return self._zeros(batch)

    def remember(self, memory: Any, trail: Any, column: Any) -> Any:
        return put_column(memory, trail, column)

    def below(self, fixed: Any, state: Any, row: Any, memory: Any) -> Any:
        values = ops.concatenate([state["values"][:, 1:], row[:, None]], axis=1)
        rows = (*state["rows"][1:], memory)
        return {"values": values, "rows": rows, "row": state["row"] + 1}


class VPNPixel:
    """One pixel through the decoder, colour by colour."""

    def __init__(self, steps: VPNSteps, kernels: Any, above: Any, carry: Any) -> None:
        self.steps, self.kernels, self.known_above, self.carry = steps, kernels, above, carry
        values = ops.reshape(carry["values"], (int(carry["values"].shape[0]), -1))
        self.first = carry["first"] + ops.matmul(values, kernels["first_left"])
        self.across = Across(steps, kernels)
        self.through = [Pending() for _ in steps.blocks]
        self.hidden, self.scores = Pending(), Pending()
        self.maps: list[list[Any]] = [[] for _ in range(steps.layers)]
        self.known: list[Any] = []

    def know(self, colour: int, value: Any) -> None:
        self.known.append(value)

    def logits(self, colour: int) -> Any:
        steps, kernels, g = self.steps, self.kernels, colour
        carried = self.first[:, steps.carried[0].cut(g)]
        if g:
            carried = carried + ops.matmul(joined(self.known), kernels["first_centre"][g - 1])
        for block in range(len(steps.blocks)):
            carried = self._block(block, g, carried)
        kernel, bias = kernels["hidden"][g]
        product = ops.matmul(ops.relu(carried), kernel)
        units = self.hidden.take(product, steps.hidden.size(g)) + bias
        kernel, bias = kernels["logits"][g]
        product = ops.matmul(ops.relu(units), kernel)
        found = self.scores.take(product, steps.scores.size(g)) + bias
        if steps.levels == 2:
            return ops.concatenate([ops.zeros_like(found), found], axis=-1)
        return found

    def _block(self, block: int, g: int, carried: Any) -> Any:
        """What is carried behind a block, of what is carried before it."""
        steps = self.steps
        size = steps.maps.size(g)
        core, rest = carried[:, :size], carried[:, size:]
        if steps.network.every:
            core = core + self.carry["entries"][block][:, steps.maps.cut(g)]
        for unit in (2 * block, 2 * block + 1):
            core = self._unit(unit, g, core)
        product = ops.matmul(core, self.kernels["through"][block][g])
        return rest + self.through[block].take(product, steps.carried[block + 1].size(g))

    def _unit(self, unit: int, g: int, maps: Any) -> Any:
        self.maps[unit].append(maps)
        known = self.carry["known"][unit] + self.carry["left"][unit][0]
        gates = known[:, self.steps.cuts.cut(g)] + self.across.take(unit, g, maps)
        if self.steps.gates != GATES:
            return ops.relu(gates)
        return multiply(activated_halved(gates), maps)

    def finish(self, values: Any, following: Any) -> tuple[Any, Any]:
        steps = self.steps
        units = steps.gates * steps.width
        seen = ops.concatenate([self.carry["values"][:, 1:], values[:, None]], axis=1)
        carry = {
            "values": seen,
            "left": pushed_on(self.carry["left"], self.across.pushed, units),
            **steps.columns(self.known_above, following),
        }
        return carry, stacked(joined(maps) for maps in self.maps)
