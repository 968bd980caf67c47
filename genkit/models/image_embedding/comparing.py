"""Which photographs an evaluation of an image embedding compares."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from genkit.errors import UsageError
from genkit.family import EvaluationRequest
from genkit.metrics.nearest import nearest_accuracy
from genkit.progress import Progress

if TYPE_CHECKING:
    from genkit.data.images.dataset import ImageSplit
    from genkit.models.image_embedding.learner import ImageEmbeddingLearner

GALLERY = 50  # photographs of a person at most that others are compared with
MOST_PAIRS = 10_000_000


@dataclass(frozen=True)
class Comparison:
    """Photographs, and the gallery that they are compared with.

    Args:
        queries: `(N, D)` unit vectors. labels: `(N,)`, their people.
        gallery: `(M, D)`, at most 50 a person. gallery_labels: `(M,)`.
        index: `(N,)`, the place of each query in the gallery, or -1.
        unseen: whether some of these people are not seen in training.
        said: what the gallery is, in words.
    """

    queries: np.ndarray
    labels: np.ndarray
    gallery: np.ndarray
    gallery_labels: np.ndarray
    index: np.ndarray
    unseen: bool
    said: str

    def known(self) -> np.ndarray:
        """`(N,)` bool: whether anything of the query's own person is left in the gallery."""
        same = self.labels[:, None] == self.gallery_labels[None, :]
        return same.sum(axis=1) > (self.index >= 0)

    def hits(self) -> np.ndarray:
        """`(N,)` bool: whether the centre of its own person is the nearest to a query."""
        return nearest_accuracy(
            self.queries, self.labels, self.gallery, self.gallery_labels, self.index
        )

    def chance(self) -> float:
        """One of so many people."""
        return 1.0 / len(np.unique(self.gallery_labels))


def compare(
    learner: ImageEmbeddingLearner, request: EvaluationRequest, progress: Progress
) -> Comparison:
    """The first `limit` photographs of a split, and what they are compared with: people seen in
    training with their photographs there, others with the photographs of the split itself."""
    split, train = learner.split(request.split), learner.split("train")
    unseen = len(np.setdiff1d(_people(split), _people(train))) > 0
    own = unseen or request.split == "train"
    source = split if own else train
    chosen = gallery_of(source)
    queries = learner.embed_all(split.first(request.limit), progress)
    index = np.full(len(split), -1, np.int64)
    if own:
        index[chosen] = np.arange(len(chosen))
        said = "the other photographs of this split, each one left out in turn"
    else:
        said = "the training photographs of the same people"
    if len(chosen) < len(source):
        said += f", the first {GALLERY} of each"
    count = len(queries)
    gallery = learner.embed(np.asarray(source.images[chosen]))
    labels, own_labels = _people(split)[:count], _people(source)[chosen]
    return Comparison(queries, labels, gallery, own_labels, index[:count], unseen, said)


def among_all(learner: ImageEmbeddingLearner, found: Comparison) -> Comparison:
    """The same queries, with people of the training split beside the others."""
    train = learner.split("train")
    chosen = gallery_of(train)
    more = learner.embed(np.asarray(train.images[chosen]))
    return replace(
        found,
        gallery=np.concatenate([found.gallery, more]),
        gallery_labels=np.concatenate([found.gallery_labels, _people(train)[chosen]]),
    )


def gallery_of(split: ImageSplit) -> np.ndarray:
    """The first photographs of each person, at most 50: their places in the split, ascending."""
    labels = _people(split)
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


def _people(split: ImageSplit) -> np.ndarray:
    if split.labels is None:
        raise UsageError("people are told apart on images with labels; these have none")
    return np.asarray(split.labels)
