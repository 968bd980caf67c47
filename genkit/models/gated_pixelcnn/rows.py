"""The Gated PixelCNN a whole row at a time: all pixels of a row in parallel, as proposals need.

The vertical stack and the links depend on the rows above only and are computed once a row; each
proposal for the row then costs one pass through the horizontal stack.
"""

from __future__ import annotations

from typing import Any

from keras import ops

from genkit.layers.gated import gate
from genkit.layers.indexing import at
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
        """State before the first row: zeros above, and what conditions add to the gates."""
        dtype, maps = self.network.compute_dtype, self.network.sizes["width"]
        rows = []
        for i, block in enumerate(self.network.blocks):
            inputs = self.network.channels if i == 0 else maps
            rows.append(ops.zeros((batch, block.vertical.above, self.width, inputs), dtype))
        above = [ops.zeros((batch, self.width, 2 * maps), dtype) for _ in self.network.blocks]
        given = self.network.given(vector)
        if given is None:
            given = ops.zeros((batch, 1, 1, 0), dtype)
        # Row by row, a single one that holds for all where conditions do not depend on the place.
        given = ops.transpose(given, (1, 0, 2, 3))
        return {"rows": rows, "above": above, "given": given, "row": ops.zeros((), "int32")}

    def _steered(self, state: dict[str, Any], stack: int) -> list[Any]:
        """What conditions add to the gates of a stack in this row, `(B, 1 or W, 2p)` per layer."""
        if not self.network.steered:
            return [0.0] * len(self.network.blocks)
        given = state["given"]
        row = given[0] if given.shape[0] == 1 else at(given, state["row"])
        return [block.condition(row)[stack] for block in self.network.blocks]

    def context(self, state: dict[str, Any]) -> list[Any]:
        """What the rows above and the condition add to the gates of each layer, `(B, W, 2p)`."""
        parts = zip(self.network.blocks, state["above"], self._steered(state, 1), strict=True)
        return [block.link(above) + bias for block, above, bias in parts]

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
        rows, above, steered = [], [], self._steered(state, 0)
        for i, block in enumerate(self.network.blocks):
            before_gate, kept = block.vertical.step(maps, state["rows"][i])
            rows.append(kept)
            above.append(before_gate)
            maps = gate(before_gate + steered[i])
        return {**state, "rows": rows, "above": above, "row": state["row"] + 1}
