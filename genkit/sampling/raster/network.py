"""What samplers and checks see of an image model."""

from __future__ import annotations

from typing import Any, Protocol

from genkit.sampling.decoding import Decoding


class RasterNetwork(Protocol):
    """What a family tells about its image model.

    `shape` is (H, W, C), `classes` None without a class condition.
    """

    shape: tuple[int, int, int]
    levels: int
    classes: int | None
    variables: list[Any]

    def scores(self, x: Any, vector: Any) -> Any:
        """Parallel logits `(B, H, W, C, levels)` of centred images: gradients are taken of it."""
        ...

    def logits(self, values: Any, vector: Any) -> Any:
        """The same of integer images `(B, H, W, C)`."""
        ...

    def training_logits(self, batch: Any) -> Any:
        """Logits of a training batch: `image`, `vector` and what the family adds to it."""
        ...

    def sees(self, output: tuple[int, int, int], value: tuple[int, int, int]) -> bool:
        """Whether the logits at `output` (row, column, channel) must depend on `value`."""
        ...

    def row_sampler(self, decoding: Decoding, keep_logits: bool = False) -> Any:
        """An object with `begin(batch, vector)` and `advance(state, noise, forced, mask)`."""
        ...
