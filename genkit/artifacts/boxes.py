"""Boxes drawn over images, coloured by the step that found them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from genkit.artifacts.pictures import colours

# Of steps, in their order.
STEP_COLOURS = (
    (235, 64, 52),
    (64, 200, 80),
    (80, 130, 255),
    (245, 200, 60),
    (220, 90, 220),
    (80, 215, 220),
)
SIDE = 120  # pixels that an image is enlarged to, at least


def outlined(images: np.ndarray, levels: int, boxes: Sequence[np.ndarray]) -> np.ndarray:
    """Images with boxes over them, enlarged by a whole factor: `(N, H', W', 3)` uint8.

    Args:
        images: `(N, H, W, C)`, values 0 .. levels - 1.
        levels: values of a channel.
        boxes: `(n, 4)` for each image: top, left, height and width in pixels, in the order of
            steps; they may reach beyond the image.
    """
    from PIL import Image, ImageDraw

    shown = colours(images, levels)
    factor = max(1, -(-SIDE // max(shown.shape[1:3])))
    large = shown.repeat(factor, axis=1).repeat(factor, axis=2)
    for picture, own in zip(large, boxes, strict=True):
        drawn = Image.fromarray(picture)
        pen = ImageDraw.Draw(drawn)
        for step, (top, left, height, width) in enumerate(np.asarray(own, np.float64) * factor):
            if height < 1 or width < 1:  # of what is hidden
                continue
            ends = [left, top, left + width - 1, top + height - 1]
            pen.rectangle(ends, outline=STEP_COLOURS[step % len(STEP_COLOURS)], width=2)
        picture[...] = np.asarray(drawn)
    return large
