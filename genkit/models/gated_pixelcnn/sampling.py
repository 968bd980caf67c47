"""The Gated PixelCNN one row at a time: the step view of the whole network.

The vertical stack advances row by row with the rows above cached; the horizontal stack pixel by
pixel and, inside a pixel, colour group by colour group. What depends on earlier pixels only, the
links and the left taps of all layers, is taken in batched products before the sequential chain.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from keras import ops

from genkit.layers.gated import gate
from genkit.layers.masked import group_columns
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
        self.keep_logits = keep_logits
        self.height, self.width = height, width
        self.decoding = decoding
        self.colours = network.channels
        maps = network.sizes["width"]
        columns = [group_columns(maps, self.colours, 2, g) for g in range(self.colours)]
        # Filter and gate maps of one colour lie side by side: a group is one slice.
        self.order = np.concatenate(columns)
        self.cuts = np.cumsum([0, *(len(c) for c in columns)])

    def begin(self, batch: int, vector: Any) -> dict[str, Any]:
        """State before the first row: zeros above, and the biases of the condition."""
        network, dtype = self.network, self.network.compute_dtype
        rows, for_vertical, for_horizontal = [], [], []
        maps = network.sizes["width"]
        for i, block in enumerate(network.blocks):
            inputs = network.channels if i == 0 else maps
            rows.append(ops.zeros((batch, block.vertical.above, self.width, inputs), dtype))
            biases = [ops.zeros((batch, 2 * maps), dtype)] * 2
            if block.condition is not None:
                biases = block.condition(vector)
            for_vertical.append(biases[0])
            for_horizontal.append(biases[1])
        above = ops.zeros((len(network.blocks), batch, self.width, 2 * maps), dtype)
        return {
            "rows": tuple(rows),
            "above": above,
            "vertical_bias": ops.stack(for_vertical),
            "horizontal_bias": ops.stack(for_horizontal),
        }

    def advance(
        self, state: dict[str, Any], noise: Any, forced: Any, mask: Any
    ) -> tuple[Any, Any, Any, dict[str, Any]]:
        """One row.

        Args:
            state: from `begin` or the row above.
            noise: `(B, W, C)` uniform numbers. forced, mask: `(B, W, C)` integers; where the
                mask is 1 the forced value is taken.

        Returns:
            values `(B, W, C)` int32, their log-probability (nats, temperature 1), logits
            `(B, W, C, levels)` or None, and the state of the next row.
        """
        values, log_prob, logits = self._row(self._links(state), noise, forced, mask)
        row = centred(values, self.network.levels, self.network.compute_dtype)
        rows, above = self._vertical(row, state)
        return values, log_prob, logits, {**state, "rows": rows, "above": above}

    def _links(self, state: dict[str, Any]) -> Any:
        """What the vertical stack and the condition add to each gate: `(W, layers, B, 2p)`."""
        blocks, dtype = self.network.blocks, self.network.compute_dtype
        kernels = ops.stack([ops.cast(b.link.kernel.value, dtype) for b in blocks])
        biases = ops.stack([ops.cast(b.link.bias.value, dtype) for b in blocks])
        layers, batch, width, maps = state["above"].shape
        flat = ops.reshape(state["above"], (layers, batch * width, maps))
        links = ops.reshape(ops.matmul(flat, kernels), (layers, batch, width, maps))
        links = links + biases[:, None, None] + state["horizontal_bias"][:, :, None]
        return ops.transpose(ops.take(links, self.order, axis=-1), (2, 0, 1, 3))

    def _vertical(self, row: Any, state: dict[str, Any]) -> tuple[tuple[Any, ...], Any]:
        """Advance the vertical stack by the finished row `(B, W, C)`."""
        maps, rows, above = row, [], []
        for i, block in enumerate(self.network.blocks):
            before_gate, kept = block.vertical.step(maps, state["rows"][i])
            rows.append(kept)
            above.append(before_gate)
            maps = gate(before_gate + state["vertical_bias"][i][:, None])
        return tuple(rows), ops.stack(above)

    def _row(self, links: Any, noise: Any, forced: Any, mask: Any) -> tuple[Any, Any, Any]:
        """The pixels of a row, from left to right."""
        weights = _Weights(self.network, self.order)
        batch, dtype = int(noise.shape[0]), self.network.compute_dtype
        inputs = [ops.transpose(a, (1, 0, 2)) for a in (noise, forced, mask)]
        layers, maps = len(self.network.blocks), self.network.sizes["width"]
        float_type = logits_type(dtype)
        start = (
            ops.zeros((), "int32"),
            ops.zeros((self.width, batch, self.colours), "int32"),
            ops.zeros((self.width, batch, self.colours), float_type),
            (ops.zeros((self.width, batch, self.colours, self.network.levels), float_type),)
            if self.keep_logits
            else (),
            ops.zeros((batch, weights.taps[0], self.colours), dtype),
            ops.zeros((max(layers - 1, 1), batch, weights.taps[1], maps), dtype),
        )

        def body(i: Any, values: Any, log_prob: Any, logits: Any, left: Any, maps: Any) -> Any:
            hoisted = _at(links, i) + weights.left_taps(left, maps)
            given = [_at(array, i) for array in inputs]
            pixel, inside = self._pixel(weights, hoisted, *given)
            chosen, chance, scores = (ops.stack(part, axis=1) for part in zip(*pixel, strict=True))
            new = ops.expand_dims(centred(chosen, self.network.levels, dtype), 1)
            left = ops.concatenate([left[:, 1:], new], axis=1)
            if inside is not None:
                maps = ops.concatenate([maps[:, :, 1:], inside[:, :, None]], axis=2)
            return (
                i + 1,
                _put(values, chosen, i),
                _put(log_prob, chance, i),
                tuple(_put(buffer, scores, i) for buffer in logits),
                left,
                maps,
            )

        done = ops.while_loop(
            lambda i, *rest: i < self.width, body, start, maximum_iterations=self.width
        )
        values, log_prob, logits = done[1:4]
        return (
            ops.transpose(values, (1, 0, 2)),
            ops.transpose(log_prob, (1, 0, 2)),
            ops.transpose(logits[0], (1, 0, 2, 3)) if logits else None,
        )

    def _pixel(
        self, weights: _Weights, hoisted: Any, noise: Any, forced: Any, mask: Any
    ) -> tuple[list[tuple[Any, Any, Any]], Any]:
        """One pixel, colour by colour.

        Returns:
            per colour (value, log-probability, logits), and the maps that the left taps of the
            next pixels need: `(layers - 1, B, p)`, or None with a single layer.
        """
        layers = len(self.network.blocks)
        gated: list[list[Any]] = [[] for _ in range(layers)]
        maps: list[list[Any]] = [[] for _ in range(layers)]
        hidden: list[Any] = []
        scaled: list[Any] = []
        drawn: list[tuple[Any, Any, Any]] = []
        for colour in range(self.colours):
            part = slice(int(self.cuts[colour]), int(self.cuts[colour + 1]))
            for layer in range(layers):
                before_gate = hoisted[layer, :, part]
                centre = weights.centre[layer][colour]
                if centre is not None:
                    source = scaled if layer == 0 else maps[layer - 1]
                    before_gate = before_gate + ops.matmul(_joined(source), centre)
                gated[layer].append(gate(before_gate))
                kernel, bias = weights.output[layer][colour]
                out = ops.matmul(_joined(gated[layer]), kernel) + bias
                maps[layer].append(out if layer == 0 else out + maps[layer - 1][colour])
            kernel, bias = weights.hidden[colour]
            hidden.append(ops.matmul(ops.relu(_joined(maps[-1])), kernel) + bias)
            kernel, bias = weights.logits[colour]
            scores = ops.matmul(ops.relu(_joined(hidden)), kernel) + bias
            drawn.append(
                self._draw(
                    ops.cast(scores, logits_type(self.network.compute_dtype)),
                    noise[:, colour],
                    forced[:, colour],
                    mask[:, colour],
                )
            )
            value = centred(drawn[-1][0], self.network.levels, self.network.compute_dtype)
            scaled.append(value[:, None])
        inside = ops.stack([_joined(m) for m in maps[:-1]]) if layers > 1 else None
        return drawn, inside

    def _draw(self, logits: Any, noise: Any, forced: Any, mask: Any) -> tuple[Any, Any, Any]:
        return *choose(logits, noise, self.decoding, forced, mask), logits


class _Weights:
    """Kernels of the horizontal stack cut for the step view, in group-major order."""

    def __init__(self, network: GatedPixelCNN, order: np.ndarray) -> None:
        colours = range(network.channels)
        blocks = network.blocks
        self.taps = (blocks[0].horizontal.left, network.sizes["kernel"] // 2)
        left = [ops.take(b.horizontal.left_weights(), order, axis=1) for b in blocks]
        self.first_left = left[0]
        self.later_left = ops.stack(left[1:]) if len(left) > 1 else None
        self.centre = [[b.horizontal.centre_weights(g) for g in colours] for b in blocks]
        self.output = [[b.output_map.group_weights(g) for g in colours] for b in blocks]
        self.hidden = [network.hidden.group_weights(g) for g in colours]
        self.logits = [network.logits_map.group_weights(g) for g in colours]

    def left_taps(self, left: Any, maps: Any) -> Any:
        """Contribution of earlier pixels of the row to the gates of all layers.

        Args:
            left: `(B, k, C)` earlier values. maps: `(layers - 1, B, k', p)` earlier maps.

        Returns:
            `(layers, B, 2p)`.
        """
        batch = left.shape[0]
        first = ops.matmul(ops.reshape(left, (batch, -1)), self.first_left)[None]
        if self.later_left is None:
            return first
        flat = ops.reshape(maps, (maps.shape[0], batch, -1))
        return ops.concatenate([first, ops.matmul(flat, self.later_left)], axis=0)


def _joined(parts: list[Any]) -> Any:
    return parts[0] if len(parts) == 1 else ops.concatenate(parts, axis=-1)


def _at(array: Any, i: Any) -> Any:
    """`array[i]` for a traced index."""
    rest = len(array.shape) - 1
    cut = ops.slice(array, (i, *[0] * rest), (1, *array.shape[1:]))
    return ops.reshape(cut, array.shape[1:])


def _put(array: Any, value: Any, i: Any) -> Any:
    """`array` with `array[i] = value` for a traced index."""
    start = (i, *[0] * (len(array.shape) - 1))
    return ops.slice_update(array, start, ops.cast(value[None], array.dtype))
