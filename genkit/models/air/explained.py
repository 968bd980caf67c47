"""What the network says of a batch of images, on the host."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from genkit.models.air.things import Things

INK = 0.5  # share of the brightest pixel above which a patch is ink


@dataclass(frozen=True)
class Explained(Things):
    """Windows.

    Args:
        boxes: `(n, N, 4)` float32 top, left, height and width in pixels, of all slots.
        where, what: `(n, N, 3)` and `(n, N, K)` float32, places and looks.
        patches: `(n, N, w, w, C)` float32, how they look.
    """

    boxes: np.ndarray
    where: np.ndarray
    what: np.ndarray
    patches: np.ndarray

    def drawn_boxes(self) -> np.ndarray:
        """`(n, N, 4)`: boxes cut to the ink of what is drawn in them."""
        window = self.patches.shape[2]
        bright = self.patches.max(axis=-1)
        ink = bright > INK * bright.max(axis=(2, 3), keepdims=True)
        top, height = _extent(ink.any(axis=3), window)
        left, width = _extent(ink.any(axis=2), window)
        corner = self.boxes[..., :2] + np.stack([top, left], axis=-1) * self.boxes[..., 2:]
        return np.concatenate(
            [corner, np.stack([height, width], axis=-1) * self.boxes[..., 2:]], axis=-1
        )


def _extent(ink: np.ndarray, window: int) -> tuple[np.ndarray, np.ndarray]:
    """Begin and length of ink `(n, N, w)`, in parts of the window."""
    first = ink.argmax(axis=-1)
    last = window - ink[..., ::-1].argmax(axis=-1)
    return first / window, (last - first) / window
