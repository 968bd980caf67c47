"""What a decoder without a likelihood draws: one image for each vector, nothing by chance."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from genkit.artifacts import Images
from genkit.errors import UsageError
from genkit.family import Arrays, Chunk, Forced, SampleSettings
from genkit.sampling.raster.steering import VECTOR, Steering


class MeanImages:
    """The `Generator` of such a decoder. There is no likelihood: log-probabilities are NaN.

    Args:
        steering: of the decoder. decode: images `(B, H, W, C)` uint8 of vectors `(B, D)`.
        settings: the tile; nothing else has a meaning here. levels: values of a channel.
    """

    chunks: int | None = 1

    def __init__(
        self,
        steering: Steering,
        decode: Callable[[np.ndarray], np.ndarray],
        settings: SampleSettings,
        levels: int,
    ) -> None:
        plain = SampleSettings(settings.tile)
        for name in ("temperature", "top_k", "top_p", "sampler"):
            if getattr(settings, name) != getattr(plain, name):
                raise UsageError(
                    f"--{name.replace('_', '-')} says how values are drawn, but an mse decoder "
                    "draws none. Leave it out."
                )
        self.steering, self.decode = steering, decode
        self.settings, self.levels = settings, levels

    def conditions(self, rows: Sequence[Mapping[str, str]], first_index: int) -> Arrays:
        return self.steering.read(rows, range(first_index, first_index + len(rows)))

    def condition_values(self, rows: Sequence[Mapping[str, str]]) -> str | None:
        """A digest of the vectors that conditions refer to, in files and splits."""
        return self.steering.digest(rows)

    def noise(self, seed: int, indices: Sequence[int], chunk: int) -> np.ndarray:
        """None is needed."""
        return np.zeros((len(indices), 0), np.float32)

    def begin(self, conditions: Arrays) -> Any:
        return conditions[VECTOR]

    def advance(
        self, state: Any, noise: np.ndarray, forced: Forced | None, conditions: Arrays
    ) -> Chunk:
        values = self.decode(state)
        return Chunk(
            values, np.full(values.shape, np.nan, np.float32), None, True, dict(conditions)
        )

    def finish(self, chunks: Sequence[Chunk], indices: Sequence[int]) -> list[Images]:
        """The images of the tile; padding rows are left out."""
        count, extras = len(indices), chunks[0].extras
        labels = extras["class"][:count] if "class" in extras else None
        unknown = np.full(count, np.nan, np.float32)
        index = np.asarray(indices, np.int64)
        return [Images(chunks[0].values[:count], unknown, index, self.levels, labels)]
