"""The networks that the project's own benchmarks time: random weights, no data.

No backend is imported before a network is built.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from genkit.family import Workload
from genkit.randomness import raw_bits

Groups = Iterator[tuple[dict[str, Any], Sequence[Workload]]]

# The lighter one first: the peak of an accelerator's memory cannot be reset.
PRECISIONS = ("bfloat16", "float32")


@dataclass(frozen=True)
class ImageCase:
    """A Gated PixelCNN; kernels are 7 first, then 3.

    Args:
        name: what the rows say under `case`.
        layers, width, head: of the network.
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
    trains = True

    def learner(self, batch_size: int = 64, precision: str = "float32") -> Any:
        """With random weights: fresh ones have zero biases and draw almost uniformly."""
        from genkit import backend  # noqa: F401 - before Keras: hides what TensorFlow prints
        from genkit.building import build_learner
        from genkit.conformance.weights import randomise
        from genkit.recipe import from_mapping

        model = {"layers": self.layers, "width": self.width, "head": self.head}
        image = {"size": self.size, "channels": self.channels, "levels": self.levels}
        counts = {"train_count": 1, "validation_count": 1, "test_count": 1}
        values = {
            "family": "gated_pixelcnn",
            "model": {**model, "first_kernel": 7, "kernel": 3},
            "data": {"name": "textures", **image, **counts},
            "train": {"batch_size": batch_size, "precision": precision, "average": 0.999},
        }
        learner: Any = build_learner(from_mapping(values, f"benchmark/{self.name}"))
        randomise(learner.view.variables, 0)
        return learner

    def describe(self) -> dict[str, Any]:
        """Columns that tell the rows of one case from those of another."""
        shape = f"{self.size}x{self.size}x{self.channels}"
        return {"case": self.name, "image": shape, "levels": self.levels}

    def sampling(self, tiles: Sequence[int]) -> list[Workload]:
        """Every sampler at every tile."""
        from genkit.benchmark import raster_workloads

        return raster_workloads(self.learner().view, tiles)

    def training(self, batch_size: int, precision: str) -> Workload:
        """An update on random images."""
        from genkit.benchmark import training_workload

        shape = (batch_size, self.size, self.size, self.channels)
        bits = raw_bits(0, "benchmark/images", 0, int(np.prod(shape)))
        images = (bits % np.uint64(self.levels)).astype(np.uint8).reshape(shape)
        return training_workload(self.learner(batch_size, precision), {"image": images})


@dataclass(frozen=True)
class SequenceCase:
    """A WaveNet of three cycles of ten layers, kernel width 2, for audio of 16 kHz.

    Args:
        name: what the rows say under `case`.
        residual, skip: channels.
        length: values of a sequence.
        tiles: timed by `make bench`, beside `audio_stack.py`.
    """

    name: str
    residual: int
    skip: int
    length: int
    tiles: tuple[int, ...]
    cycles: int = 3
    cycle: int = 10
    trains = False  # a learner is another matter

    def describe(self) -> dict[str, Any]:
        return {"case": self.name, "length": self.length, "levels": 256}

    def sampling(self, tiles: Sequence[int]) -> list[Workload]:
        """Every sampler at every tile."""
        from genkit import backend  # noqa: F401 - before Keras: hides what TensorFlow prints
        from genkit.benchmark import sequence_workloads
        from genkit.conformance.weights import randomise
        from genkit.layers.dilation import dilation_cycles
        from genkit.models.wavenet.network import WaveNet
        from genkit.models.wavenet.sampling import WaveNetSequence

        dilations = dilation_cycles(self.cycles, self.cycle)
        sizes = {"residual": self.residual, "skip": self.skip, "head": 256}
        network = WaveNet(levels=256, dilations=dilations, **sizes)
        network.build((None, None))
        randomise(network.variables, 0)
        return sequence_workloads(WaveNetSequence(network), tiles, self.length, 16_000)


Case = ImageCase | SequenceCase

CASES: dict[str, Case] = {
    case.name: case
    for case in (
        ImageCase("grey-15x64", 15, 64, 64, 28, 1, 2, (16, 64)),
        ImageCase("colour-15x66", 15, 66, 66, 32, 3, 256, (16, 64)),
        ImageCase("grey-7x32", 7, 32, 64, 28, 1, 2, (1,)),
        SequenceCase("audio-32x128", 32, 128, 4096, (1,)),
        SequenceCase("audio-64x256", 64, 256, 4096, (1,)),
        # For tests of the benchmarks themselves.
        ImageCase("tiny", 1, 3, 3, 3, 1, 2, (2,)),
        SequenceCase("tiny-audio", 4, 6, 12, (1,), 1, 2),
    )
}


def sampling(case: Case, tiles: Sequence[int]) -> Groups:
    """The incremental sampler at all tiles, then the others, which need more memory."""
    workloads = case.sampling(tiles)
    first = [workload for workload in workloads if workload.name == "incremental"]
    yield case.describe(), first
    yield case.describe(), [workload for workload in workloads if workload not in first]


def training(case: Case, batches: Sequence[int]) -> Groups:
    """Updates in each precision at each batch size, where there is a learner."""
    if isinstance(case, ImageCase):
        for batch in sorted(batches):
            for precision in PRECISIONS:
                columns = {**case.describe(), "precision": precision}
                yield columns, [case.training(batch, precision)]
