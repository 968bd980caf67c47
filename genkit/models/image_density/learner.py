"""The learner of exact image densities: a subclass only builds a network and its samplers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from keras import ops

from genkit import backend, data
from genkit.artifacts import Images
from genkit.data.images.dataset import ImageDataset, ImageFeed, ImageSplit
from genkit.data.images.given import read_images
from genkit.errors import UsageError
from genkit.family import (
    Arrays,
    Check,
    Evaluation,
    EvaluationRequest,
    Feed,
    Forced,
    Generator,
    Metrics,
    Monitor,
    SampleSettings,
    Workload,
)
from genkit.learning import BaseLearner, GradientStep
from genkit.models.image_density import evaluation
from genkit.progress import SILENT, Progress
from genkit.randomness import Noise
from genkit.sampling.decoding import log_probability
from genkit.sampling.driver import sample_tile
from genkit.sampling.priming import image_primes
from genkit.sampling.raster import RasterGenerator, RasterNetwork, make_generator

SPLITS = ("train", "validation", "test")
LN2 = float(np.log(2.0))


class ImageDensityLearner(BaseLearner):
    """Trains by mean negative log-likelihood; evaluates in nats/image and bits/dim.

    A subclass implements `build(recipe) -> (network, view)`: the Keras network, and the
    `RasterNetwork` that the samplers and checks use.
    """

    monitor = Monitor("bits_per_dim", "min")

    def __init__(self, recipe: Any, inputs: Mapping[str, Any] | None = None) -> None:
        super().__init__(recipe, inputs)
        network, self.view = self.build(recipe)
        self.networks = {"network": network}
        self.steps = {"training": GradientStep(network, self.loss, recipe.train)}
        self._log_prob = backend.compile(self._score, network.variables)
        self._generators: dict[SampleSettings, Any] = {}
        self._dataset: ImageDataset | None = None

    def build(self, recipe: Any) -> tuple[Any, RasterNetwork]:
        raise NotImplementedError

    # Training

    def loss(self, batch: Any) -> tuple[Any, dict[str, Any]]:
        """Mean nats/dim of `batch["image"]`, and the same in bits."""
        values = ops.cast(batch["image"], "int32")
        nats = -ops.mean(log_probability(self.view.training_logits(batch), values))
        return nats, {"bits_per_dim": nats / LN2}

    def update(self, batch: Arrays, noise: Noise) -> Metrics:
        ready = {"image": batch["image"], "vector": self.vector(batch.get("label"), batch)}
        return self.steps["training"]({**ready, **self.training_noise(noise)})

    def training_noise(self, noise: Noise) -> Arrays:
        """What a family's `training_logits` needs beside images and vectors; first axis B."""
        return {}

    def map_dropout(self, noise: Noise, rate: float, maps: tuple[int, ...]) -> np.ndarray:
        """Factors of the dropout of whole maps, `(B, *maps)`: 0, or 1 / (1 - rate)."""
        survives = noise.uniform("dropout", (self.recipe.train.batch_size, *maps)) >= rate
        return survives.astype(np.float32) / np.float32(1.0 - rate)

    def vector(self, labels: np.ndarray | None, batch: Any) -> np.ndarray:
        """One-hot classes `(B, classes)`, float32; a column of zeros without a condition."""
        if self.view.classes is None:
            return np.zeros((len(batch["image"]), 1), np.float32)
        if labels is None:
            raise UsageError("this model is conditioned on classes, but the images have no labels")
        wrong = labels[(labels < 0) | (labels >= self.view.classes)]
        if len(wrong):
            raise UsageError(
                f"a label must be a class of this model, 0 to {self.view.classes - 1}. "
                f"Received: {wrong[0]}"
            )
        return np.eye(self.view.classes, dtype=np.float32)[labels]

    def feed(self, split: str, seed: int) -> Feed:
        return ImageFeed(self.split(split), self.recipe.train.batch_size, seed)

    @property
    def dataset(self) -> ImageDataset:
        """The recipe's data set, read when first asked for."""
        if self._dataset is None:
            self._dataset = data.load(self.recipe.data)
        return self._dataset

    def split(self, name: str) -> ImageSplit:
        return self.dataset.split(name)

    def images(self, reference: str) -> ImageSplit:
        """The images of a split of the recipe's data set, or of a path."""
        if reference in SPLITS:
            return self.split(reference)
        return read_images(reference, self.view.shape, self.view.levels)

    def primes(self, reference: str, keep: str | None) -> Forced:
        """Images to complete, of their own class where it is known; `keep` is a region or a
        file, see `genkit.sampling.priming`; by default the top half."""
        given = self.images(reference)
        labels = given.labels if self.view.classes is not None else None
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
            labels = None if split.labels is None else split.labels[start : start + size]
            count = len(images)
            padding = np.zeros((size - count, *images.shape[1:]), np.uint8)
            padded = np.concatenate([images, padding])
            if labels is not None:
                labels = np.concatenate([labels, np.zeros(size - count, np.int64)])
            scores = self._log_prob(padded, self.vector(labels, {"image": padded}))
            values = ops.convert_to_numpy(scores)[:count].astype(np.float64)
            yield values.reshape(count, -1).sum(axis=1)
            progress.advance(count)
        progress.finish()

    def evaluate(self, request: EvaluationRequest, progress: Progress) -> Evaluation:
        """Mean nats/image and bits/dim over a split; per class and recognition unless brief."""
        return evaluation.evaluate(self, request, progress)

    def score(self, data: str, limit: int | None, progress: Progress) -> Iterator[dict[str, Any]]:
        """Per image: index, label, log-probability (nats), bits/dim."""
        split = self.images(data)
        split = split.first(limit)
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

    def draw(self, count: int, seed: int, progress: Progress = SILENT) -> Images:
        """Samples 0 .. count - 1 of a seed at the recipe's settings."""
        chosen = self.recipe.sample
        settings = SampleSettings(
            min(chosen.tile, count), chosen.temperature, chosen.top_k, chosen.top_p
        )
        generator = self.raster_generator(settings)
        parts = []
        progress.start("samples", count, "images")
        for start in range(0, count, settings.tile):
            indices = range(start, min(start + settings.tile, count))
            (images,) = sample_tile(generator, seed, indices, [{}] * len(indices))
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
