"""What samplers and checks see of a Gated PixelCNN."""

from __future__ import annotations

from typing import Any

import numpy as np

from genkit.layers.values import centred
from genkit.models.gated_pixelcnn.network import GatedPixelCNN
from genkit.models.gated_pixelcnn.rows import ParallelRows
from genkit.models.gated_pixelcnn.sampling import GatedSteps
from genkit.sampling.decoding import Decoding
from genkit.sampling.raster.rows import RowSampler
from genkit.sampling.raster.steering import VECTOR, Steering


class GatedPixelCNNView:
    """What samplers and checks see of a Gated PixelCNN (`RasterNetwork`).

    Args:
        network: the built network. shape: of the images. reach: see the recipe's section.
        steering: its conditions.
    """

    def __init__(
        self, network: GatedPixelCNN, shape: tuple[int, int, int], reach: int, steering: Steering
    ) -> None:
        self.network, self.shape, self.reach = network, shape, reach
        self.levels, self.steering = network.levels, steering
        self.variables = list(network.variables)

    def examples(self, count: int) -> np.ndarray:
        return self.steering.examples(count)

    def scores(self, x: Any, vector: Any) -> Any:
        """Logits of images already centred to [-1, 1]: what gradients are taken of."""
        return self.network(x, vector)

    def logits(self, values: Any, vector: Any) -> Any:
        return self.scores(centred(values, self.levels, self.network.compute_dtype), vector)

    def training_logits(self, batch: Any) -> Any:
        """Logits of a training batch `image`, `vector` and, with dropout, `kept`."""
        x = centred(batch["image"], self.levels, self.network.compute_dtype)
        return self.network(x, batch[VECTOR], kept=batch.get("kept"), training=True)

    def row_sampler(self, decoding: Decoding, keep_logits: bool = False) -> RowSampler:
        return RowSampler(GatedSteps(self.network, self.shape), decoding, keep_logits)

    def parallel_rows(self) -> ParallelRows:
        return ParallelRows(self.network, self.shape[1])

    def sees(self, output: tuple[int, int, int], value: tuple[int, int, int]) -> bool:
        """Whether the logits at `output` (row, column, channel) must depend on `value`.

        Written down from the paper's figure, not from the code: a rectangle above, the pixels
        on the left, the earlier colours of the pixel itself.
        """
        above, across = output[0] - value[0], value[1] - output[1]
        if above > 0:
            return above <= self.reach + 1 and abs(across) <= self.reach
        if above < 0:
            return False
        return -self.reach <= across < 0 or (across == 0 and value[2] < output[2])
