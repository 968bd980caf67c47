"""Given parts of images: which values are kept and which are drawn."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from genkit.artifacts.npz import read_npz
from genkit.data.images.pictures import SUFFIXES, read_picture
from genkit.errors import DataError, UsageError
from genkit.family import Forced

HALVES = ("top", "bottom", "left", "right")
ARRAY = "mask"
_RANGE = re.compile(r"(\d*):(\d*)")


def image_primes(images: np.ndarray, keep: str) -> Forced:
    """Forced values of `(N, H, W, C)` images; the mask is a view that takes no room.

    Args:
        keep: a region, see `region_mask`, or a file, see `mask_file`.
    """
    shape: tuple[int, int, int] = images.shape[1:]
    path = Path(keep)
    if path.suffix.lower() in (".npz", *SUFFIXES):
        mask = mask_file(path, shape, len(images))
    else:
        mask = region_mask(keep, shape)
    return Forced(images, np.broadcast_to(mask, images.shape))


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
                f"--keep takes {', '.join(HALVES)}, rows and columns such as "
                f"0:{height // 2},0:{width}, or a file with a mask (.png, .npz). "
                f"Received: {region!r}"
            )
        rows, columns = (_span(m, n) for m, n in zip(found, (height, width), strict=True))
    mask = np.zeros(shape, np.uint8)
    mask[rows, columns] = 1
    return _something(mask, repr(region))


def mask_file(path: Path, shape: tuple[int, int, int], count: int) -> np.ndarray:
    """Mask from a file, uint8, 1 where the value is given.

    Args:
        path: a picture, white where values are kept and black where they are drawn (of each
            colour by itself where the model has colours); or an npz with an array `mask` of 0
            and 1, for all images or one an image.
        shape: (H, W, C) of the images. count: how many there are.

    Returns:
        `(H, W, C)` or `(count, H, W, C)`.

    Raises:
        UsageError: if there is no such file, or if it keeps nothing.
        DataError: if it is no mask of this shape.
    """
    if not path.is_file():
        raise UsageError(f"--keep {path}: no such file")
    if path.suffix.lower() == ".npz":
        mask = _from_npz(path, shape, count)
    else:
        pixels = read_picture(path, f"--keep {path}", shape)
        between = int(np.sum((pixels > 0) & (pixels < 255)))
        if between:
            raise DataError(
                f"--keep {path}: a mask is white where values are kept and black where they are "
                f"drawn. Received: {between} of {pixels.size} values in between"
            )
        mask = pixels // 255
    return _something(mask, str(path))


def _from_npz(path: Path, shape: tuple[int, int, int], count: int) -> np.ndarray:
    arrays = read_npz(path)
    if ARRAY not in arrays:
        received = ", ".join(sorted(arrays)) or "none"
        raise DataError(f"--keep {path}: needs an array named {ARRAY}. Received: {received}")
    mask = arrays[ARRAY]
    plane = shape[:2]
    if mask.shape in (plane, (count, *plane)):
        mask = np.broadcast_to(mask[..., None], (*mask.shape, shape[2]))
    elif mask.shape not in (shape, (count, *shape)):
        raise DataError(
            f"--keep {path}: {ARRAY} must have shape {plane} or {shape}, or one such mask for "
            f"each of the {count} images. Received: {mask.shape}"
        )
    if mask.dtype.kind not in "bui" or mask.min() < 0 or mask.max() > 1:
        raise DataError(f"--keep {path}: {ARRAY} must hold 0 and 1, or false and true")
    return mask.astype(np.uint8)


def _something(mask: np.ndarray, name: str) -> np.ndarray:
    """`mask`, which has to keep something."""
    if not mask.any():
        height, width = mask.shape[-3:-1]
        raise UsageError(f"--keep {name} keeps nothing of a {height}x{width} image")
    return mask


def _span(found: re.Match[str] | None, size: int) -> slice:
    low, high = found.groups() if found else ("", "")
    start, stop = int(low or 0), int(high or size)
    if stop > size:
        raise UsageError(f"--keep: {stop} is past the image's {size}")
    return slice(start, stop)
