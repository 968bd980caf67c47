"""The Gated PixelCNN some rows at a time: the step view of the whole network.

The vertical stack advances row by row with the rows above cached; the horizontal stack pixel by
pixel and, inside a pixel, colour by colour. How the work is cut into few products is in
`genkit.models.gated_pixelcnn.kernels`.
"""

from __future__ import annotations

from typing import Any

from keras import ops

from genkit.models.gated_pixelcnn.kernels import Kernels, gate_halved
from genkit.models.gated_pixelcnn.network import GatedPixelCNN, centred
from genkit.sampling.decoding import Decoding, choose, logits_type


class RowSampler:
    """Begin and advance of one Gated PixelCNN.

    Args:
        network: the built network.
        height, width: of the images.
        decoding: how logits become values.
        keep_logits: return the logits too, for checks; costs a buffer in the loop.
    """

    def __init__(
        self,
        network: GatedPixelCNN,
        height: int,
        width: int,
        decoding: Decoding,
        keep_logits: bool = False,
    ) -> None:
        self.network = network
        self.kernels = Kernels(network)
        self.keep_logits = keep_logits
        self.height, self.width = height, width
        self.decoding = decoding
        self.dtype = network.compute_dtype
        self.float_type = logits_type(self.dtype)

    def begin(self, batch: int, vector: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        """What stays for the whole image, kernels and biases; the state before the first row."""
        network, maps = self.network, self.network.sizes["width"]
        rows, above = [], []
        for i, block in enumerate(network.blocks):
            inputs = network.channels if i == 0 else maps
            shape = (batch, block.vertical.above, self.width, inputs)
            rows.append(ops.zeros(shape, self.dtype))
            above.append(ops.zeros((batch, self.width, 2 * maps), self.dtype))
        biases = self.kernels.biases(batch, vector)
        kernels = self.kernels.prepare()
        return {"kernels": kernels, "biases": biases}, {"rows": rows, "above": above}

    def advance(
        self, fixed: dict[str, Any], state: Any, noise: Any, forced: Any, mask: Any
    ) -> tuple[Any, Any, Any, dict[str, Any]]:
        """Some rows.

        Args:
            fixed: from `begin`. state: from `begin` or the rows above.
            noise: `(B, R, W, C)` uniform numbers. forced, mask: `(B, R, W, C)` integers; where
                the mask is 1 the forced value is taken.

        Returns:
            values `(B, R, W, C)` int32, their log-probability (nats, temperature 1), logits
            `(B, R, W, C, levels)` or None, and the state of the next row.
        """
        kernels, biases = fixed["kernels"], fixed["biases"]
        batch, count = int(noise.shape[0]), int(noise.shape[1])
        colours, levels = self.network.channels, self.network.levels
        given = tuple(ops.transpose(a, (1, 2, 0, 3)) for a in (noise, forced, mask))
        shape = (count, self.width, batch, colours)
        drawn = [ops.zeros(shape, "int32"), ops.zeros(shape, self.float_type)]
        if self.keep_logits:
            drawn.append(ops.zeros((*shape, levels), self.float_type))

        def row(r: Any, rows: Any, above: Any, drawn: Any) -> Any:
            links = [
                ops.matmul(maps, kernel)
                for maps, kernel in zip(above, kernels["link"], strict=True)
            ]
            drawn = self._row(kernels, biases, links, given, drawn, r)
            values = ops.transpose(_at(drawn[0], r), (1, 0, 2))
            rows, above = self._vertical(centred(values, levels, self.dtype), rows, kernels, biases)
            return r + 1, rows, above, drawn

        start = (
            ops.zeros((), "int32"),
            tuple(state["rows"]),
            tuple(state["above"]),
            tuple(drawn),
        )
        _, rows, above, drawn = ops.while_loop(
            lambda r, *rest: r < count, row, start, maximum_iterations=count
        )
        state = {"rows": list(rows), "above": list(above)}
        values, log_prob = (ops.transpose(a, (2, 0, 1, 3)) for a in drawn[:2])
        logits = ops.transpose(drawn[2], (2, 0, 1, 3, 4)) if self.keep_logits else None
        return values, log_prob, logits, state

    def _vertical(
        self, row: Any, state: Any, kernels: Any, biases: Any
    ) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
        """Advance the vertical stack by the finished row `(B, W, C)`."""
        maps, rows, above = row, [], []
        for i in range(len(self.network.blocks)):
            kernel, bias = kernels["vertical"][i]
            both = ops.concatenate([state[i], maps[:, None]], axis=1)
            side = int(kernel.shape[1]) // 2
            padded = ops.pad(both, ((0, 0), (0, 0), (side, side), (0, 0)))
            before_gate = ops.conv(padded, kernel, padding="valid", data_format="channels_last")
            before_gate = before_gate[:, 0] + bias
            rows.append(both[:, 1:])
            above.append(before_gate)
            maps = gate_halved(before_gate + biases["vertical"][i][:, None])
        return tuple(rows), tuple(above)

    def _row(self, kernels: Any, biases: Any, links: Any, given: Any, drawn: Any, r: Any) -> Any:
        """The pixels of row r, from left to right: `drawn` with that row filled."""
        network = self.network
        batch, layers = int(given[0].shape[2]), len(network.blocks)
        reach, taps = network.blocks[0].horizontal.left, network.sizes["kernel"] // 2
        units = 2 * network.sizes["width"]
        start = (
            ops.zeros((), "int32"),
            drawn,
            ops.zeros((batch, reach, network.channels), self.dtype),
            tuple(_column(maps, 0) for maps in links),
            tuple(
                tuple(ops.zeros((batch, units), self.dtype) for _ in range(taps - 1))
                for _ in range(layers - 1)
            ),
        )

        def pixel(i: Any, drawn: Any, values: Any, above: Any, left: Any) -> Any:
            hoisted = [maps + bias for maps, bias in zip(above, biases["horizontal"], strict=True)]
            first = ops.matmul(ops.reshape(values, (batch, -1)), kernels["first_left"])
            hoisted[0] = hoisted[0] + first
            found, new, pushed = self._pixel(kernels, hoisted, *(_at(_at(a, r), i) for a in given))
            drawn = tuple(
                _put(buffer, ops.stack(part, axis=1), r, i)
                for buffer, part in zip(drawn, zip(*found, strict=True), strict=True)
            )
            values = ops.concatenate([values[:, 1:], new[:, None]], axis=1)
            # Taken one pixel ahead: with a traced index among its operands XLA does not
            # vectorise a gate.
            following = ops.minimum(i + 1, self.width - 1)
            above = [_column(maps, following) for maps in links]
            for layer in range(1, layers):
                now, left_over = _shifted(left[layer - 1], pushed[layer - 1], units)
                above[layer] = above[layer] + now
                left = (*left[: layer - 1], left_over, *left[layer:])
            return i + 1, drawn, values, tuple(above), left

        return ops.while_loop(
            lambda i, *rest: i < self.width, pixel, start, maximum_iterations=self.width
        )[1]

    def _pixel(
        self, kernels: Any, hoisted: list[Any], noise: Any, forced: Any, mask: Any
    ) -> tuple[list[tuple[Any, ...]], Any, list[Any]]:
        """One pixel, colour by colour.

        Each colour's maps are multiplied at once by all that reads them: the later colours of
        the same pixel, and the pixels on the right.

        Returns:
            per colour (value, log-probability, logits if kept); the new values, centred,
            `(B, C)`; per layer but the first the products for the pixels on the right.
        """
        cuts, layers = self.kernels, len(self.network.blocks)
        inner = [_Pending() for _ in range(layers)]
        outer = [_Pending() for _ in range(layers)]
        hidden, scores = _Pending(), _Pending()
        pushed: list[Any] = [None] * (layers - 1)
        found: list[tuple[Any, ...]] = []
        scaled: list[Any] = []
        for g in range(self.network.channels):
            maps = None
            for layer in range(layers):
                before_gate = hoisted[layer][:, cuts.gates.cut(g)]
                if layer == 0:
                    if g:
                        centre = kernels["first_centre"][g - 1]
                        before_gate = before_gate + ops.matmul(_joined(scaled), centre)
                else:
                    product = ops.matmul(maps, kernels["across"][layer - 1][g])
                    wide = cuts.gates.rest(g)
                    before_gate = before_gate + inner[layer].take(
                        product[:, :wide], cuts.gates.size(g)
                    )
                    right = product[:, wide:]
                    last = pushed[layer - 1]
                    pushed[layer - 1] = right if last is None else last + right
                kernel, bias = kernels["output"][layer][g]
                product = ops.matmul(gate_halved(before_gate), kernel)
                out = outer[layer].take(product, cuts.maps.size(g)) + bias
                maps = out if layer == 0 else out + maps
            kernel, bias = kernels["hidden"][g]
            units = hidden.take(ops.matmul(ops.relu(maps), kernel), cuts.hidden.size(g)) + bias
            kernel, bias = kernels["logits"][g]
            logits = scores.take(ops.matmul(ops.relu(units), kernel), cuts.logits.size(g)) + bias
            logits = ops.cast(logits, self.float_type)
            value, chance = choose(logits, noise[:, g], self.decoding, forced[:, g], mask[:, g])
            found.append((value, chance, logits) if self.keep_logits else (value, chance))
            scaled.append(centred(value, self.network.levels, self.dtype)[:, None])
        return found, _joined(scaled), pushed


class _Pending:
    """Sums for the colours that are still to come, in their order."""

    def __init__(self) -> None:
        self.rest: Any = None

    def take(self, product: Any, size: int) -> Any:
        """Add `product (B, n)`, of this and the later colours; cut off this one's `size`."""
        total = product if self.rest is None else self.rest + product
        self.rest = total[:, size:]
        return total[:, :size]


def _shifted(old: Any, pushed: Any, units: int) -> tuple[Any, tuple[Any, ...]]:
    """The sum for the next pixel, and those for the pixels after it.

    Args:
        old: what earlier pixels left for the next pixels. pushed: this pixel's parts,
            `(B, taps * units)`, the next pixel's first.
    """
    parts = [pushed[:, k * units : (k + 1) * units] for k in range(len(old) + 1)]
    sums = [part + more for part, more in zip(parts, (*old, 0.0), strict=True)]
    return sums[0], tuple(sums[1:])


def _joined(parts: list[Any]) -> Any:
    return parts[0] if len(parts) == 1 else ops.concatenate(parts, axis=-1)


def _at(array: Any, i: Any) -> Any:
    """`array[i]` for a traced index."""
    rest = len(array.shape) - 1
    cut = ops.slice(array, (i, *[0] * rest), (1, *array.shape[1:]))
    return ops.reshape(cut, array.shape[1:])


def _column(array: Any, i: Any) -> Any:
    """`array[:, i]` of `(B, W, n)` for a traced index."""
    batch, _, size = array.shape
    return ops.reshape(ops.slice(array, (0, i, 0), (batch, 1, size)), (batch, size))


def _put(array: Any, value: Any, r: Any, i: Any) -> Any:
    """`array` with `array[r, i] = value` for traced indices."""
    start = (r, i, *[0] * (len(array.shape) - 2))
    return ops.slice_update(array, start, ops.cast(value[None, None], array.dtype))
