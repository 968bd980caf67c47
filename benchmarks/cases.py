"""The networks that the project's own benchmarks time: random weights, no data, no training."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from genkit import backend
from genkit.building import build_learner
from genkit.conformance.weights import randomise
from genkit.family import Arrays, Learner
from genkit.randomness import raw_bits
from genkit.recipe import from_mapping


@dataclass(frozen=True)
class ImageCase:
    """A Gated PixelCNN.

    Args:
        name: what the rows say under `case`.
        layers, width, head: of the network; kernels are 7 first, then 3.
        size, channels, levels: of the square images.
        tiles: timed by `make bench`.
    """

    name: str
    layers: int
    width: int
    head: int
    size: int
    channels: int
    levels: int
    tiles: tuple[int, ...]

    def learner(self, batch_size: int = 64, precision: str = "float32") -> Learner:
        """With random weights: fresh ones have zero biases and draw almost uniformly."""
        model = {"layers": self.layers, "width": self.width, "head": self.head}
        counts = {"train_count": 1, "validation_count": 1, "test_count": 1}
        values = {
            "family": "gated_pixelcnn",
            "model": {**model, "first_kernel": 7, "kernel": 3},
            "data": {
                "name": "textures",
                "size": self.size,
                "channels": self.channels,
                "levels": self.levels,
                **counts,
            },
            "train": {"batch_size": batch_size, "precision": precision, "average": 0.999},
        }
        learner = build_learner(from_mapping(values, f"benchmark/{self.name}"))
        randomise(learner.view.variables, 0)  # type: ignore[attr-defined]
        return learner

    def batch(self, count: int) -> Arrays:
        """Random images to train on, `(count, size, size, channels)`."""
        shape = (count, self.size, self.size, self.channels)
        bits = raw_bits(0, "benchmark/images", 0, int(np.prod(shape)))
        return {"image": (bits % np.uint64(self.levels)).astype(np.uint8).reshape(shape)}


IMAGES = {
    case.name: case
    for case in (
        ImageCase("grey-15x64", 15, 64, 64, 28, 1, 2, (16, 64)),
        ImageCase("colour-15x66", 15, 66, 66, 32, 3, 256, (16, 64)),
        ImageCase("grey-7x32", 7, 32, 64, 28, 1, 2, (1,)),
        # For tests of the benchmarks themselves.
        ImageCase("tiny", 2, 4, 6, 4, 1, 3, (1, 2)),
    )
}


def describe(case: ImageCase) -> dict[str, Any]:
    """Columns that tell the rows of one case from those of another."""
    shape = f"{case.size}x{case.size}x{case.channels}"
    return {"case": case.name, "backend": backend.name(), "image": shape, "levels": case.levels}
