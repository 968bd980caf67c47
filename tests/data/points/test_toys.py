"""Toy problems are what they are said to be."""

from __future__ import annotations

import numpy as np
import pytest

from genkit.data.points.config import ToysConfig
from genkit.data.points.toys import PointFeed, load
from genkit.errors import UsageError


def test_problems_are_functions_of_their_seed():
    one, again = (load(ToysConfig(base="overlapping")).split("train") for _ in range(2))
    np.testing.assert_array_equal(one.points, again.points)
    other = load(ToysConfig(base="overlapping", made_by=1)).split("train")
    assert not np.array_equal(one.points, other.points)
    test = load(ToysConfig(base="overlapping")).split("test")
    assert not np.array_equal(one.points, test.points)


@pytest.mark.parametrize("base", ["separable", "overlapping", "xor", "random"])
@pytest.mark.parametrize("dimensions", [2, 100])
def test_classes_have_targets(base: str, dimensions: int):
    split = load(ToysConfig(base=base, dimensions=dimensions)).split("train")
    assert split.points.shape == (400, dimensions)
    assert split.labels is not None
    np.testing.assert_array_equal(split.targets, np.eye(2)[split.labels])
    assert 0.3 < split.labels.mean() < 0.7


def test_what_a_plane_parts():
    def right(base: str) -> float:
        split = load(ToysConfig(base=base)).split("train")
        return float(((split.points[:, 0] < 0) == (split.labels == 1)).mean())

    assert right("separable") == 1.0
    assert 0.75 < right("overlapping") < 0.95
    assert 0.4 < right("xor") < 0.6
    assert 0.4 < right("random") < 0.6
    xor = load(ToysConfig(base="xor")).split("test")
    np.testing.assert_array_equal(xor.labels, (xor.points[:, 0] * xor.points[:, 1] < 0))
    gap = load(ToysConfig(base="separable")).split("train").points[:, 0]
    assert np.abs(gap).min() >= 1.0


def test_regression_is_linear_but_for_its_noise():
    split = load(ToysConfig(base="regression", dimensions=5, noise=0.3)).split("train")
    assert split.labels is None
    weights, *_ = np.linalg.lstsq(split.points, split.targets, rcond=None)
    rest = split.targets - split.points @ weights
    assert 0.25 < rest.std() < 0.35
    np.testing.assert_allclose(np.linalg.norm(weights, axis=0), 1.0, atol=0.1)


def test_a_batch_of_all_points_holds_each_once():
    split = load(ToysConfig(count=30)).split("train")
    batch = PointFeed(split, 30, 0).batch(4)
    order = np.lexsort(batch["point"].T)
    np.testing.assert_array_equal(batch["point"][order], split.points[np.lexsort(split.points.T)])


def test_missing_splits_are_told():
    with pytest.raises(UsageError, match="unknown split"):
        load(ToysConfig()).split("trian")
