"""Walls as straight pieces, of grids and of tracks.

Places are in cells: x to the right, y down, as a grid is printed. A piece's open side lies to the
right of whoever walks along it, so pieces run clockwise round what is open.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

Point = tuple[float, float]


class Wall(NamedTuple):
    """A straight piece of wall, from (`x0`, `y0`) to (`x1`, `y1`), in cells."""

    x0: float
    y0: float
    x1: float
    y1: float


# For a neighbour (rows, columns): where the wall to it begins and ends, from the cell's corner.
_SIDES = {
    (-1, 0): Wall(0, 0, 1, 0),
    (0, 1): Wall(1, 0, 1, 1),
    (1, 0): Wall(1, 1, 0, 1),
    (0, -1): Wall(0, 1, 0, 0),
}


def of_grid(walls: np.ndarray) -> list[Wall]:
    """Pieces between open cells and cells that are walls.

    Args:
        walls: `(rows, columns)` bool; all cells at the border are walls.

    Raises:
        ValueError: a cell at the border is open.
    """
    if not (walls[[0, -1]].all() and walls[:, [0, -1]].all()):
        raise ValueError("all cells at the border of a grid must be walls")
    found = []
    for row, column in np.argwhere(~walls).tolist():
        for (down, right), side in _SIDES.items():
            if walls[row + down, column + right]:
                x0, y0, x1, y1 = side
                found.append(Wall(column + x0, row + y0, column + x1, row + y1))
    return found


def of_track(path: Sequence[Point], width: float) -> list[Wall]:
    """Pieces round a corridor along a path, with mitred corners and straight ends.

    Args:
        path: corners of its middle line, whose turns are less than 180 degrees.
        width: of the corridor, in cells.
    """
    middle = np.asarray(path, float)
    along = np.diff(middle, axis=0)
    along /= np.linalg.norm(along, axis=1, keepdims=True)
    left = np.stack([along[:, 1], -along[:, 0]], axis=1)  # y points down
    before, after = np.vstack([left[:1], left]), np.vstack([left, left[-1:]])
    mitre = (before + after) / (1 + (before * after).sum(axis=1, keepdims=True))
    # There along the left side and back along the right one.
    corners = np.vstack([middle + mitre * width / 2, (middle - mitre * width / 2)[::-1]])
    following = np.roll(corners, -1, axis=0)
    return [Wall(*a, *b) for a, b in zip(corners.tolist(), following.tolist(), strict=True)]
