"""Given parts of images: which values are kept and which are drawn."""

from __future__ import annotations

import re

import numpy as np

from genkit.errors import UsageError
from genkit.family import Forced

HALVES = ("top", "bottom", "left", "right")
_RANGE = re.compile(r"(\d*):(\d*)")


def region_mask(region: str, shape: tuple[int, int, int]) -> np.ndarray:
    """Mask `(H, W, C)`, 1 where the value is given.

    Args:
        region: `top`, `bottom`, `left` or `right` (half of the image), or rows and columns
            such as `0:14,0:28`; either side of a colon may be left out.

    Raises:
        UsageError: if the region is malformed, empty or outside the image.
    """
    height, width, _ = shape
    halves = {
        "top": (slice(0, height // 2), slice(None)),
        "bottom": (slice(height // 2, None), slice(None)),
        "left": (slice(None), slice(0, width // 2)),
        "right": (slice(None), slice(width // 2, None)),
    }
    if region in halves:
        rows, columns = halves[region]
    else:
        found = [_RANGE.fullmatch(part) for part in region.split(",")]
        if len(found) != 2 or None in found:
            raise UsageError(
                f"--keep takes {', '.join(HALVES)}, or rows and columns such as "
                f"0:{height // 2},0:{width}. Received: {region!r}"
            )
        rows, columns = (_span(m, n) for m, n in zip(found, (height, width), strict=True))
    mask = np.zeros(shape, np.uint8)
    mask[rows, columns] = 1
    if not mask.any():
        raise UsageError(f"--keep {region!r} keeps nothing of a {height}x{width} image")
    return mask


def _span(found: re.Match[str] | None, size: int) -> slice:
    low, high = found.groups() if found else ("", "")
    start, stop = int(low or 0), int(high or size)
    if stop > size:
        raise UsageError(f"--keep: {stop} is past the image's {size}")
    return slice(start, stop)


def image_primes(images: np.ndarray, region: str) -> Forced:
    """Forced values of `(N, H, W, C)` images in a region; the mask is a view that takes no room."""
    mask = region_mask(region, images.shape[1:])
    return Forced(images, np.broadcast_to(mask, images.shape))
