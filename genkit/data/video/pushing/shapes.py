"""Outlines of objects: unions of convex polygons about their centre of mass."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np

SEEN = ("disc", "square", "triangle", "bar")
NOVEL = ("cross", "ell", "tee", "dome")

_FINE = 256  # points along each axis by which areas are measured


@dataclass(frozen=True)
class Shape:
    """An outline that fits into the unit circle about its centre of mass, and touches it.

    Args:
        parts: convex polygons `(V, 2)`, whose union it is; none for a disc.
        area: of the union.
        lever: mean distance from the centre, which friction against turning is proportional to.
        inertia: mean squared distance from the centre: the moment of inertia of mass 1.
    """

    parts: tuple[np.ndarray, ...]
    area: float
    lever: float
    inertia: float


@cache
def shape(name: str) -> Shape:
    """The shape of a name in `SEEN` or `NOVEL`."""
    if name == "disc":
        return Shape((), np.pi, 2.0 / 3.0, 0.5)
    parts = [np.array(part, np.float64) for part in _PARTS[name]]
    points = _inside(parts)
    centre = points.mean(axis=0)
    scale = max(float(np.hypot(*(part - centre).T).max()) for part in parts)
    away = np.hypot(*(points - centre).T) / scale
    area = len(points) * (2.0 / _FINE) ** 2 / scale**2
    shifted = tuple((part - centre) / scale for part in parts)
    return Shape(shifted, area, float(away.mean()), float((away**2).mean()))


def edges(part: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Outward normals `(V, 2)` of a convex polygon, and how far from the origin its sides are."""
    along = np.roll(part, -1, axis=0) - part
    normals = np.stack([along[:, 1], -along[:, 0]], axis=1) / np.hypot(*along.T)[:, None]
    outward = np.sign(((part - part.mean(axis=0)) * normals).sum(axis=1))
    normals *= outward[:, None]
    return normals, (part * normals).sum(axis=1)


def _inside(parts: Sequence[np.ndarray]) -> np.ndarray:
    """Points of a fine grid over the square -1 .. 1 that lie in any of the parts, `(P, 2)`."""
    line = (np.arange(_FINE) + 0.5) * (2.0 / _FINE) - 1.0
    grid = np.stack(np.meshgrid(line, line), axis=-1).reshape(-1, 2)
    within = np.zeros(len(grid), bool)
    for part in parts:
        normals, distances = edges(part)
        within |= (grid @ normals.T <= distances).all(axis=1)
    return grid[within]


def _box(left: float, top: float, right: float, bottom: float) -> list[tuple[float, float]]:
    return [(left, top), (right, top), (right, bottom), (left, bottom)]


def _arc(start: float, end: float, corners: int) -> list[tuple[float, float]]:
    """Corners on the unit circle, from one angle to the other (degrees)."""
    angles = np.deg2rad(np.linspace(start, end, corners))
    return [(float(np.cos(a)), float(np.sin(a))) for a in angles]


# Within the square -1 .. 1; placed and scaled afterwards.
_PARTS: dict[str, list[list[tuple[float, float]]]] = {
    "square": [_box(-0.7, -0.7, 0.7, 0.7)],
    "triangle": [_arc(90, 330, 3)],
    "bar": [_box(-0.9, -0.4, 0.9, 0.4)],
    "cross": [_box(-0.9, -0.3, 0.9, 0.3), _box(-0.3, -0.9, 0.3, 0.9)],
    "ell": [_box(-0.8, -0.8, -0.2, 0.8), _box(-0.8, 0.2, 0.6, 0.8)],
    "tee": [_box(-0.8, -0.8, 0.8, -0.2), _box(-0.3, -0.8, 0.3, 0.8)],
    "dome": [_arc(0, 180, 12)],
}
