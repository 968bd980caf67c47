"""The map of a maze: its walls, its rooms, and which cell a position lies in.

Positions are in cells, x to the right and y down as the map is printed: cell (row, column) spans
x from column to column + 1 and y from row to row + 1.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Rooms:
    """Places on a grid: room (r, c) is the cell (origin + r * pitch, origin + c * pitch).

    Args:
        rows, columns: of rooms. pitch, origin: in cells.
    """

    rows: int
    columns: int
    pitch: int = 2
    origin: int = 1

    @property
    def count(self) -> int:
        """How many there are."""
        return self.rows * self.columns


@dataclass(frozen=True, eq=False)
class MazeMap:
    """One layout of a maze.

    Args:
        walls: `(H, W)` bool; all cells at the border are walls.
        rooms: their grid. Where walls are cells there is one between two rooms.
        goal: x and y, where it is in one place.
    """

    walls: np.ndarray
    rooms: Rooms
    goal: tuple[float, float] | None = None

    def cells(self, places: np.ndarray) -> np.ndarray:
        """Rows and columns `(..., 2)` int64 of places `(..., 2 or more)`, x and y first; what is
        outside counts to the border."""
        cells = np.floor(np.asarray(places, np.float64)[..., 1::-1]).astype(np.int64)
        return np.clip(cells, 0, np.array(self.walls.shape) - 1)

    def middles(self, cells: np.ndarray) -> np.ndarray:
        """x and y `(..., 2)` of the middles of cells `(..., 2)`."""
        return np.asarray(cells)[..., ::-1] + 0.5

    def in_wall(self, places: np.ndarray) -> np.ndarray:
        """Whether places `(..., 2 or more)` are within walls, `(...)` bool."""
        row, column = np.moveaxis(self.cells(places), -1, 0)
        return np.asarray(self.walls[row, column])

    def room_of(self, places: np.ndarray) -> np.ndarray:
        """Numbers `(...)` int64 of the nearest rooms, row by row, of places `(..., 2 or more)`."""
        rooms = self.rooms
        start = rooms.origin + 0.5 - rooms.pitch / 2  # where the area of the first room begins
        places = np.asarray(places, np.float64)[..., 1::-1]
        nearest = np.floor((places - start) / rooms.pitch).astype(np.int64)
        row, column = np.moveaxis(np.clip(nearest, 0, (rooms.rows - 1, rooms.columns - 1)), -1, 0)
        return np.asarray(row * rooms.columns + column)

    def room_middles(self) -> np.ndarray:
        """x and y of all rooms, row by row, `(rows * columns, 2)`."""
        shape = (self.rooms.rows, self.rooms.columns)
        grid = np.stack(np.unravel_index(np.arange(self.rooms.count), shape), axis=-1)
        return self.middles(self.rooms.origin + self.rooms.pitch * grid)
