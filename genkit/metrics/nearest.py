"""Recognition by the nearest centre: the mean of what is known of each class."""

from __future__ import annotations

import numpy as np


def centre_distances(
    queries: np.ndarray,
    gallery: np.ndarray,
    gallery_labels: np.ndarray,
    query_index: np.ndarray | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Squared Euclidean distance of each query to the centre of each class of the gallery.

    Args:
        queries: `(N, D)` vectors.
        gallery: `(M, D)` vectors; `gallery_labels`: `(M,)` int, their classes.
        query_index: `(N,)` int, the gallery item that is left out for each query, such as itself;
            -1, or None for all, leaves nothing out.

    Returns:
        The classes `(K,)`, in ascending order, and distances `(N, K)` float64; infinite where
        nothing is left of a class.
    """
    queries, gallery = np.asarray(queries, np.float64), np.asarray(gallery, np.float64)
    classes, place = np.unique(gallery_labels, return_inverse=True)
    sums = np.zeros((len(classes), gallery.shape[1]))
    np.add.at(sums, place, gallery)
    counts = np.bincount(place, minlength=len(classes))
    centres = sums / counts[:, None]
    squares = (queries**2).sum(1)[:, None] + (centres**2).sum(1)[None]
    distances = np.maximum(squares - 2.0 * queries @ centres.T, 0.0)
    if query_index is None:
        return classes, distances
    for i in np.flatnonzero(np.asarray(query_index) >= 0):
        item = int(query_index[i])
        own = place[item]
        left = counts[own] - 1
        if left:
            centre = (sums[own] - gallery[item]) / left
            distances[i, own] = np.sum((queries[i] - centre) ** 2)
        else:
            distances[i, own] = np.inf
    return classes, distances


def nearest_accuracy(
    queries: np.ndarray,
    query_labels: np.ndarray,
    gallery: np.ndarray,
    gallery_labels: np.ndarray,
    query_index: np.ndarray | None = None,
) -> np.ndarray:
    """Whether each query is nearer to the centre of its own class than to any other, `(N,)` bool.

    Leave-one-out: with the queries as gallery and `query_index` 0 .. N - 1, each is compared with
    the centre of the others of its class.

    Args:
        queries, gallery, gallery_labels, query_index: as for `centre_distances`.
        query_labels: `(N,)` int. A query of a class of which nothing is left is no hit; where two
            classes are equally near, the first counts.
    """
    classes, distances = centre_distances(queries, gallery, gallery_labels, query_index)
    nearest = distances.argmin(axis=1)
    reached = np.isfinite(distances[np.arange(len(distances)), nearest])
    return reached & (classes[nearest] == np.asarray(query_labels))


def several_and_single(labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Classes of `(N,)` labels that have two items or more, and those that have a single one:
    nothing of those is left to compare it with."""
    classes, counts = np.unique(labels, return_counts=True)
    return classes[counts > 1], classes[counts == 1]
