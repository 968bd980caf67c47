"""Overlaps of boxes, and which box belongs to which thing."""

from __future__ import annotations

import numpy as np
import pytest

from genkit.metrics.boxes import matched_overlaps, overlaps


def test_overlaps_of_boxes() -> None:
    true = np.array([[0, 0, 4, 4], [10, 10, 2, 2]], float)
    found = np.array([[0, 0, 4, 4], [2, 0, 4, 4], [10, 10, 4, 4], [20, 20, 0, 0]], float)
    wanted = [[1, 0], [8 / 24, 0], [0, 4 / 16], [0, 0]]
    np.testing.assert_allclose(overlaps(found, true), wanted)


def test_against_pixels() -> None:
    draw = np.random.default_rng(0)
    boxes = np.concatenate([draw.integers(0, 8, (20, 2)), draw.integers(1, 8, (20, 2))], axis=1)
    covers = np.zeros((20, 16, 16), bool)
    for one, (top, left, height, width) in zip(covers, boxes, strict=True):
        one[top : top + height, left : left + width] = True
    common = (covers[:, None] & covers[None]).sum(axis=(2, 3))
    either = (covers[:, None] | covers[None]).sum(axis=(2, 3))
    np.testing.assert_allclose(overlaps(boxes.astype(float), boxes.astype(float)), common / either)


def test_each_box_is_used_once_and_the_sum_is_greatest() -> None:
    true = np.array([[0, 0, 4, 4], [0, 2, 4, 4]], float)
    found = np.array([[0, 1, 4, 4]], float)
    assert sorted(matched_overlaps(found, true)) == [0.0, pytest.approx(12 / 20)]
    both = np.array([[0, 2, 4, 4], [0, 0, 4, 4]], float)
    np.testing.assert_allclose(matched_overlaps(both, true), 1.0)
    assert (matched_overlaps(found[:0], true) == 0).all()
    assert len(matched_overlaps(found, true[:0])) == 0
