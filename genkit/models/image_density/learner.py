"""The learner of exact image densities: a subclass only builds a network and its samplers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Protocol

import numpy as np
from keras import ops

from genkit import backend
from genkit.artifacts import Images
from genkit.batches import pad_rows
from genkit.data.images.dataset import ImageSplit
from genkit.family import (
    Arrays,
    Check,
    Evaluation,
    EvaluationRequest,
    Forced,
    Generator,
    Metrics,
    Monitor,
    SampleSettings,
    Workload,
)
from genkit.learning import GradientStep, dropout_factors
from genkit.models.image_density import evaluation
from genkit.models.image_density.images import ImageLearner
from genkit.progress import SILENT, Progress
from genkit.randomness import Noise
from genkit.sampling.decoding import log_probability
from genkit.sampling.driver import sample_tile
from genkit.sampling.priming import image_primes
from genkit.sampling.raster import RasterGenerator, RasterNetwork, make_generator
from genkit.sampling.raster.steering import VECTOR

LN2 = float(np.log(2.0))


class ImageDensity(RasterNetwork, Protocol):
    """What training needs of a `RasterNetwork`."""

    def training_logits(self, batch: Any) -> Any:
        """Logits of a training batch: `image`, `vector` and what the family adds to it."""
        ...


class ImageDensityLearner(ImageLearner):
    """Trains by mean negative log-likelihood; evaluates in nats/image and bits/dim.

    A subclass implements `build(recipe) -> (network, view)`: the Keras network, and the
    `ImageDensity` that training, samplers and checks use.
    """

    monitor: Monitor | None = Monitor("bits_per_dim", "min")

    def __init__(self, recipe: Any, inputs: Mapping[str, Any] | None = None) -> None:
        super().__init__(recipe, inputs)
        network, self.view = self.build(recipe)
        self.networks = {"network": network}
        self.steps = {"training": GradientStep(network, self.loss, recipe.train)}
        self._log_prob = backend.compile(self._score, network.variables)
        self._generators: dict[SampleSettings, Any] = {}

    def build(self, recipe: Any) -> tuple[Any, ImageDensity]:
        raise NotImplementedError

    # Training

    def loss(self, batch: Any) -> tuple[Any, dict[str, Any]]:
        """Mean nats/dim of `batch["image"]`, and the same in bits."""
        values = ops.cast(batch["image"], "int32")
        nats = -ops.mean(log_probability(self.view.training_logits(batch), values))
        return nats, {"bits_per_dim": nats / LN2}

    def update(self, batch: Arrays, noise: Noise) -> Metrics:
        ready = {"image": batch["image"], VECTOR: self.vector(batch)}
        return self.steps["training"]({**ready, **self.training_noise(noise)})

    def training_noise(self, noise: Noise) -> Arrays:
        """What a family's `training_logits` needs beside images and vectors; first axis B."""
        return {}

    def map_dropout(self, noise: Noise, rate: float, maps: tuple[int, ...]) -> np.ndarray:
        """Factors of the dropout of whole maps, `(B, *maps)`: 0, or 1 / (1 - rate)."""
        return dropout_factors(noise, rate, (self.recipe.train.batch_size, *maps))

    def vector(self, batch: Mapping[str, Any]) -> np.ndarray:
        """What steers the images of a batch, `(B, D)` float32; see `Steering.of`."""
        return self.view.steering.of(batch)

    def primes(self, reference: str, keep: str | None) -> Forced:
        """Images to complete, of their own class where it is known; `keep` is a region or a
        file, see `genkit.sampling.priming`; by default the top half."""
        given = self.images(reference)
        labels = given.labels if self.view.steering.classes is not None else None
        conditions = [] if labels is None else [{"class": str(label)} for label in labels]
        return replace(image_primes(given.images, keep or "top"), conditions=conditions)

    # Likelihood

    def _score(self, values: Any, vector: Any) -> Any:
        values = ops.cast(values, "int32")
        return log_probability(self.view.logits(values, vector), values)

    def log_probabilities(self, split: ImageSplit, progress: Progress) -> Iterator[np.ndarray]:
        """Log-probability (nats) of each image of a split, float64, batch by batch."""
        size = self.recipe.eval.batch_size
        progress.start("likelihood", len(split), "images")
        for start in range(0, len(split), size):
            images = split.images[start : start + size]
            batch = {"image": images, **split.conditions(slice(start, start + size))}
            count = len(images)
            padded = {key: pad_rows(array, size - count) for key, array in batch.items()}
            scores = self._log_prob(padded["image"], self.vector(padded))
            values = ops.convert_to_numpy(scores)[:count].astype(np.float64)
            yield values.reshape(count, -1).sum(axis=1)
            progress.advance(count)
        progress.finish()

    def evaluate(self, request: EvaluationRequest, progress: Progress) -> Evaluation:
        """Mean nats/image and bits/dim over a split; per class and recognition unless brief."""
        return evaluation.evaluate(self, request, progress)

    def score(self, data: str, limit: int | None, progress: Progress) -> Iterator[dict[str, Any]]:
        """Per image: index, label, log-probability (nats), bits/dim."""
        split = self.with_conditions(self.images(data).first(limit))
        dims = int(np.prod(self.view.shape))
        index = 0
        for batch in self.log_probabilities(split, progress):
            for value in batch:
                row: dict[str, Any] = {"index": index, "log_prob": float(value)}
                row["bits_per_dim"] = -float(value) / (dims * LN2)
                if split.labels is not None:
                    row["label"] = int(split.labels[index])
                yield row
                index += 1

    # Samples

    def generator(self, settings: SampleSettings) -> Generator | None:
        """One generator for each setting: a second call compiles nothing."""
        return self.raster_generator(settings)

    def raster_generator(self, settings: SampleSettings) -> RasterGenerator:
        if settings not in self._generators:
            self._generators[settings] = make_generator(self.view, settings)
        return self._generators[settings]

    def draw(
        self,
        count: int,
        seed: int,
        progress: Progress = SILENT,
        vectors: np.ndarray | None = None,
    ) -> Images:
        """Samples 0 .. count - 1 of a seed at the recipe's settings.

        Args:
            vectors: `(count, D)`, what steers each of them; None for what is drawn where nothing
                is asked for.
        """
        chosen = self.recipe.sample
        settings = SampleSettings(
            min(chosen.tile, count), chosen.temperature, chosen.top_k, chosen.top_p
        )
        generator = self.raster_generator(settings)
        parts = []
        progress.start("samples", count, "images")
        for start in range(0, count, settings.tile):
            indices = range(start, min(start + settings.tile, count))
            arrays = None
            if vectors is not None:
                own = vectors[start : start + len(indices)]
                arrays = {VECTOR: pad_rows(own, settings.tile - len(own))}
            rows: list[Mapping[str, str]] = [{}] * len(indices)
            (images,) = sample_tile(generator, seed, indices, rows, arrays=arrays)
            parts.append(images.arrays())
            progress.advance(len(indices))
        progress.finish()
        return Images.join(parts, {"levels": self.view.levels})

    def preview(self, count: int, seed: int) -> Sequence[Images]:
        return [self.draw(count, seed)]

    # Proofs and timings

    def checks(self) -> Iterable[Check]:
        from genkit.conformance.autoregressive import raster_checks

        return raster_checks(self.view)

    def workloads(self, tiles: Sequence[int]) -> Iterable[Workload]:
        from genkit.benchmark import raster_workloads

        return [*raster_workloads(self.view, tiles), *super().workloads(tiles)]
