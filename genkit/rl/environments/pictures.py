"""Pictures of other sizes and without colours, for the environments of others."""

from __future__ import annotations

import numpy as np
from PIL import Image

# ITU-R BT.601, as in Pillow and in the Arcade Learning Environment.
_LUMINANCE = np.array([0.299, 0.587, 0.114], np.float32)


def resized(image: np.ndarray, size: int) -> np.ndarray:
    """A picture of `size` x `size` pixels, by triangular weights over what a new pixel covers.

    Pillow computes in whole numbers, so the result is the same on every machine.

    Args:
        image: `(H, W, C)` uint8, any number of channels.
    """
    height, width, channels = image.shape
    if (height, width) == (size, size):
        return image
    if channels == 3:
        return _bilinear(image, size)
    planes = [_bilinear(np.ascontiguousarray(image[..., c]), size) for c in range(channels)]
    return np.stack(planes, axis=-1)


def _bilinear(image: np.ndarray, size: int) -> np.ndarray:
    return np.asarray(Image.fromarray(image).resize((size, size), Image.Resampling.BILINEAR))


def luminance(image: np.ndarray) -> np.ndarray:
    """`(H, W, 1)` uint8 of an RGB picture `(H, W, 3)`; others are left as they are."""
    if image.shape[-1] != 3:
        return image
    return np.rint(image @ _LUMINANCE).astype(np.uint8)[..., None]
