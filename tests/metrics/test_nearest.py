"""Recognition by the nearest centre, against loops."""

from __future__ import annotations

import numpy as np
import pytest

from genkit.metrics.nearest import centre_distances, nearest_accuracy
from genkit.randomness import normal, uniform


def drawn(count: int, classes: int, purpose: str) -> tuple[np.ndarray, np.ndarray]:
    """Random vectors `(count, 3)` around the corners of a cube, and their classes."""
    labels = (uniform(0, purpose, 0, (count,)) * classes).astype(np.int64)
    return normal(0, purpose, 0, (count, 3)) + labels[:, None] % 2, labels * 7 - 3


def by_hand(queries, query_labels, gallery, gallery_labels, query_index) -> list[bool]:
    hits = []
    for query, label, left_out in zip(queries, query_labels, query_index, strict=True):
        found = {}
        for person in sorted(set(gallery_labels.tolist())):
            items = [
                gallery[j].astype(np.float64)
                for j in range(len(gallery))
                if gallery_labels[j] == person and j != left_out
            ]
            if items:
                found[person] = float(np.sum((query - np.mean(items, axis=0)) ** 2))
        nearest = min(found, key=lambda person: found[person]) if found else None
        hits.append(nearest == label)
    return hits


@pytest.mark.parametrize("classes", [1, 2, 5, 12])
def test_leave_one_out_by_brute_force(classes: int) -> None:
    points, labels = drawn(20, classes, f"loo/{classes}")
    index = np.arange(20)
    found = nearest_accuracy(points, labels, points, labels, index)
    assert found.dtype == bool
    assert found.tolist() == by_hand(points, labels, points, labels, index)


def test_another_gallery_and_items_that_are_left_out_by_brute_force() -> None:
    queries, query_labels = drawn(30, 6, "queries")
    gallery, labels = drawn(15, 5, "gallery")
    none = np.full(30, -1)
    found = nearest_accuracy(queries, query_labels, gallery, labels)
    assert found.tolist() == by_hand(queries, query_labels, gallery, labels, none)
    assert 0 < found.sum() < 30
    some = np.arange(30) % 16 - 1  # whatever item, also one of another class
    found = nearest_accuracy(queries, query_labels, gallery, labels, some)
    assert found.tolist() == by_hand(queries, query_labels, gallery, labels, some)


def test_an_only_photograph_is_no_hit_when_it_is_left_out() -> None:
    points = np.array([[0.0], [0.1], [5.0]])
    labels = np.array([4, 4, 9])
    found = nearest_accuracy(points, labels, points, labels, np.arange(3))
    assert found.tolist() == [True, True, False]
    alone = nearest_accuracy(points[2:], labels[2:], points[2:], labels[2:], np.array([0]))
    assert alone.tolist() == [False]


def test_a_class_that_the_gallery_lacks_is_no_hit() -> None:
    found = nearest_accuracy(np.zeros((1, 2)), np.array([3]), np.ones((2, 2)), np.array([1, 2]))
    assert found.tolist() == [False]


def test_distances_to_centres() -> None:
    gallery = np.array([[0.0, 0.0], [2.0, 0.0], [0.0, 4.0]])
    labels = np.array([5, 5, 1])
    queries = np.array([[0.0, 0.0], [1.0, 0.0]])
    classes, distances = centre_distances(queries, gallery, labels, np.array([0, -1]))
    assert classes.tolist() == [1, 5]
    np.testing.assert_allclose(distances, [[16.0, 4.0], [17.0, 0.0]], atol=1e-12)
    _, distances = centre_distances(queries, gallery, labels, np.array([2, -1]))
    assert distances[0].tolist() == [np.inf, 1.0]
