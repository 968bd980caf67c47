"""Whether portraits drawn from an embedding show its person: what the embedding itself says."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from genkit.data.images.dataset import ImageSplit
from genkit.family import Evaluation, EvaluationRequest
from genkit.metrics.nearest import nearest_accuracy, several_and_single
from genkit.models.gated_pixelcnn.reconstruction import NOTE, picture
from genkit.progress import Progress


def with_portraits(
    learner: Any, name: str, found: Evaluation, request: EvaluationRequest, progress: Progress
) -> Evaluation:
    """`found` with `eval.recognise` portraits, each drawn from the embedding of one photograph of
    the split, photographs in turn; in brief, where that is 0 or people are not known, only with a
    note.

    Adds `portrait_accuracy`, the share of portraits that are nearer to the mean embedding of their
    person's other photographs than to that of any other person of the split; `real_accuracy`, the
    same of the photographs themselves; `chance`; a table of people, and a picture `portraits`.

    Args:
        learner: of the portraits. name: of the condition that an input run makes of photographs.
    """
    found = replace(found, notes={**found.notes, "likelihood": NOTE})
    count, split = learner.recipe.eval.recognise, learner.split(request.split)
    if request.brief or not count or split.labels is None:
        return found
    chosen, alone = _photographs(split)
    if not len(chosen):
        return replace(found, notes={**found.notes, "portraits": "everyone has one photograph"})
    steered = np.resize(chosen, count)
    vectors = learner.view.steering.of(
        {"image": split.images[steered], **split.conditions(steered)}
    )
    samples = learner.draw(count, request.seed, progress, vectors).samples
    gallery, labels = split.vectors[name], np.asarray(split.labels)
    drawn = learner.sources.embedders[name].embed(samples)
    hits = nearest_accuracy(drawn, labels[steered], gallery, labels, steered)
    real = nearest_accuracy(gallery[chosen], labels[chosen], gallery, labels, chosen)
    metrics = {
        **found.metrics,
        "portrait_accuracy": float(np.mean(hits)),
        "real_accuracy": float(np.mean(real)),
        "chance": 1.0 / len(np.unique(labels)),
    }
    notes = dict(found.notes)
    if alone:
        notes["portraits"] = f"{alone} people have one photograph: they are only among the others"
    return replace(
        found,
        metrics=metrics,
        tables={**found.tables, "people": _rows(labels[steered], hits, labels[chosen], real)},
        artifacts=[
            *found.artifacts,
            picture("portraits", np.asarray(split.images[steered]), samples, split.levels),
        ],
        notes=notes,
    )


def _photographs(split: ImageSplit) -> tuple[np.ndarray, int]:
    """Those of people who have two or more, and how many people have not."""
    labels = np.asarray(split.labels)
    several, single = several_and_single(labels)
    return np.flatnonzero(np.isin(labels, several)), len(single)


def _rows(
    asked: np.ndarray, hits: np.ndarray, labels: np.ndarray, real: np.ndarray
) -> list[dict[str, Any]]:
    return [
        {
            "person": int(person),
            "count": int(np.sum(asked == person)),
            "portrait_accuracy": float(np.mean(hits[asked == person])),
            "real_accuracy": float(np.mean(real[labels == person])),
        }
        for person in np.unique(asked)
    ]
