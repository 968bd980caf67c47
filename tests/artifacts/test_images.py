"""Grids, pictures and the arrays of images."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from genkit.artifacts import SAMPLE_KINDS, Artifact, Images, Parts, SampleArtifact, pictures
from genkit.artifacts import parts as module
from genkit.artifacts.npz import read_npz
from genkit.artifacts.pictures import grid, png

LINE = 96


def some(count: int = 5, levels: int = 4, channels: int = 1, labels: bool = True) -> Images:
    samples = np.arange(count * 6 * channels).reshape(count, 2, 3, channels) % levels
    return Images(
        samples.astype(np.uint8),
        np.arange(count, dtype=np.float32),
        np.arange(count),
        levels,
        np.arange(count) % 2 if labels else None,
    )


def decoded(data: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(data)))


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("count", [1, 4, 5, 7])
def test_every_image_is_in_its_cell_with_lines_between(
    count: int, channels: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pictures, "GRID_PIXELS", 1)  # no enlargement
    batch = some(count, 256, channels).samples
    picture = grid(batch, 256)
    columns = int(np.ceil(np.sqrt(count)))
    rows = -(-count // columns)
    assert picture.shape == (rows * 3 + 1, columns * 4 + 1, channels)
    wanted = np.full_like(picture, LINE)
    for i, image in enumerate(batch):
        top, left = 1 + 3 * (i // columns), 1 + 4 * (i % columns)
        wanted[top : top + 2, left : left + 3] = image
    np.testing.assert_array_equal(picture, wanted)


def test_small_images_are_enlarged_by_a_whole_factor() -> None:
    picture = grid(some(4, 2).samples, 2)
    assert 0.5 * 640 < max(picture.shape[:2]) <= 1.1 * 640
    values, inner = np.unique(picture), picture[..., 0]
    assert set(values) == {0, LINE, 255}
    factor = 640 // 8  # two columns of 3 pixels and a line
    first = inner[factor // 4 : factor // 4 + factor, factor // 4 : factor // 4 + factor]
    assert (first == first[0, 0]).all()


@pytest.mark.parametrize("levels", [2, 3, 17, 256])
def test_black_is_the_lowest_level_and_white_the_highest(levels: int) -> None:
    batch = np.array([0, levels - 1], np.uint8).reshape(2, 1, 1, 1)
    assert {0, 255} <= set(np.unique(grid(batch, levels)))


def test_columns_may_be_given() -> None:
    wide, square = grid(some(6).samples, 4, columns=6), grid(some(6).samples, 4)
    assert wide.shape[1] / wide.shape[0] > square.shape[1] / square.shape[0]


@pytest.mark.parametrize("channels", [1, 3])
def test_a_png_holds_the_picture(channels: int) -> None:
    picture = np.arange(2 * 3 * channels).reshape(2, 3, channels).astype(np.uint8)
    found = decoded(png(picture))
    np.testing.assert_array_equal(found.reshape(picture.shape), picture)


def test_the_same_images_give_the_same_bytes() -> None:
    assert some().preview() == some().preview()


def test_what_is_saved(tmp_path: Path) -> None:
    batch = some(5)
    files = batch.save(tmp_path)
    assert [path.name for path in files] == ["grid.png", "samples.npz"]
    arrays = read_npz(tmp_path / "samples.npz")
    assert set(arrays) == {"samples", "log_prob", "index", "label"}
    np.testing.assert_array_equal(arrays["samples"], batch.samples)
    assert set(some(labels=False).arrays()) == {"samples", "log_prob", "index"}
    assert decoded((tmp_path / "grid.png").read_bytes()).ndim == 2


def test_large_jobs_get_no_single_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "ONE_FILE_BYTES", some().samples.nbytes)
    assert [path.name for path in some().save(tmp_path)] == ["grid.png"]


def test_a_grid_shows_the_first_256() -> None:
    many = some(300)
    assert many.preview() == replace(many, samples=many.samples[:256]).preview()
    assert many.preview() != replace(many, samples=many.samples[:255]).preview()


@pytest.mark.parametrize("labels", [True, False])
def test_parts_join_to_the_whole(labels: bool) -> None:
    whole = some(7, labels=labels)
    cut: list[dict[str, Any]] = [
        {key: value[start : start + 3] for key, value in whole.arrays().items()}
        for start in (0, 3, 6)
    ]
    joined = Images.join(cut, whole.meta())
    assert joined.levels == whole.levels
    for key, value in whole.arrays().items():
        np.testing.assert_array_equal(joined.arrays()[key], value)
    assert ("label" in joined.arrays()) == labels


@pytest.mark.parametrize("lengths", [(300,), (100, 100, 100), (256, 44), (255, 45)])
def test_parts_are_collected_to_what_the_whole_saves(
    lengths: tuple[int, ...], tmp_path: Path
) -> None:
    whole, start, cut = some(300), 0, []
    for length in lengths:
        cut.append({k: v[start : start + length] for k, v in whole.arrays().items()})
        start += length
    files = Images.collect(tmp_path / "parts", Parts(300, whole.meta(), iter(cut)))
    saved = whole.save(tmp_path / "whole")
    assert [path.name for path in files] == ["grid.png", "samples.npz"]
    assert [path.read_bytes() for path in files] == [path.read_bytes() for path in saved]


def test_images_are_a_sample_artifact() -> None:
    assert isinstance(some(), SampleArtifact)
    assert isinstance(some(), Artifact)
    assert SAMPLE_KINDS[some().kind] is Images
