"""Scenes of sprites: shapes, colours, sizes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from genkit import data
from genkit.data.scenes.sprites import COLOURS, SHAPES, silhouette
from genkit.errors import RecipeError
from genkit.recipe import from_mapping


def section(**values: Any) -> Any:
    return from_mapping({"family": "air", "data": {"name": "sprites", **values}}, "test").data


@pytest.mark.parametrize(("name", "share"), [("disc", np.pi / 4), ("square", 1.0)])
def test_silhouettes_have_the_height_and_area_of_their_shape(name: str, share: float) -> None:
    found = silhouette(name, 20)
    assert found.sum() == pytest.approx(share * 400, rel=0.03)
    rows = np.flatnonzero(found.max(axis=1) > 0.5)
    assert rows[-1] - rows[0] + 1 == 20


def test_a_triangle_is_as_high_as_asked() -> None:
    found = silhouette("triangle", 18)
    rows = np.flatnonzero(found.max(axis=1) > 0.3)
    assert abs(len(rows) - 18) <= 1
    assert found.sum() == pytest.approx(18 * 18 / 3**0.5, rel=0.06)


def test_scenes_hold_what_is_said() -> None:
    split = data.load(section(counts=[2], size=40, test_count=60)).split("test")
    found = split.scenes(np.arange(60))
    assert found["image"].shape == (60, 40, 40, 3)
    assert set(found["label"].ravel()) == set(range(len(SHAPES)))
    seen = set()
    for image, boxes in zip(found["image"], found["box"].astype(int), strict=True):
        for top, left, height, width in boxes:
            own = image[top : top + height, left : left + width]
            assert 10 <= height <= 18
            middle = tuple(int(x) for x in own[height // 2, width // 2])
            assert middle in COLOURS.values()
            seen.add(middle)
    assert seen == set(COLOURS.values())


def test_grey_sprites_are_white() -> None:
    split = data.load(section(colours=False, counts=[1], test_count=4)).split("test")
    assert split.images.shape == (4, 50, 50, 1)
    assert np.asarray(split.images).max() == 255


def test_the_largest_sprite_fits_onto_the_smallest_canvas() -> None:
    with pytest.raises(RecipeError, match="size must be at least 21"):
        section(size=20, sides=[10, 16])
    split = data.load(section(size=21, sides=[16, 16], counts=[1], test_count=60)).split("test")
    assert split.scenes(range(60))["image"].shape == (60, 21, 21, 3)


def test_sides_in_the_wrong_order() -> None:
    with pytest.raises(RecipeError, match="the smaller one first"):
        section(sides=[12, 8])
