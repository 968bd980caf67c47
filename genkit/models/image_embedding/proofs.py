"""What `genkit check` proves of an image embedding."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
from keras import ops

from genkit import backend
from genkit.conformance.weights import random_weights
from genkit.family import Check
from genkit.models.image_embedding.triplets import triplet_loss
from genkit.randomness import normal, uniform

if TYPE_CHECKING:
    from genkit.models.image_embedding.learner import ImageEmbeddingLearner

LIMIT = 1e-5  # of numbers of a unit vector, and of losses up to 4: float32
COUNT = 5  # images
DRAW = 11  # of random weights


def embedding_checks(learner: ImageEmbeddingLearner) -> Iterator[Check]:
    """Proofs on the present and on random weights, which are put back; and of the loss."""

    def over_weights(run: Callable[[ImageEmbeddingLearner], float]) -> Callable[[], float]:
        def largest() -> float:
            present = run(learner)
            with random_weights(learner.network.variables, DRAW):
                return max(present, run(learner))

        return largest

    yield Check("unit_length", LIMIT, over_weights(unit_length))
    yield Check("neighbour_differences", LIMIT, over_weights(neighbour_differences))
    yield Check("repeat_differences", 0.0, over_weights(repeat_differences))
    yield Check("loss_differences", LIMIT, lambda: loss_differences(learner))
    yield Check("inactive_gradient", 0.0, lambda: inactive_gradient(learner))


def unit_length(learner: ImageEmbeddingLearner) -> float:
    """How far the length of an embedding is from 1."""
    lengths = np.linalg.norm(learner.embed(_images(learner)).astype(np.float64), axis=1)
    return float(np.abs(lengths - 1.0).max())


def neighbour_differences(learner: ImageEmbeddingLearner) -> float:
    """How much an embedding depends on the images that are embedded with it."""
    images = _images(learner)
    together, backwards = learner.embed(images), learner.embed(images[::-1])[::-1]
    alone = np.concatenate([learner.embed(images[i : i + 1]) for i in range(len(images))])
    return float(max(np.abs(together - alone).max(), np.abs(together - backwards).max()))


def repeat_differences(learner: ImageEmbeddingLearner) -> float:
    """Numbers that differ when images are embedded twice."""
    images = _images(learner)
    return float(np.sum(learner.embed(images) != learner.embed(images)))


def loss_differences(learner: ImageEmbeddingLearner) -> float:
    """The loss of random unit vectors, compiled, against one triplet after the other."""
    config = learner.recipe.model
    labels = np.repeat(np.arange(3, dtype=np.int32), 3)
    points = normal(0, "check/points", 0, (len(labels), config.dimensions))
    points /= np.linalg.norm(points, axis=1, keepdims=True)
    compiled = backend.compile(lambda x, y: triplet_loss(x, y, config.margin, config.mining)[0], [])
    found = float(np.asarray(ops.convert_to_numpy(compiled(points, labels))))
    return abs(found - loss_by_hand(points, labels, config.margin, config.mining))


def loss_by_hand(points: np.ndarray, labels: np.ndarray, margin: float, mining: str) -> float:
    """The triplet loss in loops: the reference."""
    points = points.astype(np.float64)
    distances = ((points[:, None] - points[None]) ** 2).sum(-1)
    terms = []
    for anchor, own in enumerate(distances):
        others = own[labels != labels[anchor]]
        pairs = own[(labels == labels[anchor]) & (np.arange(len(labels)) != anchor)]
        if mining == "hard":
            terms.append(pairs.max() - others.min())
            continue
        for pair in pairs:
            if mining == "all":
                terms += [pair - other for other in others if pair - other + margin > 0]
                continue
            beyond = others[others > pair]
            terms.append(pair - (beyond.min() if len(beyond) else others.max()))
    kept = [max(0.0, term + margin) for term in terms]
    return float(np.mean(kept)) if kept else 0.0


def inactive_gradient(learner: ImageEmbeddingLearner) -> float:
    """Largest gradient of the loss where every triplet keeps the margin; infinite if there is
    none either where no triplet does."""
    config = learner.recipe.model
    people = ops.convert_to_tensor(np.array([0, 0, 1, 1], np.int32))
    pole = np.zeros(config.dimensions, np.float32)
    pole[0] = 1.0
    apart = np.stack([pole, pole, -pole, -pole])  # 4, the most there is

    def gradient(points: np.ndarray) -> float:
        def loss(x: Any) -> Any:
            return triplet_loss(x, people, config.margin, config.mining)[0]

        found = backend.input_gradient(loss, points.astype(np.float32))
        return float(np.abs(ops.convert_to_numpy(found)).max())

    close = pole + 0.1 * np.sqrt(config.margin) * normal(0, "check/close", 0, apart.shape)
    close /= np.linalg.norm(close, axis=1, keepdims=True)
    return gradient(apart) if gradient(close) > 0 else float("inf")


def _images(learner: ImageEmbeddingLearner) -> np.ndarray:
    """Random images `(5, H, W, C)`."""
    drawn = uniform(0, "check/images", 0, (COUNT, *learner.shape))
    return (drawn * learner.levels).astype(np.uint8)
