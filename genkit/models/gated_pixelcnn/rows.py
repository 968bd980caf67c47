"""The Gated PixelCNN a whole row at a time: all pixels of a row in parallel, as proposals need.

The vertical stack and the links depend on the rows above only and are computed once a row; each
proposal for the row then costs one pass through the horizontal stack.
"""

from __future__ import annotations

from typing import Any

from keras import ops

from genkit.layers.gated import gate
from genkit.layers.values import centred
from genkit.models.gated_pixelcnn.network import GatedPixelCNN
from genkit.sampling.decoding import logits_type


class ParallelRows:
    """The `RowNetwork` of a Gated PixelCNN.

    Args:
        network: the built network.
        width: of the images.
    """

    def __init__(self, network: GatedPixelCNN, width: int) -> None:
        self.network, self.width = network, width
        self.float_type = logits_type(network.compute_dtype)

    def begin(self, batch: int, vector: Any) -> dict[str, Any]:
        """State before the first row: zeros above, and the biases of the condition."""
        dtype, maps = self.network.compute_dtype, self.network.sizes["width"]
        rows, biases = [], []
        for i, block in enumerate(self.network.blocks):
            inputs = self.network.channels if i == 0 else maps
            rows.append(ops.zeros((batch, block.vertical.above, self.width, inputs), dtype))
            none = ops.zeros((batch, 2 * maps), dtype)
            biases.append((none, none) if block.condition is None else block.condition(vector))
        above = [ops.zeros((batch, self.width, 2 * maps), dtype) for _ in self.network.blocks]
        vertical, horizontal = zip(*biases, strict=True)
        return {"rows": rows, "above": above, "vertical": vertical, "horizontal": horizontal}

    def context(self, state: dict[str, Any]) -> list[Any]:
        """What the rows above and the condition add to the gates of each layer, `(B, W, 2p)`."""
        parts = zip(self.network.blocks, state["above"], state["horizontal"], strict=True)
        return [block.link(above) + bias[:, None] for block, above, bias in parts]

    def logits(self, context: list[Any], row: Any) -> Any:
        """Logits `(B, W, C, levels)` of a row from its proposed values `(B, W, C)`."""
        maps = centred(row, self.network.levels, self.network.compute_dtype)
        for block, above in zip(self.network.blocks, context, strict=True):
            across = block.output_map(gate(block.horizontal(maps[:, None])[:, 0] + above))
            maps = across if block.first else across + maps
        return self.network.head(maps)

    def advance(self, state: dict[str, Any], row: Any) -> dict[str, Any]:
        """The state of the next row, once the values `(B, W, C)` of this one are certain."""
        maps = centred(row, self.network.levels, self.network.compute_dtype)
        rows, above = [], []
        for i, block in enumerate(self.network.blocks):
            before_gate, kept = block.vertical.step(maps, state["rows"][i])
            rows.append(kept)
            above.append(before_gate)
            maps = gate(before_gate + state["vertical"][i][:, None])
        return {**state, "rows": rows, "above": above}
