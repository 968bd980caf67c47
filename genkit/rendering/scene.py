"""Solids on a table, lit from one side: layers of single things, put together by depth."""

from __future__ import annotations

from typing import Any

import numpy as np

from genkit.rendering.camera import View
from genkit.rendering.solids import (
    HEIGHTS,
    MISS,
    Vector,
    cube,
    cylinder,
    dot,
    sphere,
)

POSE = 3  # x, y on the table, turn in radians
TABLE_HALF = 1.6  # of the table's side
TABLE_ALBEDO = 0.3
AMBIENT, DIFFUSE = 0.25, 0.75
LIGHT = np.array([-0.55, -0.35, 0.75]) / np.linalg.norm([-0.55, -0.35, 0.75])

Layer = tuple[Any, Any]  # distance and shade of each ray, (B, R)


def solid_layer(xp: Any, rays: tuple[Vector, Vector], shape: Any, pose: Any, alive: Any) -> Layer:
    """One solid for each scene.

    Args:
        rays: of the camera. shape: `(B,)` int, which solid. pose: `(B, 3)`.
        alive: `(B,)`, 0 where there is none.
    """
    origin, direction = rays
    cosine, sine = xp.cos(pose[:, 2:]), xp.sin(pose[:, 2:])
    which = xp.reshape(shape, (-1, 1))
    lift = xp.where(which == 0, HEIGHTS[0], xp.where(which == 1, HEIGHTS[1], HEIGHTS[2]))
    shifted = (origin[0] - pose[:, :1], origin[1] - pose[:, 1:2], origin[2] - lift)
    o, d = _turned(shifted, cosine, sine), _turned(direction, cosine, sine)
    light = _turned((LIGHT[0], LIGHT[1], LIGHT[2] + 0.0 * cosine), cosine, sine)
    found = [_lit(xp, *solid(xp, o, d), light) for solid in (sphere, cube, cylinder)]
    t, shade = (
        xp.where(which == 0, a, xp.where(which == 1, b, c)) for a, b, c in zip(*found, strict=True)
    )
    there = xp.reshape(alive, (-1, 1)) > 0.5
    return xp.where(there, t, MISS), shade


def table_layer(xp: Any, rays: tuple[Vector, Vector]) -> Layer:
    """The table, and beyond its edge nothing, which is black."""
    origin, direction = rays
    down = direction[2] < -1e-6
    t = xp.where(down, -origin[2] / xp.where(down, direction[2], -1.0), MISS)
    x, y = origin[0] + t * direction[0], origin[1] + t * direction[1]
    on = xp.logical_and(xp.maximum(xp.abs(x), xp.abs(y)) <= TABLE_HALF, down)
    lit = TABLE_ALBEDO * (AMBIENT + DIFFUSE * float(LIGHT[2]))
    return xp.where(on, t, MISS), xp.where(on, lit, 0.0 * t)


def nearer(xp: Any, first: Layer, second: Layer) -> Layer:
    """Two layers put together: what is nearer is seen."""
    ahead = first[0] < second[0]
    return xp.where(ahead, first[0], second[0]), xp.where(ahead, first[1], second[1])


def render(xp: Any, view: View, shapes: Any, poses: Any, alive: Any, azimuth: Any) -> Any:
    """Pictures `(B, size, size, 1)` from 0 to 1.

    Args:
        xp: `numpy` or `keras.ops`.
        shapes: `(B, N)` int, `solids.SPHERE`, `CUBE` or `CYLINDER`. poses: `(B, N, 3)` x, y, turn.
        alive: `(B, N)`, 0 where there is nothing. azimuth: `(B,)` of the camera.
    """
    rays = view.rays(xp, azimuth)
    whole = table_layer(xp, rays)
    for i in range(shapes.shape[1]):
        layer = solid_layer(xp, rays, shapes[:, i], poses[:, i], alive[:, i])
        whole = nearer(xp, layer, whole)
    return view.picture(xp, whole[1])


def _turned(v: Vector, cosine: Any, sine: Any) -> Vector:
    """Seen by a solid that is turned about the upright axis."""
    return cosine * v[0] + sine * v[1], cosine * v[1] - sine * v[0], v[2]


def _lit(xp: Any, t: Any, normal: Vector, light: Vector) -> Layer:
    """Lambert's shading."""
    return t, AMBIENT + DIFFUSE * xp.maximum(dot(normal, light), 0.0)
