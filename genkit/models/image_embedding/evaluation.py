"""Evaluation of an image embedding: are photographs of one person near each other?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from genkit.artifacts import Artifact
from genkit.errors import UsageError
from genkit.family import Evaluation, EvaluationRequest
from genkit.metrics.nearest import centre_distances, nearest_accuracy
from genkit.metrics.verification import distances_figure, verification_auc
from genkit.progress import Progress

if TYPE_CHECKING:
    from genkit.data.images.dataset import ImageSplit
    from genkit.models.image_embedding.learner import ImageEmbeddingLearner

GALLERY = 50  # photographs of a person at most that others are compared with
MOST_PAIRS = 10_000_000


@dataclass(frozen=True)
class Comparison:
    """Photographs, and those that they are compared with.

    Args:
        queries: `(N, D)` unit vectors. labels: `(N,)`, their people.
        gallery: `(M, D)`, at most 50 a person. gallery_labels: `(M,)`.
        index: `(N,)`, the place of each query in the gallery, or -1.
        said: what the gallery is, in words.
    """

    queries: np.ndarray
    labels: np.ndarray
    gallery: np.ndarray
    gallery_labels: np.ndarray
    index: np.ndarray
    said: str

    def known(self) -> np.ndarray:
        """`(N,)` bool: whether anything of the query's own person is left in the gallery."""
        people, counts = np.unique(self.gallery_labels, return_counts=True)
        left = dict(zip(people.tolist(), counts.tolist(), strict=True))
        found = [left.get(int(label), 0) for label in self.labels]
        return np.array(found) - (self.index >= 0) > 0


def evaluate(
    learner: ImageEmbeddingLearner, request: EvaluationRequest, progress: Progress
) -> Evaluation:
    """Recognition by the nearest centre and verification of pairs; unless brief also by person.

    A split of people who are seen in training is compared with their photographs there; one of
    others with its own photographs, each left out in turn.
    """
    found = compare(learner, request, progress)
    known = found.known()
    hits = nearest_accuracy(
        found.queries, found.labels, found.gallery, found.gallery_labels, found.index
    )
    same, different = pair_distances(found)
    metrics: dict[str, float] = {}
    if known.any():
        metrics["recognition_accuracy"] = float(hits[known].mean())
        metrics["chance"] = 1.0 / len(np.unique(found.gallery_labels))
    if len(same) and len(different):
        metrics["verification_auc"] = verification_auc(same, different)
    for name, values in (("positive", same), ("negative", different)):
        if len(values):
            metrics[f"{name}_squared_distance"] = float(values.mean())
    left_out = learner.left_out()
    if len(left_out):
        metrics["people_left_out"] = float(len(left_out))
    if request.brief:
        return Evaluation(len(found.queries), metrics)
    tables = {"per_person": per_person(found, hits, known)}
    figure = distances_figure(same, different, f"{request.split}: pairs of photographs")
    artifacts: list[Artifact] = [figure]
    return Evaluation(len(found.queries), metrics, tables, artifacts, notes(learner, found, known))


def compare(
    learner: ImageEmbeddingLearner, request: EvaluationRequest, progress: Progress
) -> Comparison:
    """The first `limit` photographs of a split, and what they are compared with."""
    split, train = learner.split(request.split), learner.split("train")
    if split.labels is None or train.labels is None:
        raise UsageError("an image embedding is evaluated on images with labels")
    unseen = np.setdiff1d(split.labels, train.labels)
    own = request.split == "train" or len(unseen) > 0
    source = split if own else train
    chosen = gallery_of(source)
    first = split.first(request.limit)
    queries = learner.embed_all(first, progress)
    index = np.full(len(queries), -1, np.int64)
    if own:
        place = {int(item): i for i, item in enumerate(chosen)}
        index = np.array([place.get(i, -1) for i in range(len(queries))], np.int64)
    said = (
        "the other photographs of this split, each one left out in turn"
        if own
        else "the training photographs of the same people"
    )
    if len(chosen) < len(source):
        said += f", the first {GALLERY} of each"
    labels = np.asarray(split.labels)[: len(queries)]
    gallery = learner.embed(np.asarray(source.images[chosen]))
    return Comparison(queries, labels, gallery, np.asarray(source.labels)[chosen], index, said)


def gallery_of(split: ImageSplit) -> np.ndarray:
    """The first photographs of each person, at most 50: their places in the split, ascending."""
    labels = np.asarray(split.labels)
    chosen = [np.flatnonzero(labels == person)[:GALLERY] for person in np.unique(labels)]
    return np.sort(np.concatenate(chosen))


def pair_distances(found: Comparison) -> tuple[np.ndarray, np.ndarray]:
    """Squared distances of pairs of one person and of two people, of a query and what it is
    compared with; of very many, those of every n-th query."""
    every = -(-len(found.queries) * len(found.gallery) // MOST_PAIRS)
    queries, labels = found.queries[::every], found.labels[::every]
    index = found.index[::every]
    distances = np.maximum(2.0 - 2.0 * queries.astype(np.float64) @ found.gallery.T, 0.0)
    same = labels[:, None] == found.gallery_labels[None, :]
    itself = index[:, None] == np.arange(len(found.gallery))
    return distances[same & ~itself], distances[~same]


def per_person(found: Comparison, hits: np.ndarray, known: np.ndarray) -> list[dict[str, Any]]:
    """A row for each person whose photographs can be recognised: who else is near, and how far."""
    people, distances = centre_distances(
        found.queries, found.gallery, found.gallery_labels, found.index
    )
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
