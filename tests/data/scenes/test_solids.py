"""Scenes of solids: what is said of them, and what is refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from genkit import data
from genkit.data.scenes.solids import view
from genkit.errors import DataError, RecipeError
from genkit.recipe import from_mapping
from genkit.rendering.scene import render


def section(**values: Any) -> Any:
    given = {"name": "solids", "size": 16, "test_count": 12, **values}
    return from_mapping({"family": "air", "data": given}, "test").data


def scenes(count: int = 12, **values: Any) -> Any:
    return data.load(section(**values)).split("test").scenes(range(count))


def test_pictures_are_those_of_the_poses_that_are_told() -> None:
    config = section(counts=[0, 1, 3], turn=40, reach=1.1, apart_by=0.6)
    found = data.load(config).split("test").scenes(range(12))
    assert found["image"].shape == (12, 16, 16, 1)
    np.testing.assert_array_equal(found["count"], np.tile([0, 1, 3], 4))
    alive = np.arange(3) < found["count"][:, None]
    again = render(
        np, view(config), np.maximum(found["label"], 0), found["pose"], alive, found["azimuth"]
    )
    np.testing.assert_array_equal(found["image"], np.rint(again * 255).astype(np.uint8))
    assert np.abs(found["azimuth"]).max() <= np.deg2rad(40)
    assert len(np.unique(found["azimuth"])) == 12
    assert (found["label"][~alive] == -1).all()
    assert (found["pose"][~alive] == 0).all()
    for poses, count in zip(found["pose"], found["count"], strict=True):
        own = poses[:count, :2]
        assert np.abs(own).max(initial=0) <= 1.1
        gaps = np.linalg.norm(own[:, None] - own, axis=-1)[np.triu_indices(count, 1)]
        assert (gaps >= 0.6).all()


def test_boxes_hold_what_is_seen_of_a_solid() -> None:
    found = scenes(counts=[1])
    empty = scenes(1, counts=[0])["image"][0]
    for image, (top, left, height, width) in zip(
        found["image"], found["box"][:, 0].astype(int), strict=True
    ):
        changed = (image != empty)[..., 0]
        rows, columns = np.flatnonzero(changed.any(1)), np.flatnonzero(changed.any(0))
        # Boxes are of rays before rounding: a pixel more at most.
        assert abs(rows[0] - top) <= 1
        assert abs(rows[-1] + 1 - top - height) <= 1
        assert abs(columns[0] - left) <= 1
        assert abs(columns[-1] + 1 - left - width) <= 1


def test_a_scene_does_not_depend_on_those_made_with_it() -> None:
    split = data.load(section(counts=[1, 2], turn=20)).split("train")
    both, one = split.scenes([5, 9]), split.scenes([9])
    for name in both:
        np.testing.assert_array_equal(both[name][1], one[name][0])
    assert set(split.class_names) == {"sphere", "cube", "cylinder"}


def test_what_is_refused() -> None:
    with pytest.raises(DataError, match="no room for 3 solids"):
        scenes(1, counts=[3], reach=0.2)
    with pytest.raises(RecipeError, match="apart"):
        section(apart="ink")
    config = section(counts=[2])
    assert from_mapping({"family": "air", "data": config.model_dump()}, "again").data == config
