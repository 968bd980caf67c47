"""Pictures and GIFs of moving objects with the trails they leave; truth left, prediction right."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from genkit.artifacts.pictures import gif

SIDE = 240  # pixels of a panel
FRAMES = 80  # of a GIF at most
TRAIL = 0.15  # part of the whole time that a trail lasts in a GIF
FRAME_MS = 50
END_MS = 1000
PAPER, LINE = (250, 250, 250), (150, 150, 150)
COLOURS = (
    (31, 119, 180), (255, 127, 14), (44, 160, 44), (214, 39, 40), (148, 103, 189),
    (140, 86, 75), (227, 119, 194), (23, 190, 207), (188, 189, 34), (80, 80, 80),
)  # fmt: skip
# Indices of paper and lines, and from which on each object's colour is, and behind it its trail's.
_PAPER, _LINE, _FIRST = 0, 1, 2
PALETTE = np.array(
    [PAPER, LINE, *(c for own in COLOURS for c in (own, tuple((x + 255) // 2 for x in own)))],
    np.uint8,
)
EDGE = 3  # pixels between panels
LEAST = 3.0  # pixels of an object's radius
MARGIN = 0.06  # of a panel's side
VIEW = 4.0  # a prediction that leaves the scene is shown as far as so many scenes' sizes


def film(samples: np.ndarray, truth: np.ndarray, radius: np.ndarray) -> bytes:
    """GIF of one scene.

    Args:
        samples, truth: `(T + 1, N, 2)` positions. radius: `(N,)`, 0 for what is not drawn.
    """
    steps = np.unique(np.linspace(0, len(truth) - 1, min(len(truth), FRAMES)).astype(int))
    length = max(1, int(TRAIL * len(truth)))
    pictures = [_pair(samples, truth, radius, int(s), max(0, int(s) - length)) for s in steps]
    return gif(
        [picture[..., None] for picture in pictures],
        PALETTE,
        [FRAME_MS] * (len(pictures) - 1) + [END_MS],
    )


def still(scenes: Sequence[Mapping[str, Any]]) -> np.ndarray:
    """Whole trails of scenes, a row each: `(H, W, 3)` uint8."""
    rows = [_pair(s["samples"], s["truth"], s["radius"], len(s["truth"]) - 1, 0) for s in scenes]
    return np.asarray(PALETTE[np.concatenate(rows)])


def _pair(
    samples: np.ndarray, truth: np.ndarray, radius: np.ndarray, step: int, since: int
) -> np.ndarray:
    """Indices of `PALETTE`, `(SIDE, 2 SIDE + 3)`: what happened, and what was predicted."""
    from PIL import Image, ImageDraw

    low, size = _view(truth)
    whole = np.full((SIDE, 2 * SIDE + EDGE), _LINE, np.uint8)
    for panel, places in enumerate((truth, samples)):
        pixels = _pixels(places[since : step + 1], low, size)
        one = Image.new("L", (SIDE, SIDE), _PAPER)
        _draw(ImageDraw.Draw(one), pixels, radius * SIDE * (1 - 2 * MARGIN) / size)
        start = panel * (SIDE + EDGE)
        whole[:, start : start + SIDE] = np.asarray(one)
    return whole


def _view(truth: np.ndarray) -> tuple[np.ndarray, float]:
    """Lower corner and side of the square that all true positions lie in."""
    flat = truth.reshape(-1, 2).astype(np.float64)
    low, high = flat.min(axis=0), flat.max(axis=0)
    size = max(float((high - low).max()), 1e-9)
    return (low + high) / 2 - size / 2, size


def _pixels(places: np.ndarray, low: np.ndarray, size: float) -> np.ndarray:
    """Where positions `(t, N, 2)` are in a panel; up is up."""
    unit = (places.astype(np.float64) - low) / size
    unit = np.clip(np.nan_to_num(unit, nan=-VIEW, posinf=VIEW, neginf=-VIEW), -VIEW, VIEW)
    unit[..., 1] = 1.0 - unit[..., 1]
    return SIDE * (MARGIN + (1 - 2 * MARGIN) * unit)


def _draw(pen: Any, pixels: np.ndarray, radius: np.ndarray) -> None:
    for number in range(pixels.shape[1]):
        if radius[number] <= 0:
            continue
        colour = _FIRST + 2 * (number % len(COLOURS))
        trail = [tuple(point) for point in pixels[:, number]]
        if len(trail) > 1:
            pen.line(trail, fill=colour + 1, width=1)
        x, y = trail[-1]
        r = max(float(radius[number]), LEAST)
        pen.ellipse((x - r, y - r, x + r, y + r), fill=colour)
