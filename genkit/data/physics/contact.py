"""Distances between surfaces and impulses where they meet.

`xp` is NumPy for simulations and `keras.ops` for networks: the same lines serve both.
"""

from __future__ import annotations

from typing import Any

import numpy as np


def gap(xp: Any, away: Any, own_radius: Any, radius: Any, wall: Any = None) -> Any:
    """Distance `(...)` between the surfaces of two objects; below 0 they overlap.

    Args:
        away: `(..., 2)` from the one to the other. own_radius, radius: `(...)` of both.
        wall: `(..., 2)` inward normal where the other is a wall, whose extent does not count; zeros
            where it is a ball; None where there are no walls.
    """
    # 1e-12 keeps the gradient of two that coincide finite.
    between = xp.sqrt(xp.sum(away * away, axis=-1) + 1e-12) - own_radius - radius
    if wall is None:
        return between
    beside = -xp.sum(away * wall, axis=-1) - own_radius
    return xp.where(xp.sum(wall * wall, axis=-1) > 0.5, beside, between)


def outward(away: np.ndarray, wall: np.ndarray | None = None) -> np.ndarray:
    """Unit vectors `(..., 2)` from the other object to the own one, of a wall its normal.

    Two that coincide have none: there it is 0.
    """
    distance = np.linalg.norm(away, axis=-1, keepdims=True)
    direct = -away / np.where(distance > 0, distance, 1.0)
    if wall is None:
        return direct
    return np.where((np.abs(wall).sum(axis=-1) > 0.5)[..., None], wall, direct)


def impulses(
    normal: np.ndarray,
    relative: np.ndarray,
    touching: np.ndarray,
    restitution: np.ndarray,
    share: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """Change of velocity `(..., K, 2)` by each relation, and where there is one `(..., K)`.

    Args:
        normal: `(..., K, 2)`, see `outward`. relative: `(..., K, 2)` own velocity less the other's.
        touching: `(..., K)` bool. restitution: `(..., K)`.
        share: `(..., K)`, the part that the own one takes: m_j / (m_i + m_j), 1 against what is
            fixed.
    """
    approach = (relative * normal).sum(axis=-1)
    meets = touching & (approach < 0)
    size = np.where(meets, -(1.0 + restitution) * approach * share, 0.0)
    return size[..., None] * normal, meets
