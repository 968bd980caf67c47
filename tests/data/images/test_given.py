"""Images that a user hands to `score` and `sample --prime`: every bad input is told."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from genkit.data.images.given import read_images
from genkit.errors import DataError, UsageError

SHAPE = (2, 3, 1)
GREY = np.arange(12).reshape(2, 2, 3, 1).astype(np.uint8)


def why(path: Path, shape: tuple[int, int, int] = SHAPE, levels: int = 16) -> str:
    with pytest.raises((DataError, UsageError)) as caught:
        read_images(path, shape, levels)
    return caught.value.message


@pytest.fixture
def npz(tmp_path: Path):
    def save(**arrays: np.ndarray) -> Path:
        np.savez(tmp_path / "given.npz", **arrays)
        return tmp_path / "given.npz"

    return save


@pytest.mark.parametrize("name", ["samples", "images", "image"])
@pytest.mark.parametrize("label", ["label", "labels", None])
def test_an_npz_with_and_without_labels(npz, name: str, label: str | None) -> None:
    labels = {label: np.array([4, 2], np.uint8)} if label else {}
    split = read_images(npz(**{name: GREY}, **labels), SHAPE, 16)
    np.testing.assert_array_equal(split.images, GREY)
    assert split.levels == 16
    if label:
        np.testing.assert_array_equal(split.labels, [4, 2])
        assert split.labels.dtype == np.int64
    else:
        assert split.labels is None


def test_grey_images_may_lack_the_channel_axis_and_be_of_any_integer_type(npz) -> None:
    for dtype in (np.int64, np.uint16, np.int8):
        split = read_images(npz(images=GREY[..., 0].astype(dtype)), SHAPE, 16)
        np.testing.assert_array_equal(split.images, GREY)
        assert split.images.dtype == np.uint8


def test_bad_arrays(npz) -> None:
    assert why(npz(pixels=GREY)) == (
        f"{npz(pixels=GREY)}: needs an array named samples or images or image. Received: pixels"
    )
    path = npz()
    assert why(path).endswith("needs an array named samples or images or image. Received: none")
    path = npz(images=GREY[:, :1])
    assert why(path) == f"{path}: images must have shape (count, 2, 3, 1). Received: (2, 1, 3, 1)"
    path = npz(images=GREY[..., 0])
    assert why(path, (2, 3, 3)).endswith(
        "images must have shape (count, 2, 3, 3). Received: (2, 2, 3)"
    )
    assert why(npz(images=GREY / 16)).endswith("images must be integers. Received: float64")
    assert why(npz(images=GREY.astype(int) - 1)).endswith(
        "images must hold values 0 to 15. Received: -1 to 10"
    )
    assert why(npz(images=GREY), levels=8).endswith(
        "images must hold values 0 to 7. Received: 0 to 11"
    )
    assert why(npz(images=GREY, label=np.zeros(3, int))).endswith(
        "labels must have shape (2,). Received: (3,)"
    )
    assert why(npz(images=GREY, label=np.array(["a", "b"]))).endswith(
        "labels must be integers. Received: <U1"
    )
    assert why(npz(images=GREY[:0])).endswith("images holds no images")


def test_bad_files(tmp_path: Path) -> None:
    missing = tmp_path / "missing.npz"
    assert why(missing) == f"{missing}: no such file or folder, and no split of the data set"
    text = tmp_path / "given.txt"
    text.write_text("images")
    assert why(text).startswith(f"{text}: unknown kind of file. Allowed: .npz, a folder, .png, ")
    for content in (b"", b"no zip", b"PK\x03\x04" + bytes(40)):
        broken = tmp_path / "broken.npz"
        broken.write_bytes(content)
        assert why(broken).startswith(f"{broken}: not a readable npz file (")
    objects = tmp_path / "objects.npz"
    np.savez(objects, images=np.array([{"a": 1}], object))
    assert "not a readable npz file (Object arrays cannot be loaded" in why(objects)
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "notes.txt").write_text("")
    assert why(folder).startswith(f"{folder}: no pictures in this folder (looked for .png, ")


def test_pictures(tmp_path: Path) -> None:
    grey = np.array([[0, 17, 34], [85, 170, 255]], np.uint8)
    Image.fromarray(grey).save(tmp_path / "b.png")
    Image.fromarray(255 - grey).save(tmp_path / "a.PNG")
    (tmp_path / "notes.txt").write_text("")
    one = read_images(tmp_path / "b.png", SHAPE, 256)
    np.testing.assert_array_equal(one.images[0, ..., 0], grey)
    assert one.labels is None
    both = read_images(tmp_path, SHAPE, 256)
    np.testing.assert_array_equal(both.images[..., 0], [255 - grey, grey])  # by name
    colour = read_images(tmp_path / "b.png", (2, 3, 3), 256)
    np.testing.assert_array_equal(colour.images[0], np.stack([grey] * 3, -1))


@pytest.mark.parametrize("levels", [2, 3, 16, 17, 255, 256])
def test_pictures_are_brought_to_the_levels_of_the_model(tmp_path: Path, levels: int) -> None:
    ramp = np.arange(256, dtype=np.uint8).reshape(16, 16)
    Image.fromarray(ramp).save(tmp_path / "ramp.png")
    found = read_images(tmp_path / "ramp.png", (16, 16, 1), levels).images.ravel().astype(int)
    assert (found[0], found[-1]) == (0, levels - 1)
    assert (np.diff(found) >= 0).all()
    assert set(found) == set(range(levels))
    width = np.bincount(found)
    if levels & (levels - 1) == 0:
        assert (width == 256 // levels).all()  # equal bins


def test_bad_pictures(tmp_path: Path) -> None:
    path = tmp_path / "large.png"
    Image.fromarray(np.zeros((4, 3), np.uint8)).save(path)
    assert why(path) == f"{path}: the model takes 2x3 (height x width). Received: 4x3"
    torn = tmp_path / "torn.png"
    torn.write_bytes(path.read_bytes()[:40])
    assert why(torn).startswith(f"{torn}: not a readable picture (")
    text = tmp_path / "text.png"
    text.write_text("no picture")
    assert why(text).startswith(f"{text}: not a readable picture (")
    folder = tmp_path / "folder.png"
    folder.mkdir()
    assert why(folder).startswith(f"{folder}: no pictures in this folder")
