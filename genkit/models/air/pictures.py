"""Pictures of images taken apart: their boxes, coloured by step, and what is drawn of them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from genkit.artifacts import Figure
from genkit.artifacts.boxes import outlined
from genkit.artifacts.pictures import LINE, grid, png
from genkit.models.air.explained import Explained

COLUMNS = 8


def reconstructions(images: np.ndarray, levels: int, found: Explained, name: str) -> Figure:
    """Each image `(n, H, W, C)`, values 0 .. levels - 1, with boxes, above what is drawn of it."""
    own = [rows[:count] for rows, count in zip(found.boxes, found.counts, strict=True)]
    return beside(images, found.canvas, levels, own, name)


def beside(
    images: np.ndarray, canvas: np.ndarray, levels: int, boxes: Sequence[np.ndarray], name: str
) -> Figure:
    """Images with boxes, each above its canvas `(n, H, W, C)` from 0 to 1."""
    drawn = np.rint(np.clip(canvas, 0.0, 1.0) * (levels - 1)).astype(np.uint8)
    above = outlined(images, levels, boxes)
    below = outlined(drawn, levels, [rows[:0] for rows in boxes])
    between = np.full((len(above), 2, *above.shape[2:]), LINE, np.uint8)
    pairs = np.concatenate([above, between, below], axis=1)
    return Figure(name, png(grid(pairs, 256, min(COLUMNS, len(pairs)))))
