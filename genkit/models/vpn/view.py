"""What samplers and checks see of a VPN: the density of one frame, steered by what came before."""

from __future__ import annotations

from typing import Any

import numpy as np
from keras import ops

from genkit.layers.values import centred
from genkit.models.vpn.network import VPN
from genkit.models.vpn.sampling import VPNSteps
from genkit.randomness import uniform
from genkit.sampling.decoding import Decoding
from genkit.sampling.raster.network import RowNetwork
from genkit.sampling.raster.rows import RowSampler
from genkit.sampling.raster.steering import Steering


class FrameView:
    """The `RasterNetwork` of a VPN's decoder.

    The vector that steers a frame holds its context, flat, and the vector of the frame before.

    Args:
        network: the built network. shape: of the frames.
    """

    steering = Steering()

    def __init__(self, network: VPN, shape: tuple[int, int, int]) -> None:
        self.network, self.shape, self.levels = network, shape, network.levels
        self.context_shape = (*shape[:2], network.units)
        self.variables = list(network.variables)

    def pack(self, context: Any, vector: Any) -> Any:
        """The vector `(B, n)` of a context `(B, H, W, h)` and the vector of the frame before."""
        flat = ops.reshape(context, (int(context.shape[0]), -1))
        return flat if vector is None else ops.concatenate([flat, vector], axis=-1)

    def unpack(self, packed: Any) -> tuple[Any, Any]:
        """Context and vector, in the network's type; no vector where it takes none."""
        packed = ops.cast(packed, self.network.compute_dtype)
        size = int(np.prod(self.context_shape))
        context = ops.reshape(packed[:, :size], (-1, *self.context_shape))
        return context, packed[:, size:] if self.network.conditions else None

    def examples(self, count: int) -> np.ndarray:
        """Contexts and vectors of noise."""
        size = int(np.prod(self.context_shape)) + self.network.conditions
        numbers = uniform(0, "vpn/context", 0, (count, size))
        return np.asarray(2.0 * numbers - 1.0, np.float32)

    def scores(self, x: Any, vector: Any) -> Any:
        """Logits of frames already centred to [-1, 1]: what gradients are taken of."""
        context, steering = self.unpack(vector)
        return self.network.decode(x, context, steering)

    def logits(self, values: Any, vector: Any) -> Any:
        return self.scores(centred(values, self.levels, self.network.compute_dtype), vector)

    def row_sampler(self, decoding: Decoding, keep_logits: bool = False) -> RowSampler:
        steps = VPNSteps(self.network, self.shape, self.unpack)
        return RowSampler(steps, decoding, keep_logits)

    def parallel_rows(self) -> RowNetwork | None:
        return None

    def sees(self, output: tuple[int, int, int], value: tuple[int, int, int]) -> bool:
        """Whether the logits at `output` (row, column, channel) must depend on `value` of the same
        frame. Written down from the paper's figures, not from the code."""
        if not self.network.sizes["dependent"]:
            return False
        above, across = output[0] - value[0], value[1] - output[1]
        first = self.network.sizes["first_kernel"] // 2
        side = self.network.sizes["kernel"] // 2
        layers = 2 * self.network.sizes["decoder"]
        reach = first + side * layers
        if above < 0 or (above == 0 and across > 0):
            return False
        if above == 0 and across == 0:
            return value[2] < output[2]
        if above == 0:
            return -reach <= across
        # To the right only where a layer also goes up: one of the rows at least.
        right = first + side * min(layers, above - 1)
        return above <= reach and -reach <= across <= right
