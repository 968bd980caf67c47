"""Regions of given values."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from genkit.errors import DataError, GenkitError, UsageError
from genkit.sampling.priming import image_primes, region_mask

SHAPE = (4, 6, 3)


@pytest.mark.parametrize(
    ("region", "rows", "columns"),
    [
        ("top", range(2), range(6)),
        ("bottom", range(2, 4), range(6)),
        ("left", range(4), range(3)),
        ("right", range(4), range(3, 6)),
        ("1:3,2:5", range(1, 3), range(2, 5)),
        (":,:", range(4), range(6)),
        (":1,4:", range(1), range(4, 6)),
    ],
)
def test_regions(region: str, rows: range, columns: range) -> None:
    mask = region_mask(region, SHAPE)
    for row in range(4):
        for column in range(6):
            wanted = row in rows and column in columns
            assert (mask[row, column] == wanted).all()


def test_halves_of_odd_sizes_share_the_image() -> None:
    for first, second in (("top", "bottom"), ("left", "right")):
        both = region_mask(first, (5, 7, 1)) + region_mask(second, (5, 7, 1))
        assert (both == 1).all()


@pytest.mark.parametrize("region", ["middle", "", "0:2", "0:2,0:2,0:1", "a:b,0:1", "-1:2,:", "1,2"])
def test_malformed_regions(region: str) -> None:
    with pytest.raises(UsageError) as caught:
        region_mask(region, SHAPE)
    assert caught.value.message == (
        "--keep takes top, bottom, left, right, rows and columns such as 0:2,0:6, or a file with "
        f"a mask (.png, .npz). Received: {region!r}"
    )


def test_regions_that_keep_nothing_or_leave_the_image() -> None:
    with pytest.raises(UsageError) as caught:
        region_mask("2:2,:", SHAPE)
    assert caught.value.message == "--keep '2:2,:' keeps nothing of a 4x6 image"
    with pytest.raises(UsageError) as caught:
        region_mask(":,0:7", SHAPE)
    assert caught.value.message == "--keep: 7 is past the image's 6"
    with pytest.raises(UsageError) as caught:
        region_mask("top", (1, 6, 1))
    assert caught.value.message == "--keep 'top' keeps nothing of a 1x6 image"


def images(count: int = 2, channels: int = 3) -> np.ndarray:
    return np.arange(count * 4 * 6 * channels).reshape(count, 4, 6, channels).astype(np.uint8)


@pytest.mark.parametrize("mode", ["1", "L", "RGB"])
@pytest.mark.parametrize("channels", [1, 3])
def test_a_picture_keeps_what_is_white(tmp_path: Path, mode: str, channels: int) -> None:
    wanted = np.arange(24).reshape(4, 6) * 7 % 5 < 2
    Image.fromarray(wanted.astype(np.uint8) * 255).convert(mode).save(tmp_path / "mask.png")
    forced = image_primes(images(channels=channels), str(tmp_path / "mask.png"))
    assert forced.mask.shape == forced.values.shape == (2, 4, 6, channels)
    np.testing.assert_array_equal(
        forced.mask, np.broadcast_to(wanted[..., None], forced.mask.shape)
    )


def test_a_picture_may_keep_single_colours(tmp_path: Path) -> None:
    pixels = np.zeros((4, 6, 3), np.uint8)
    pixels[:2, :, 0] = pixels[1:, :, 2] = 255
    Image.fromarray(pixels).save(tmp_path / "mask.png")
    forced = image_primes(images(), str(tmp_path / "mask.png"))
    np.testing.assert_array_equal(forced.mask, np.stack([pixels // 255] * 2))


@pytest.mark.parametrize("dtype", [bool, np.uint8, np.int64])
def test_arrays_as_masks(tmp_path: Path, dtype: type) -> None:
    """Of rows and columns or of every value, for all images or one an image."""
    path = tmp_path / "own.npz"
    every = (np.arange(2 * 4 * 6 * 3) * 5 % 7 < 3).reshape(2, 4, 6, 3)
    for mask in (every, every[0], every[..., 0], every[0, ..., 0]):
        np.savez(path, mask=mask.astype(dtype))
        wanted = mask[..., None] if mask.shape[-1] == 6 else mask
        forced = image_primes(images(), str(path))
        np.testing.assert_array_equal(forced.mask, np.broadcast_to(wanted, (2, 4, 6, 3)))


def test_files_that_are_no_mask(tmp_path: Path) -> None:
    path = tmp_path / "mask.png"

    def told(error: type[GenkitError]) -> str:
        with pytest.raises(error) as caught:
            image_primes(images(), str(path))
        return caught.value.message.replace(str(path), "FILE")

    assert told(UsageError) == "--keep FILE: no such file"
    path.write_text("no picture")
    assert told(DataError).startswith("--keep FILE: not a readable picture (")
    Image.fromarray(np.full((4, 7), 255, np.uint8)).save(path)
    assert told(DataError) == "--keep FILE: must be 4x6 (height x width). Received: 4x7"
    Image.fromarray(np.full((4, 6), 128, np.uint8)).save(path)
    assert told(DataError) == (
        "--keep FILE: a mask is white where values are kept and black where they are drawn. "
        "Received: 72 of 72 values in between"
    )
    Image.fromarray(np.zeros((4, 6), np.uint8)).save(path)
    assert told(UsageError) == "--keep FILE keeps nothing of a 4x6 image"

    path = tmp_path / "mask.npz"
    np.savez(path, keep=np.ones((4, 6)))
    assert told(DataError) == "--keep FILE: needs an array named mask. Received: keep"
    for shape in ((6, 4), (3, 4, 6), (4, 6, 1)):
        np.savez(path, mask=np.ones(shape, bool))
        assert told(DataError) == (
            "--keep FILE: mask must have shape (4, 6) or (4, 6, 3), or one such mask for each of "
            f"the 2 images. Received: {shape}"
        )
    for values in (np.full((4, 6), 2), np.full((4, 6), -1), np.full((4, 6), 0.5)):
        np.savez(path, mask=values)
        assert told(DataError) == "--keep FILE: mask must hold 0 and 1, or false and true"
    np.savez(path, mask=np.zeros((4, 6), bool))
    assert told(UsageError) == "--keep FILE keeps nothing of a 4x6 image"


def test_primes_are_the_images_under_the_mask() -> None:
    images = np.arange(2 * 4 * 6 * 3).reshape(2, 4, 6, 3).astype(np.uint8)
    forced = image_primes(images, "top")
    np.testing.assert_array_equal(forced.values, images)
    np.testing.assert_array_equal(forced.mask, np.stack([region_mask("top", SHAPE)] * 2))
