"""What samplers and checks see of a PixelRNN."""

from __future__ import annotations

from typing import Any

import numpy as np

from genkit.layers.values import centred, centred_array
from genkit.models.pixelrnn.network import PixelRNN
from genkit.models.pixelrnn.sampling import PixelRNNSteps
from genkit.randomness import raw_bits
from genkit.sampling.decoding import Decoding
from genkit.sampling.raster.network import RowNetwork
from genkit.sampling.raster.rows import RowSampler
from genkit.sampling.raster.steering import Steering


class PixelRNNView:
    """The `RasterNetwork` of a PixelRNN.

    Args:
        network: the built network. shape: of the images.
    """

    steering = Steering()

    def __init__(self, network: PixelRNN, shape: tuple[int, int, int]) -> None:
        self.network, self.shape, self.levels = network, shape, network.levels
        self.variables = list(network.variables)

    def examples(self, count: int) -> np.ndarray:
        return self.steering.examples(count)

    def scores(self, x: Any, vector: Any) -> Any:
        """Logits of images already centred to [-1, 1]: what gradients are taken of."""
        return self.network(x)

    def logits(self, values: Any, vector: Any) -> Any:
        return self.scores(centred(values, self.levels, self.network.compute_dtype), vector)

    def training_logits(self, batch: Any) -> Any:
        """Logits of a training batch `image` and, with dropout, `kept`."""
        x = centred(batch["image"], self.levels, self.network.compute_dtype)
        return self.network(x, kept=batch.get("kept"), training=True)

    def row_sampler(self, decoding: Decoding, keep_logits: bool = False) -> RowSampler:
        return RowSampler(PixelRNNSteps(self.network, self.shape), decoding, keep_logits)

    def parallel_rows(self) -> RowNetwork | None:
        return None

    def sees(self, output: tuple[int, int, int], value: tuple[int, int, int]) -> bool:
        """Whether the logits at `output` (row, column, channel) must depend on `value`.

        Written down from the paper's figures, not from the code.
        """
        above, across = output[0] - value[0], value[1] - output[1]
        if above < 0 or (above == 0 and across > 0):
            return False
        if above == 0 and across == 0:
            return value[2] < output[2]
        field = {"pixelcnn": self._in_funnel, "row": self._in_triangle}
        if self.network.kind == "diagonal":
            return self._on_diagonals(above, across, value)
        return field[self.network.kind](above, across)

    def _reaches(self) -> tuple[int, int, int]:
        """To the left of the first layer; of each further layer; how many of those."""
        sizes = self.network.sizes
        return sizes["first_kernel"] // 2, sizes["kernel"] // 2, sizes["layers"]

    def _in_funnel(self, above: int, across: int) -> bool:
        """Masked convolutions: to the right only where a layer also goes up."""
        first, further, layers = self._reaches()
        left = first + further * layers
        if above == 0:
            return -left <= across
        right = first + further * min(layers, above - 1)
        return above <= first + further * layers and -left <= across <= right

    def _in_triangle(self, above: int, across: int) -> bool:
        """Row LSTM: the states of each row see as far to both sides as rows lie between."""
        first, further, layers = self._reaches()
        left = first + further * layers
        if above == 0:
            return -left <= across
        slope = self.network.sizes["state_kernel"] // 2
        return -(left + slope * above) <= across <= first + slope * (above - 1)

    def _on_diagonals(self, above: int, across: int, value: tuple[int, int, int]) -> bool:
        """Diagonal BiLSTM: everything, but for the last pixel of the row above.

        A value enters through the first convolution at a later pixel. Of the row above, the
        second direction brings all pixels; but no pixel of that row comes after its last one,
        whose last colour is therefore seen only by what lies below it.
        """
        first, _, _ = self._reaches()
        width, channels = self.shape[1:]
        last = value[1] == width - 1 and value[2] == channels - 1
        return not (above == 1 and last and across > first)


class SteeredView(PixelRNNView):
    """The `RasterNetwork` of a PixelRNN steered by a small image, which is the vector.

    Args:
        network: the built network. shape: of the images. small_shape: of the small ones.
        upsampling: from small images, centred, to the maps that steer the network.
    """

    def __init__(
        self,
        network: PixelRNN,
        shape: tuple[int, int, int],
        small_shape: tuple[int, int, int],
        upsampling: Any,
    ) -> None:
        super().__init__(network, shape)
        self.small_shape, self.upsampling = small_shape, upsampling
        self.variables = [*network.variables, *upsampling.variables]

    def scores(self, x: Any, vector: Any) -> Any:
        return self.network(x, self.upsampling(vector))

    def training_logits(self, batch: Any) -> Any:
        x = centred(batch["image"], self.levels, self.network.compute_dtype)
        given = self.upsampling(batch["vector"])
        return self.network(x, given, kept=batch.get("kept"), training=True)

    def row_sampler(self, decoding: Decoding, keep_logits: bool = False) -> RowSampler:
        steps = PixelRNNSteps(self.network, self.shape, self.upsampling)
        return RowSampler(steps, decoding, keep_logits)

    def examples(self, count: int) -> np.ndarray:
        """Small images of noise, centred, `(count, h, w, C)` float32."""
        bits = raw_bits(0, "pixelrnn/small", 0, count * int(np.prod(self.small_shape)))
        values = centred_array(bits % np.uint64(self.levels), self.levels)
        return values.reshape(count, *self.small_shape)
