"""What the network says of a batch of pictures of solids, on the host."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from genkit.models.air.things import Things
from genkit.rendering.solids import SYMMETRIES


@dataclass(frozen=True)
class ExplainedSolids(Things):
    """Solids.

    Args:
        shapes: `(n, N)` int64. shape_chances: `(n, N, 3)` float64.
        poses: `(n, N, 3)` float32 x, y and turn in radians.
        azimuth: `(n,)` float32 of the camera, in radians.
    """

    shapes: np.ndarray
    shape_chances: np.ndarray
    poses: np.ndarray
    azimuth: np.ndarray


def degrees(radians: np.ndarray) -> np.ndarray:
    """From -180 to 180."""
    return np.asarray(180.0 - np.mod(180.0 - np.rad2deg(radians), 360.0))


def turn_errors(found: np.ndarray, true: np.ndarray, shapes: np.ndarray) -> np.ndarray:
    """Degrees between turns (radians), modulo the symmetry of the true shape; NaN of a sphere."""
    symmetry = np.array(SYMMETRIES)[shapes]
    period = np.where(symmetry > 0, 2 * np.pi / np.maximum(symmetry, 1), np.nan)
    gap = np.mod(found - true, period)
    return np.rad2deg(np.minimum(gap, period - gap))
