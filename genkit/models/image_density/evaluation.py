"""Evaluation of image densities."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from genkit.family import Evaluation, EvaluationRequest
from genkit.metrics.recognition import recognise
from genkit.progress import Progress

if TYPE_CHECKING:
    from genkit.data.images.dataset import ImageSplit
    from genkit.models.image_density.learner import ImageDensityLearner

LN2 = float(np.log(2.0))


def evaluate(
    learner: ImageDensityLearner, request: EvaluationRequest, progress: Progress
) -> Evaluation:
    """Likelihood of a split; unless brief also per class, and how samples are recognised."""
    split = learner.split(request.split).first(request.limit)
    log_prob = np.concatenate(list(learner.log_probabilities(split, progress)))
    dims = int(np.prod(learner.view.shape))
    metrics = likelihood(log_prob, dims)
    tables: dict[str, list[dict[str, Any]]] = {}
    artifacts = []
    if not request.brief and split.labels is not None:
        tables["per_class"] = per_class(log_prob, split, dims)
    if (
        not request.brief
        and learner.recipe.eval.recognise
        and learner.view.steering.classes is not None
    ):
        samples = learner.draw(learner.recipe.eval.recognise, request.seed, progress)
        found = recognise(learner.split("train"), learner.split(request.split), samples)
        metrics.update(found.metrics)
        tables["recognition"] = found.rows
        artifacts.append(found.figure)
    return Evaluation(len(split), metrics, tables, artifacts, learner.dataset.notes)


def likelihood(log_prob: np.ndarray, dims: int) -> dict[str, float]:
    """Means over images of `(N,)` log-probabilities in nats."""
    nats = -float(np.mean(log_prob))
    spread = float(np.std(log_prob) / np.sqrt(max(len(log_prob), 1)))
    return {
        "nats_per_image": nats,
        "nats_per_image_standard_error": spread,
        "nats_per_dim": nats / dims,
        "bits_per_dim": nats / (dims * LN2),
    }


def per_class(log_prob: np.ndarray, split: ImageSplit, dims: int) -> list[dict[str, Any]]:
    """One row a class that occurs."""
    rows: list[dict[str, Any]] = []
    if split.labels is None:
        return rows
    for label in np.unique(split.labels):
        chosen = log_prob[split.labels == label]
        figures = likelihood(chosen, dims)
        rows.append(
            {
                "class": int(label),
                "count": len(chosen),
                "nats_per_image": figures["nats_per_image"],
                "bits_per_dim": figures["bits_per_dim"],
            }
        )
    return rows
