"""Evaluation of AIR: counts against the truth, bounds on the likelihood, boxes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from genkit.artifacts import Figure
from genkit.data.images.dataset import ImageSplit
from genkit.data.scenes.dataset import COUNT, SceneSplit
from genkit.family import Arrays, Evaluation, EvaluationRequest
from genkit.metrics.confusion import confusion_figure
from genkit.progress import Progress

if TYPE_CHECKING:
    from genkit.models.air.base import SceneLearner

SHOWN = 32  # images in the picture of reconstructions


def evaluate(learner: SceneLearner, request: EvaluationRequest, progress: Progress) -> Evaluation:
    """Bounds, and of scenes whose truth is known counts and boxes; unless brief also the
    importance-weighted bound, a confusion matrix, a table by count, pictures, and with
    `eval.labels` what downstream tasks reach."""
    split = learner.split(request.split).first(request.limit)
    found = [learner.explain(images) for _, images in learner.batches(split)]
    bounds, weights, drawn = _weighed(learner, split, request, progress)
    metrics = {**_bound(bounds), "mean_count": float(_counts(found).mean())}
    if weights is not None:
        metrics["iwae_nats_per_image"] = float(weights.mean())
    truth = _truth(split)
    if truth is not None:
        metrics["count_accuracy"] = float((_counts(found) == truth[COUNT]).mean())
        metrics["count_accuracy_sampled"] = float((drawn == truth[COUNT]).mean())
        metrics.update(learner.compare(truth, found))
    if request.brief:
        return Evaluation(len(split), metrics)
    images = np.asarray(split.images[:SHOWN])
    shown = [learner.explain(images[i : i + len(f.counts)]) for i, f in _starts(found)]
    pictures: list[Figure] = [learner.pictures(images, shown, f"{request.split}-reconstructions")]
    tables: dict[str, list[dict[str, Any]]] = {}
    if truth is not None:
        tables["per_count"] = _per_count(truth, found, bounds)
        pictures.append(_confusion(learner, truth, found, request.split))
    tables.update(learner.tables(split, request, progress))
    return Evaluation(len(split), metrics, tables, pictures, _notes(learner))


def _starts(found: list[Any]) -> list[tuple[int, Any]]:
    """Batches of the images that are shown, with the number of the first image of each."""
    starts, start = [], 0
    for batch in found:
        if start < SHOWN:
            starts.append((start, batch))
        start += len(batch.counts)
    return starts


def _weighed(
    learner: SceneLearner, split: ImageSplit, request: EvaluationRequest, progress: Progress
) -> tuple[np.ndarray, np.ndarray | None, np.ndarray]:
    """Bound of each image, importance-weighted bound where it is wanted, and the count of one
    draw."""
    draws = 0 if request.brief else learner.recipe.eval.importance
    progress.start("bounds", len(split), "images")
    bounds, weights, counts = [], [], []
    for start, images in learner.batches(split):
        several = np.stack(
            [learner.weigh(images, request.seed, start, draw) for draw in range(max(1, draws))]
        )
        bounds.append(several[:, 0].mean(axis=0))
        weights.append(np.logaddexp.reduce(several[:, 1], axis=0) - np.log(len(several)))
        counts.append(several[0, 2].astype(np.int64))
        progress.advance(len(images))
    progress.finish()
    weighted = np.concatenate(weights) if draws else None
    return np.concatenate(bounds), weighted, np.concatenate(counts)


def _bound(bounds: np.ndarray) -> dict[str, float]:
    return {
        "elbo_nats_per_image": float(bounds.mean()),
        "elbo_nats_per_image_standard_error": float(bounds.std() / np.sqrt(len(bounds))),
    }


def _truth(split: ImageSplit) -> Arrays | None:
    return split.scenes(np.arange(len(split))) if isinstance(split, SceneSplit) else None


def _counts(found: list[Any]) -> np.ndarray:
    return np.concatenate([batch.counts for batch in found])


def _per_count(truth: Arrays, found: list[Any], bounds: np.ndarray) -> list[dict[str, Any]]:
    """A row for each true count."""
    counts, rows = _counts(found), []
    for count in np.unique(truth[COUNT]):
        chosen = truth[COUNT] == count
        rows.append(
            {
                "count": int(count),
                "scenes": int(chosen.sum()),
                "count_accuracy": float((counts[chosen] == count).mean()),
                "mean_count": float(counts[chosen].mean()),
                "elbo_nats_per_image": float(bounds[chosen].mean()),
            }
        )
    return rows


def _confusion(learner: SceneLearner, truth: Arrays, found: list[Any], split: str) -> Figure:
    classes = np.arange(max(int(truth[COUNT].max()), learner.config.slots) + 1)
    return confusion_figure(
        truth[COUNT],
        _counts(found),
        classes,
        f"{split}: how many things",
        f"{split}-counts",
        axes_names=("there are", "found"),
    )


def _notes(learner: SceneLearner) -> dict[str, str]:
    """What the metrics depend on."""
    chances = ", ".join(f"{n}: {chance:.4f}" for n, chance in enumerate(learner.chances()))
    return {
        **learner.dataset.notes,
        "counts": "presence where its probability is above a half, latents at their means; "
        "count_accuracy_sampled draws all of them once",
        "likelihood": f"density of pixels from 0 to 1, normal with deviation "
        f"{learner.config.noise:g}; prior of counts {chances}",
        **learner.thing_notes(),
    }
