"""Images between two conditions, drawn on the same noise."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Protocol, runtime_checkable

import numpy as np

from genkit.artifacts import Images
from genkit.errors import UsageError, unknown
from genkit.family import Arrays, Chunk, Forced, Generator, ReferringGenerator, SampleSettings
from genkit.sampling.raster.steering import VECTOR, Steering

Row = Mapping[str, str]


@runtime_checkable
class SteeredGenerator(ReferringGenerator, Protocol):
    """A generator of images whose conditions are a vector."""

    steering: Steering


class Interpolation:
    """Rows of `steps` samples each: the first of a row has the conditions that are asked for, the
    last those of `to`, the vectors of the others lie evenly on the line between them. All samples
    of a row share their noise (van den Oord et al., 2016, arXiv:1606.05328, section 3.3).

    A `Generator` around another one; sample i is the one of row i // steps, at i % steps.

    Args:
        generator: what draws. to: conditions of the last sample of a row; what it leaves out is
            as in the first. steps: samples of a row, 2 at least.

    Raises:
        UsageError: if the generator has no conditions, or not those of `to`.
    """

    def __init__(self, generator: Generator, to: Row, steps: int) -> None:
        if not isinstance(generator, SteeredGenerator) or not generator.steering.parts:
            raise UsageError("--interpolate is for models with conditions, which this one has none")
        for key in to:
            if key not in generator.steering.keys:
                known = generator.steering.keys
                raise UsageError(f"--interpolate: {unknown('condition', key, known)}")
        self.generator, self.steering, self.to, self.steps = (
            generator,
            generator.steering,
            to,
            steps,
        )
        self.settings: SampleSettings = generator.settings
        self.chunks: int | None = generator.chunks

    def conditions(self, rows: Sequence[Row], first_index: int) -> Arrays:
        """`vector (B, D)`; see `Steering.read`."""
        indices = np.arange(first_index, first_index + len(rows))
        numbers = [int(number) for number in indices // self.steps]
        ends = [
            self.steering.read(asked, numbers)[VECTOR] for asked in (rows, list(self._last(rows)))
        ]
        share = (indices % self.steps / (self.steps - 1)).astype(np.float32)[:, None]
        return {VECTOR: (1 - share) * ends[0] + share * ends[1]}

    def _last(self, rows: Sequence[Row]) -> Iterator[Row]:
        """The conditions at the end of each row."""
        replaced = {
            key
            for part in self.steering.parts
            if set(part.keys) & set(self.to)
            for key in part.keys
        }
        for row in rows:
            yield {**{k: v for k, v in row.items() if k not in replaced}, **self.to}

    def condition_values(self, rows: Sequence[Row]) -> str | None:
        """As for the generator itself, of both ends."""
        found = [self.steering.digest(rows), self.steering.digest(self._last(rows))]
        return None if found == [None, None] else " ".join(map(str, found))

    def noise(self, seed: int, indices: Sequence[int], chunk: int) -> np.ndarray:
        return self.generator.noise(seed, [i // self.steps for i in indices], chunk)

    def begin(self, conditions: Arrays) -> Any:
        return self.generator.begin(conditions)

    def advance(
        self, state: Any, noise: np.ndarray, forced: Forced | None, conditions: Arrays
    ) -> Chunk:
        return self.generator.advance(state, noise, forced, conditions)

    def finish(self, chunks: Sequence[Chunk], indices: Sequence[int]) -> list[Images]:
        """The images, in a grid of `steps` columns."""
        return [
            replace(images, columns=self.steps)
            for images in self.generator.finish(chunks, indices)
            if isinstance(images, Images)
        ]
