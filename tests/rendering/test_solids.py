"""Intersections against marching through distance fields, which share no formula with them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from genkit.rendering import solids
from genkit.rendering.solids import CUBE, CYLINDER, HALF, LONG, MISS, RADIUS, ROUND, SPHERE

Field = Callable[[np.ndarray], np.ndarray]


def ball(p: np.ndarray) -> np.ndarray:
    return np.linalg.norm(p, axis=-1) - RADIUS


def box(p: np.ndarray) -> np.ndarray:
    q = np.abs(p) - HALF
    return np.linalg.norm(np.maximum(q, 0), axis=-1) + np.minimum(q.max(axis=-1), 0)


def tube(p: np.ndarray) -> np.ndarray:
    q = np.stack([np.hypot(p[..., 1], p[..., 2]) - ROUND, np.abs(p[..., 0]) - LONG], axis=-1)
    return np.minimum(q.max(axis=-1), 0) + np.linalg.norm(np.maximum(q, 0), axis=-1)


FIELDS: dict[int, Field] = {SPHERE: ball, CUBE: box, CYLINDER: tube}
SOLIDS = {SPHERE: solids.sphere, CUBE: solids.cube, CYLINDER: solids.cylinder}


def rays(count: int = 4000) -> tuple[np.ndarray, np.ndarray]:
    draw = np.random.default_rng(0)
    start = draw.normal(size=(count, 3))
    start *= 3 / np.linalg.norm(start, axis=-1, keepdims=True)
    way = draw.normal(scale=0.4, size=(count, 3)) - start
    return start, way / np.linalg.norm(way, axis=-1, keepdims=True)


def march(field: Field, start: np.ndarray, way: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Distance to the solid, and how near a ray that misses comes to it."""
    t, nearest = np.zeros(len(start)), np.full(len(start), np.inf)
    for _ in range(400):
        gap = field(start + t[:, None] * way)
        nearest = np.minimum(nearest, gap)
        t = np.minimum(t + np.maximum(gap, 0.0), 20.0)
    return t, nearest


@pytest.mark.parametrize("which", SOLIDS)
def test_distances_and_normals(which: int) -> None:
    start, way = rays()
    t, normal = SOLIDS[which](np, tuple(start.T), tuple(way.T))
    marched, nearest = march(FIELDS[which], start, way)
    hit = nearest < 1e-5
    sure = hit | (nearest > 1e-3)  # rays that graze the solid may be told either way
    assert 0.1 < hit.mean() < 0.9
    np.testing.assert_array_equal((t < MISS)[sure], hit[sure])
    np.testing.assert_allclose(t[hit], marched[hit], atol=2e-3)
    point, field = (start + t[:, None] * way)[hit], FIELDS[which]
    steps = 1e-4 * np.eye(3)
    slope = np.stack([(field(point + s) - field(point - s)) / 2e-4 for s in steps], axis=-1)
    found = np.stack([np.broadcast_to(n, t.shape) for n in normal], axis=-1)[hit]
    # Normals at edges are those of either face.
    same = np.abs((slope * found).sum(axis=-1) - 1) < 1e-2
    assert same.mean() > 0.99
    np.testing.assert_allclose(np.linalg.norm(found, axis=-1), 1.0, atol=1e-4)


def test_rays_along_the_axes() -> None:
    """Where directions have zeros."""
    for which, reach in ((SPHERE, RADIUS), (CUBE, HALF), (CYLINDER, LONG)):
        o = tuple(np.array([x], float) for x in (-2.0, 0.01, 0.02))
        d = tuple(np.array([x], float) for x in (1.0, 0.0, 0.0))
        t, normal = SOLIDS[which](np, o, d)
        assert t[0] == pytest.approx(2.0 - reach, abs=2e-3)
        assert normal[0][0] == pytest.approx(-1.0, abs=2e-3)
        away = tuple(-x for x in d)
        assert SOLIDS[which](np, o, away)[0][0] == MISS
