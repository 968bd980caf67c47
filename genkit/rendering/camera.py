"""A pinhole camera that looks at the middle of the table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from genkit.rendering.solids import Vector


@dataclass(frozen=True)
class View:
    """How scenes are seen.

    Args:
        size: height and width of pictures.
        samples: rays along each side of a pixel, averaged.
        distance: of the camera from the middle of the table.
        elevation: degrees above the table. field: degrees that the picture is wide.
    """

    size: int = 32
    samples: int = 2
    distance: float = 4.5
    elevation: float = 40.0
    field: float = 36.0

    def rays(self, xp: Any, azimuth: Any) -> tuple[Vector, Vector]:
        """Origins `(B, 1)` and directions `(B, R)` of length 1; `picture` knows their order.

        Args:
            azimuth: `(B,)` radians that the camera is turned about the table, counter-clockwise
                from above.
        """
        right, up = (x.astype(np.float32) for x in self._picture())
        rise = np.deg2rad(self.elevation)
        # Camera on the axis -y, looking along +y and down.
        forward, above = (float(np.cos(rise)), float(np.sin(rise)))
        y = forward + up * above
        z = -above + up * forward
        length = np.sqrt(right**2 + y**2 + z**2)
        flat = tuple(xp.reshape(_array(xp, x / length), (1, -1)) for x in (right, y, z))
        turn = xp.reshape(azimuth, (-1, 1))
        cosine, sine = xp.cos(turn), xp.sin(turn)
        start = self.distance * forward, self.distance * above
        origin = (sine * start[0], -cosine * start[0], 0.0 * turn + start[1])
        direction = (
            cosine * flat[0] - sine * flat[1],
            sine * flat[0] + cosine * flat[1],
            flat[2] + 0.0 * turn,
        )
        return origin, direction

    def _picture(self) -> tuple[np.ndarray, np.ndarray]:
        """Places of rays on a picture at distance 1: to the right and upwards, `(R,)` each; the
        first ray of every pixel, then the second of every pixel, and so on, so that their mean is
        one of long rows."""
        count, samples = self.size * self.samples, self.samples
        half = float(np.tan(np.deg2rad(self.field) / 2))
        line = ((np.arange(count) + 0.5) / count * 2 - 1) * half
        up, right = np.meshgrid(-line, line, indexing="ij")
        shape = (self.size, samples, self.size, samples)
        parts = (x.reshape(shape).transpose(1, 3, 0, 2).ravel() for x in (right, up))
        return next(parts), next(parts)

    def picture(self, xp: Any, shade: Any) -> Any:
        """`(B, size, size, 1)` of the shades `(B, R)` of rays."""
        cells = xp.reshape(shade, (-1, self.samples**2, self.size, self.size))
        return xp.mean(cells, axis=1)[..., None]


def _array(xp: Any, x: np.ndarray) -> Any:
    return x if xp is np else xp.convert_to_tensor(x)
