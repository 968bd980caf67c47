"""Evaluation of an image embedding: are photographs of one person near each other?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from genkit.family import Evaluation, EvaluationRequest
from genkit.metrics.nearest import centre_distances
from genkit.metrics.verification import distances_figure, verification_auc
from genkit.models.image_embedding.comparing import Comparison, among_all, compare, pair_distances
from genkit.progress import Progress

if TYPE_CHECKING:
    from genkit.models.image_embedding.learner import ImageEmbeddingLearner


def evaluate(
    learner: ImageEmbeddingLearner, request: EvaluationRequest, progress: Progress
) -> Evaluation:
    """Recognition by the nearest centre and verification of pairs; unless brief also by person,
    and of people unseen in training how they are recognised among those seen there.

    A split of people who are seen in training is compared with their photographs there; one of
    others with its own photographs, each left out in turn.
    """
    found = compare(learner, request, progress)
    known, count = found.known(), len(found.queries)
    same, different = pair_distances(found)
    metrics = {**recognition(found, known), **verification(same, different)}
    if len(left_out := learner.left_out()):
        metrics["people_left_out"] = float(len(left_out))
    if request.brief:
        return Evaluation(count, metrics)
    if found.unseen:
        metrics.update(recognition(among_all(learner, found), known, "_among_all"))
    tables = {"per_person": per_person(found, known)}
    figure = distances_figure(same, different, f"{request.split}: pairs of photographs")
    return Evaluation(count, metrics, tables, [figure], notes(learner, found, known))


def recognition(found: Comparison, known: np.ndarray, suffix: str = "") -> dict[str, float]:
    """`recognition_accuracy` and `chance` of the `known` queries, `(N,)` bool; nothing if none
    is known."""
    if not known.any():
        return {}
    return {
        f"recognition_accuracy{suffix}": float(found.hits()[known].mean()),
        f"chance{suffix}": found.chance(),
    }


def verification(same: np.ndarray, different: np.ndarray) -> dict[str, float]:
    """`verification_auc` and mean squared distances, where there are such pairs."""
    metrics = {}
    if len(same) and len(different):
        metrics["verification_auc"] = verification_auc(same, different)
    for name, values in (("positive", same), ("negative", different)):
        if len(values):
            metrics[f"{name}_squared_distance"] = float(values.mean())
    return metrics


def per_person(found: Comparison, known: np.ndarray) -> list[dict[str, Any]]:
    """A row for each person whose photographs can be recognised: who else is near, and how far."""
    people, distances = centre_distances(
        found.queries, found.gallery, found.gallery_labels, found.index
    )
    hits = found.hits()
    rows = []
    for person in np.unique(found.labels[known]):
        chosen = known & (found.labels == person)
        own = people == person
        others = np.where(own, np.inf, distances[chosen].mean(axis=0))
        rows.append(
            {
                "person": int(person),
                "photographs": int(chosen.sum()),
                "recognition_accuracy": float(hits[chosen].mean()),
                "own_squared_distance": float(distances[chosen][:, own].mean()),
                "nearest_other": int(people[others.argmin()]) if len(people) > 1 else None,
                "nearest_other_squared_distance": float(others.min()) if len(people) > 1 else None,
            }
        )
    return rows


def notes(learner: ImageEmbeddingLearner, found: Comparison, known: np.ndarray) -> dict[str, str]:
    """What the metrics depend on, and who was left out."""
    said = {**learner.dataset.notes, "compared with": found.said}
    alone = len(np.unique(found.labels[~known]))
    if alone:
        said["single photographs"] = (
            f"{alone} people have no other photograph to be recognised by; theirs are only among "
            "the others"
        )
    left_out = learner.left_out()
    if len(left_out):
        said["left out of training"] = (
            f"{len(left_out)} people with a single photograph there, such as {left_out[0]}"
        )
    return said
