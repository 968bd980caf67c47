"""Colours of films of episodes: those that are drawn with, and those of what was seen."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

KEPT = (
    (250, 250, 250), (190, 190, 190), (40, 40, 40), (31, 119, 180), (214, 39, 40),
    (158, 188, 218), (44, 160, 44), (200, 60, 60),
)  # fmt: skip
PAPER, LINE, TEXT, VALUE, CHOSEN, BAR, GAIN, LOSS = range(len(KEPT))  # their indices

LEVELS = 24  # of a map; they follow the kept colours in a palette

# Channels that are neither grey nor red, green and blue have colours of their own.
CHANNELS = np.array(
    [
        (120, 120, 130), (205, 133, 63), (250, 210, 30), (60, 180, 90), (70, 130, 220),
        (200, 80, 200), (220, 70, 60), (80, 200, 200),
    ],
    np.float64,
)  # fmt: skip


def ramp() -> Sequence[tuple[int, int, int]]:
    """Colours of the levels of a map, from low to high: equal steps look equally large."""
    from matplotlib import colormaps

    found = colormaps["viridis"](np.linspace(0, 1, LEVELS), bytes=True)
    return [(int(red), int(green), int(blue)) for red, green, blue, _ in found]


def coloured(image: np.ndarray) -> np.ndarray:
    """A picture `(..., C)` uint8 as `(..., 3)` uint8."""
    channels = image.shape[-1]
    if channels == 3:
        return image
    if channels in (1, 2, 4):  # grey: the newest of a stack is its last
        return np.repeat(image[..., -1:], 3, axis=-1)
    lit = image[..., None] / 255.0 * CHANNELS[np.arange(channels) % len(CHANNELS)]
    return np.asarray(lit.max(axis=-2), np.uint8)
