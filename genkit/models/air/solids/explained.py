"""What the network says of a batch of pictures of solids, on the host."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np

from genkit.rendering.solids import SYMMETRIES


@dataclass(frozen=True)
class ExplainedSolids:
    """The most probable solids of pictures.

    Args:
        chances: `(n, N)` float64, probability of each slot's presence, given that of all before.
        counts: `(n,)` int64.
        shapes: `(n, N)` int64. shape_chances: `(n, N, 3)` float64.
        poses: `(n, N, 3)` float32 x, y and turn in radians. pose_deviations: theirs.
        azimuth: `(n,)` float32 of the camera, in radians.
        canvas: `(n, H, W, 1)` float32, the pictures rendered.
    """

    chances: np.ndarray
    counts: np.ndarray
    shapes: np.ndarray
    shape_chances: np.ndarray
    poses: np.ndarray
    pose_deviations: np.ndarray
    azimuth: np.ndarray
    canvas: np.ndarray

    def rows(self, chosen: slice) -> ExplainedSolids:
        """Those of some of the pictures."""
        return ExplainedSolids(**{f.name: getattr(self, f.name)[chosen] for f in fields(self)})


def turn_errors(found: np.ndarray, true: np.ndarray, shapes: np.ndarray) -> np.ndarray:
    """Degrees between turns (radians), modulo the symmetry of the true shape; NaN of a sphere."""
    symmetry = np.array(SYMMETRIES)[shapes]
    period = np.where(symmetry > 0, 2 * np.pi / np.maximum(symmetry, 1), np.nan)
    gap = np.mod(found - true, period)
    return np.rad2deg(np.minimum(gap, period - gap))
