"""Scenes as files: arrays, a grid, and a picture of boxes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from genkit.artifacts import SAMPLE_KINDS, Animated, Scenes
from genkit.artifacts.boxes import STEP_COLOURS, outlined
from genkit.artifacts.npz import read_npz
from genkit.artifacts.parts import Parts


def scenes(count: int = 3) -> Scenes:
    images = np.zeros((count, 20, 20, 1), np.uint8)
    images[:, 5:9, 5:9] = 200
    counts = np.arange(count) % 3
    boxes = np.zeros((count, 2, 4), np.float32)
    boxes[:, 0], boxes[:, 1] = (4, 4, 6, 6), (10, 10, 5, 5)
    boxes *= (np.arange(2) < counts[:, None])[..., None]
    index = np.arange(count)
    return Scenes(images, np.zeros(count, np.float32), index, 256, counts, boxes)


def colours_in(picture: np.ndarray) -> set[tuple[int, ...]]:
    return {tuple(int(x) for x in c) for c in np.unique(picture.reshape(-1, 3), axis=0)}


def test_files_of_scenes(tmp_path: Path) -> None:
    found = scenes()
    names = {path.name for path in found.save(tmp_path)}
    assert names == {"samples.npz", "grid.png", "boxes.png"}
    arrays = read_npz(tmp_path / "samples.npz")
    assert set(arrays) == {"samples", "log_prob", "index", "count", "box"}
    np.testing.assert_array_equal(arrays["box"], found.box)
    with Image.open(tmp_path / "boxes.png") as picture:
        seen = colours_in(np.asarray(picture.convert("RGB")))
    assert set(STEP_COLOURS[:2]) <= seen
    assert STEP_COLOURS[2] not in seen
    assert found.preview() == (tmp_path / "boxes.png").read_bytes()


def test_parts_give_the_same_files(tmp_path: Path) -> None:
    whole = scenes(50)
    whole.save(tmp_path / "whole")
    arrays = whole.arrays()
    cuts = ({key: array[a : a + 20] for key, array in arrays.items()} for a in (0, 20, 40))
    SAMPLE_KINDS["scenes"].collect(tmp_path / "parts", Parts(50, whole.meta(), cuts))
    for name in ("grid.png", "boxes.png", "samples.npz"):
        assert (tmp_path / "whole" / name).read_bytes() == (tmp_path / "parts" / name).read_bytes()


def test_scenes_are_not_drawn_pixel_by_pixel() -> None:
    assert not isinstance(scenes(), Animated)


def test_boxes_are_drawn_where_they_are() -> None:
    image = np.zeros((1, 10, 10, 1), np.uint8)
    (picture,) = outlined(image, 256, [np.array([[2.0, 3.0, 4.0, 5.0]])])
    rows, columns = np.nonzero((picture == STEP_COLOURS[0]).all(axis=-1))
    factor = len(picture) / 10
    assert (rows.min() / factor, columns.min() / factor) == (2.0, 3.0)
    assert ((rows.max() + 1) / factor, (columns.max() + 1) / factor) == (6.0, 8.0)


def test_a_hidden_thing_has_no_box_and_keeps_its_colour() -> None:
    image = np.zeros((1, 10, 10, 1), np.uint8)
    (picture,) = outlined(image, 256, [np.array([[0.0, 0, 0, 0], [2, 2, 4, 4]])])
    assert STEP_COLOURS[0] not in colours_in(picture)
    assert STEP_COLOURS[1] in colours_in(picture)


def test_boxes_beyond_the_image_are_cut() -> None:
    image = np.full((1, 10, 10, 3), 90, np.uint8)
    (picture,) = outlined(image, 256, [np.array([[-3.0, 6.0, 8.0, 9.0]])])
    assert (picture == STEP_COLOURS[0]).all(axis=-1).any()
    assert picture.shape[2] == 3
