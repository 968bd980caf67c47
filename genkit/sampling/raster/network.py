"""What samplers and checks see of an image model."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np

from genkit.sampling.decoding import Decoding
from genkit.sampling.raster.steering import Steering


class RowNetwork(Protocol):
    """An image model a row at a time, all values of the row in parallel.

    `float_type` is that of its logits.
    """

    float_type: str

    def begin(self, batch: int, vector: Any) -> Any:
        """The state before the first row."""
        ...

    def context(self, state: Any) -> Any:
        """Whatever of a row's logits does not depend on the row's own values."""
        ...

    def logits(self, context: Any, row: Any) -> Any:
        """Logits `(B, W, C, levels)` of the values `(B, W, C)`."""
        ...

    def advance(self, state: Any, row: Any) -> Any:
        """The state of the next row."""
        ...


class RasterNetwork(Protocol):
    """What a family tells about its image model.

    `shape` is (H, W, C); `steering` says what images can be asked to be.
    """

    shape: tuple[int, int, int]
    levels: int
    steering: Steering
    variables: list[Any]

    def examples(self, count: int) -> np.ndarray:
        """Vectors as the network takes them, `(count, ...)`, for checks and timings."""
        ...

    def scores(self, x: Any, vector: Any) -> Any:
        """Parallel logits `(B, H, W, C, levels)` of centred images: gradients are taken of it."""
        ...

    def logits(self, values: Any, vector: Any) -> Any:
        """The same of integer images `(B, H, W, C)`."""
        ...

    def sees(self, output: tuple[int, int, int], value: tuple[int, int, int]) -> bool:
        """Whether the logits at `output` (row, column, channel) must depend on `value`."""
        ...

    def row_sampler(self, decoding: Decoding, keep_logits: bool = False) -> Any:
        """An object with `begin(batch, vector)`, which returns what stays as it is for the whole
        image and the state before the first row, and
        `advance(fixed, state, noise, forced, mask)` for some rows, `(B, R, W, C)` each."""
        ...

    def parallel_rows(self) -> RowNetwork | None:
        """The view that the fixed-point sampler uses; without one it takes whole images."""
        ...
