"""Evaluation of AIR: counts and things against the truth, bounds on the likelihood."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from genkit.artifacts import Figure
from genkit.data.images.dataset import ImageSplit
from genkit.data.scenes.dataset import COUNT, IMAGE, SceneSplit
from genkit.family import Arrays, Evaluation, EvaluationRequest
from genkit.metrics.confusion import confusion_figure
from genkit.models.air.things import Things
from genkit.progress import Progress

if TYPE_CHECKING:
    from genkit.models.air.base import SceneLearner

SHOWN = 32  # images in the picture of reconstructions


def evaluate(learner: SceneLearner, request: EvaluationRequest, progress: Progress) -> Evaluation:
    """Bounds, and of scenes whose truth is known counts and things; unless brief also the
    importance-weighted bound, a confusion matrix, a table by count, pictures, and what the recipe's
    `eval` asks for beside."""
    split = learner.split(request.split).first(request.limit)
    if not request.brief:
        learner.refuse(split)
    found = _looked_at(learner, split, request, progress)
    metrics = found.metrics(learner)
    if request.brief:
        return Evaluation(len(split), metrics)
    images = np.asarray(split.images[:SHOWN])
    pictures: list[Figure] = [
        learner.pictures(images, found.shown[0].joined(found.shown), "reconstructions")
    ]
    tables: dict[str, list[dict[str, Any]]] = {}
    if found.true_counts:
        tables["per_count"] = found.per_count()
        pictures.append(_confusion(learner, found, request.split))
    tables.update(learner.tables(split, request, progress))
    return Evaluation(len(split), metrics, tables, pictures, _notes(learner, split))


@dataclass
class _Found:
    """What was found, batch by batch."""

    counts: list[np.ndarray] = field(default_factory=list)
    true_counts: list[np.ndarray] = field(default_factory=list)
    fits: list[dict[str, np.ndarray]] = field(default_factory=list)
    compared: list[dict[str, np.ndarray]] = field(default_factory=list)
    shown: list[Things] = field(default_factory=list)

    def metrics(self, learner: SceneLearner) -> dict[str, float]:
        counts, fits = np.concatenate(self.counts), _joined(self.fits)
        metrics = {name: float(values.mean()) for name, values in fits.items()}
        drawn = metrics.pop("drawn_count", None)
        if (bounds := fits.get("elbo_nats_per_image")) is not None:
            error = float(bounds.std() / np.sqrt(len(bounds)))
            metrics["elbo_nats_per_image_standard_error"] = error
        metrics["mean_count"] = float(counts.mean())
        if self.true_counts:
            true = np.concatenate(self.true_counts)
            metrics["count_accuracy"] = float((counts == true).mean())
            if drawn is not None:
                hits = fits["drawn_count"] == true
                metrics["count_accuracy_sampled"] = float(hits.mean())
            metrics.update(learner.summary(_joined(self.compared)))
        return metrics

    def per_count(self) -> list[dict[str, Any]]:
        """A row for each true count."""
        counts, true = np.concatenate(self.counts), np.concatenate(self.true_counts)
        fits, rows = _joined(self.fits), []
        for count in np.unique(true):
            chosen = true == count
            row: dict[str, Any] = {
                "count": int(count),
                "scenes": int(chosen.sum()),
                "count_accuracy": float((counts[chosen] == count).mean()),
                "mean_count": float(counts[chosen].mean()),
            }
            if "elbo_nats_per_image" in fits:
                row["elbo_nats_per_image"] = float(fits["elbo_nats_per_image"][chosen].mean())
            rows.append(row)
        return rows


def _looked_at(
    learner: SceneLearner, split: ImageSplit, request: EvaluationRequest, progress: Progress
) -> _Found:
    """Every image once: what is in it, how well that fits, and how it compares with the truth."""
    draws = 1 if request.brief else learner.recipe.eval.importance
    found, shown = _Found(), 0
    progress.start("scenes", len(split), "images")
    for start, batch in _batches(learner, split):
        things = learner.explain(batch[IMAGE])
        found.counts.append(things.counts)
        found.fits.append(learner.fit(batch, request.seed, start, draws, request.brief))
        if COUNT in batch:
            found.true_counts.append(batch[COUNT])
            found.compared.append(learner.compare(batch, things))
        if shown < SHOWN:
            found.shown.append(things.rows(slice(0, SHOWN - shown)))
            shown += len(found.shown[-1])
        progress.advance(len(things))
    progress.finish()
    return found


def _batches(learner: SceneLearner, split: ImageSplit) -> Iterator[tuple[int, Arrays]]:
    """Number of the first image, and images with the truth where it is known."""
    size = learner.recipe.eval.batch_size
    for start in range(0, len(split), size):
        stop = min(start + size, len(split))
        if isinstance(split, SceneSplit):
            yield start, split.scenes(np.arange(start, stop))
        else:
            yield start, {IMAGE: np.asarray(split.images[start:stop])}


def _joined(parts: list[dict[str, np.ndarray]]) -> dict[str, np.ndarray]:
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def _confusion(learner: SceneLearner, found: _Found, split: str) -> Figure:
    true = np.concatenate(found.true_counts)
    classes = np.arange(max(int(true.max()), learner.config.slots) + 1)
    return confusion_figure(
        true,
        np.concatenate(found.counts),
        classes,
        f"{split}: how many things",
        "counts",
        axes_names=("there are", "found"),
    )


def _notes(learner: SceneLearner, split: ImageSplit) -> dict[str, str]:
    """What the metrics depend on."""
    said = dict(learner.dataset.notes)
    if isinstance(split, SceneSplit):
        said["things in a scene"] = ", ".join(map(str, split.counts))
    return {
        **said,
        "counts": "presence where its probability is above a half, latents at their means; "
        "count_accuracy_sampled draws all of them once",
        **learner.notes(),
    }
