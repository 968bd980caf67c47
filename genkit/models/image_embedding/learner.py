"""The learner of the image embedding."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np
from keras import ops

from genkit import backend
from genkit.batches import in_batches
from genkit.data.images.dataset import ImageSplit
from genkit.errors import UsageError
from genkit.family import (
    Arrays,
    Check,
    Evaluation,
    EvaluationRequest,
    Feed,
    Metrics,
    Monitor,
)
from genkit.layers.values import centred
from genkit.learning import GradientStep, dropout_factors
from genkit.metrics.nearest import centre_distances, several_and_single
from genkit.models.image_density.images import ImageLearner
from genkit.models.image_embedding import comparing, evaluation
from genkit.models.image_embedding.feed import PeopleFeed
from genkit.models.image_embedding.network import build_network
from genkit.models.image_embedding.triplets import triplet_loss
from genkit.progress import SILENT, Progress
from genkit.randomness import Noise

DIGITS = 6  # of an embedding's numbers in scores


class ImageEmbeddingLearner(ImageLearner):
    """Maps images to unit vectors: near for one person, far for two (arXiv:1503.03832).

    Args:
        recipe, inputs: as for every learner.

    `shape` (H, W, C) and `levels` are those of the images that `embed` takes, `dimensions` of
    the vectors that it gives.
    """

    monitor = Monitor("verification_auc", "max")

    def __init__(self, recipe: Any, inputs: Mapping[str, Any] | None = None) -> None:
        super().__init__(recipe, inputs)
        self.shape: tuple[int, int, int] = recipe.data.image_shape()
        self.levels: int = recipe.data.level_count()
        self.dimensions: int = recipe.model.dimensions
        self.network = build_network(recipe)
        self.networks = {"network": self.network}
        self.steps = {"training": GradientStep(self.network, self.loss, recipe.train)}
        self._embed = backend.compile(self.embedded, self.network.variables)

    # Training

    def embedded(self, images: Any, kept: Any = None) -> Any:
        """Unit vectors `(B, dimensions)` of images `(B, H, W, C)` of values 0 .. levels - 1."""
        return self.network(centred(images, self.levels, self.network.compute_dtype), kept=kept)

    def loss(self, batch: Any) -> tuple[Any, dict[str, Any]]:
        """The triplet loss of a batch `image`, `label` and, with dropout, `kept`."""
        config = self.recipe.model
        points = self.embedded(batch["image"], batch.get("kept"))
        return triplet_loss(points, batch["label"], config.margin, config.mining)

    def update(self, batch: Arrays, noise: Noise) -> Metrics:
        ready = {"image": batch["image"], "label": batch["label"].astype(np.int32)}
        rate = self.recipe.model.dropout
        if rate:
            units = (len(batch["image"]), self.recipe.model.dense)
            ready["kept"] = dropout_factors(noise, rate, units)
        return self.steps["training"](ready)

    def feed(self, split: str, seed: int) -> Feed:
        config = self.recipe.model
        return PeopleFeed(self.split(split), config.people, config.photographs, config.shift, seed)

    def left_out(self) -> np.ndarray:
        """People who are not trained on, because they have a single photograph."""
        labels = self.split("train").labels
        return several_and_single(labels)[1] if labels is not None else np.zeros(0, np.int64)

    # Embeddings

    def embed(self, images: np.ndarray) -> np.ndarray:
        """Unit vectors of images; nothing is drawn, so they are the same each time.

        Args:
            images: `(N, H, W, C)` uint8, values 0 .. levels - 1.

        Returns:
            `(N, dimensions)` float32.

        Raises:
            UsageError: for images of another shape or with other values.
        """
        images = np.asarray(images)
        self._check(images)
        if not len(images):
            return np.zeros((0, self.dimensions), np.float32)

        def run(batch: np.ndarray) -> Any:
            return ops.convert_to_numpy(self._embed(batch.astype(np.uint8)))

        return in_batches(run, images, self.recipe.eval.batch_size)

    def _check(self, images: np.ndarray) -> None:
        if images.shape[1:] != self.shape or images.dtype.kind not in "ui":
            raise UsageError(
                f"this embedding takes whole numbers of shape (count, "
                f"{', '.join(map(str, self.shape))}). Received: {images.dtype} {images.shape}"
            )
        if len(images) and not 0 <= images.min() <= images.max() < self.levels:
            raise UsageError(
                f"this embedding takes values 0 to {self.levels - 1}. "
                f"Received: {images.min()} to {images.max()}"
            )

    def embed_all(self, split: ImageSplit, progress: Progress = SILENT) -> np.ndarray:
        """Unit vectors of all images of a split."""
        return np.concatenate(list(self._embedded(split, progress)))

    def _embedded(self, split: ImageSplit, progress: Progress) -> Iterator[np.ndarray]:
        size = self.recipe.eval.batch_size
        progress.start("embedding", len(split), "images")
        for start in range(0, len(split), size):
            points = self.embed(np.asarray(split.images[start : start + size]))
            yield points
            progress.advance(len(points))
        progress.finish()

    def evaluate(self, request: EvaluationRequest, progress: Progress) -> Evaluation:
        """Recognition, verification and distances of a split; see `evaluation`."""
        return evaluation.evaluate(self, request, progress)

    def score(self, data: str, limit: int | None, progress: Progress) -> Iterator[dict[str, Any]]:
        """Per image: index, label, the nearest person of the training set, and its embedding."""
        split = self.images(data).first(limit)
        train = self.split("train")
        chosen = comparing.gallery_of(train)
        gallery = self.embed(np.asarray(train.images[chosen]))
        index = 0
        for points in self._embedded(split, progress):
            people, distances = centre_distances(points, gallery, np.asarray(train.labels)[chosen])
            for point, near in zip(points, distances, strict=True):
                row: dict[str, Any] = {"index": index}
                if split.labels is not None:
                    row["label"] = int(split.labels[index])
                row["nearest"] = int(people[near.argmin()])
                row["squared_distance"] = float(near.min())
                row["embedding"] = [round(float(number), DIGITS) for number in point]
                yield row
                index += 1

    def checks(self) -> Iterable[Check]:
        from genkit.models.image_embedding.proofs import embedding_checks

        return embedding_checks(self)
