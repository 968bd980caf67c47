"""Evaluation of a cut network: errors, what crosses its cuts, what its layers hold."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from genkit.artifacts import Figure
from genkit.data.points.toys import PointSplit
from genkit.errors import UsageError
from genkit.family import Evaluation, EvaluationRequest
from genkit.metrics.confusion import confusion_figure
from genkit.models.synthetic_gradients import alignment, optimum, representations, surfaces
from genkit.progress import Progress

if TYPE_CHECKING:
    from genkit.models.synthetic_gradients.learner import SyntheticGradientsLearner

PIECE = 2000  # items that are read at once


def evaluate(
    learner: SyntheticGradientsLearner, request: EvaluationRequest, progress: Progress
) -> Evaluation:
    """Loss and error rate. Unless brief also how the errors that layers are told agree with the
    true ones, what linear probes read from layers and how their representations compare; of toy
    problems how far the loss is from the least one, and implied losses in the plane."""
    split = learner.split(request.split).first(request.limit)
    if not len(split):
        raise UsageError("there is nothing to evaluate: the split is empty")
    losses, named, labels = _outcomes(learner, split, progress)
    metrics = _metrics(losses, named, labels)
    if request.brief:
        return Evaluation(len(split), metrics)
    agreement = alignment.measured(learner, split)
    metrics.update(alignment.summary(learner, agreement))
    tables: dict[str, list[dict[str, Any]]] = {"per_layer": agreement}
    figures: list[Figure] = [alignment.figure(agreement, request.split)]
    if labels is not None:
        title = f"{request.split}: classes"
        classes = np.arange(learner.outputs)
        figures.append(confusion_figure(labels, named, classes, title, axes_names=_AXES))
    if isinstance(split, PointSplit):
        metrics.update(optimum.distances(learner, split, metrics["loss"]))
    else:
        found = representations.compared(learner, split, progress)
        if found is not None:
            for row, more in zip(agreement, found.rows, strict=True):
                row.update(more)
            metrics.update(found.metrics)
            tables.update(found.tables)
            figures += found.figures
    if surfaces.in_the_plane(learner):
        figures += surfaces.figures(learner)
    return Evaluation(len(split), metrics, tables, figures, dict(_NOTES))


_AXES = ("there are", "named")
_NOTES = {
    "errors told to layers": "of batches of the split, normalised by themselves as in training",
    "probes": "ridge classifiers of activations, taught by training items",
}


def _outcomes(
    learner: SyntheticGradientsLearner, split: Any, progress: Progress
) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]:
    """Losses, classes named, and true classes."""
    losses, named, labels = [], [], []
    progress.start("items", len(split), "items")
    for start in range(0, len(split), PIECE):
        chosen = slice(start, start + PIECE)
        x, targets, true = learner.items(split, chosen)
        outputs, found = learner.outcomes(x, targets)
        losses.append(found)
        named.append(outputs.argmax(axis=-1))
        if true is not None:
            labels.append(true)
        progress.advance(len(x))
    progress.finish()
    return np.concatenate(losses), np.concatenate(named), np.concatenate(labels) if labels else None


def _metrics(losses: np.ndarray, named: np.ndarray, labels: np.ndarray | None) -> dict[str, float]:
    metrics = {"loss": float(losses.mean(dtype=np.float64))}
    if labels is not None:
        metrics["error_rate"] = float((named != labels).mean())
        metrics["accuracy"] = 1.0 - metrics["error_rate"]
        spread = metrics["error_rate"] * metrics["accuracy"] / len(labels)
        metrics["error_rate_standard_error"] = float(np.sqrt(spread))
    return metrics
