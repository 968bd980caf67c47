"""Regions of given values."""

from __future__ import annotations

import numpy as np
import pytest

from genkit.errors import UsageError
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
        "--keep takes top, bottom, left, right, or rows and columns such as 0:2,0:6. "
        f"Received: {region!r}"
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


def test_primes_are_the_images_under_the_mask() -> None:
    images = np.arange(2 * 4 * 6 * 3).reshape(2, 4, 6, 3).astype(np.uint8)
    forced = image_primes(images, "top")
    np.testing.assert_array_equal(forced.values, images)
    np.testing.assert_array_equal(forced.mask, np.stack([region_mask("top", SHAPE)] * 2))
