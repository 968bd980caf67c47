"""What is told of reconstructions: their error, whether they are recognised, and a picture."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from genkit.artifacts import Figure, Images
from genkit.artifacts.pictures import grid, png
from genkit.family import Evaluation, EvaluationRequest
from genkit.metrics.recognition import recognise
from genkit.progress import Progress

# Enough for a support vector machine to know digits; more take it minutes.
KNOWN = 10_000
SHOWN = 48
ROW = 16

Reconstruct = Callable[[Mapping[str, np.ndarray], int, Progress], np.ndarray]

NOTE = "of images given their own code, so it is no bound of their likelihood"


def with_reconstructions(
    learner: Any,
    found: Evaluation,
    request: EvaluationRequest,
    progress: Progress,
    reconstruct: Reconstruct,
) -> Evaluation:
    """`found` with reconstructions of the first images of the split, `eval.recognise` of them; in
    brief, and where that is 0, only with a note.

    Adds `reconstruction_mse` (values from 0 to 1), with labels `reconstruction_accuracy` and
    `real_accuracy` of a classifier trained on real images, and a picture `reconstructions`.
    """
    notes = dict(found.notes)
    if "nats_per_image" in found.metrics:
        notes["likelihood"] = NOTE
    count = learner.recipe.eval.recognise
    if request.brief or not count:
        return replace(found, notes=notes)
    split = learner.split(request.split).first(min(count, found.count))
    images = np.asarray(split.images)
    batch = {"image": images, **split.conditions(slice(None))}
    samples = reconstruct(batch, request.seed, progress)
    metrics = {**found.metrics, "reconstruction_mse": error(images, samples, split.levels)}
    tables, artifacts = (
        dict(found.tables),
        [*found.artifacts, picture("reconstructions", images, samples, split.levels)],
    )
    if split.labels is not None:
        drawn = Images(
            samples,
            np.zeros(len(samples), np.float32),
            np.arange(len(samples)),
            split.levels,
            split.labels,
        )
        named = recognise(learner.split("train").first(KNOWN), split, drawn)
        metrics["reconstruction_accuracy"] = named.metrics["sample_accuracy"]
        metrics["real_accuracy"] = named.metrics["real_accuracy"]
        tables["reconstruction"] = named.rows
    return replace(found, metrics=metrics, tables=tables, artifacts=artifacts, notes=notes)


def error(images: np.ndarray, others: np.ndarray, levels: int) -> float:
    """Mean squared difference of values brought to 0 .. 1."""
    difference = images.astype(np.float64) - others.astype(np.float64)
    return float(np.mean(np.square(difference / (levels - 1))))


def picture(name: str, images: np.ndarray, samples: np.ndarray, levels: int) -> Figure:
    """Rows of images, each above a row of what was drawn of them."""
    count = min(SHOWN, len(images))
    rows = []
    for start in range(0, count, ROW):
        for each in (images, samples):
            row = each[start : min(start + ROW, count)]
            blank = np.zeros((ROW - len(row), *row.shape[1:]), row.dtype)
            rows.append(np.concatenate([row, blank]))
    return Figure(name, png(grid(np.concatenate(rows), levels, ROW)))
