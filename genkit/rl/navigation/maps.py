"""The map of a maze: its walls, its rooms, and which cell a position lies in.

Positions are in cells, x to the right and y down as the map is printed: cell (row, column) spans
x from column to column + 1 and y from row to row + 1.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Rooms:
    """Rooms of a maze on a grid; what lies between two of them belongs to the nearer one.

    Args:
        rows, columns: of rooms.
        pitch: from the middle of one to that of the next, in cells.
        origin: x and y of the middle of the first one. Where rooms lie at odd rows and columns it
            is 1.5, and the pitch is 2.
    """

    rows: int
    columns: int
    pitch: float = 2.0
    origin: float = 1.5

    @property
    def count(self) -> int:
        """How many there are."""
        return self.rows * self.columns

    def of(self, position: Any) -> Any:
        """Numbers of rooms, row by row, `(...)` int32, of positions `(..., 2 or more)`, x and y
        first; an array of the backend."""
        column = self._nearest(position[..., 0], self.columns)
        return self._nearest(position[..., 1], self.rows) * self.columns + column

    def _nearest(self, along: Any, count: int) -> Any:
        from keras import ops  # processes that only step environments do without

        place = ops.floor((along - self.origin) / self.pitch + 0.5)
        return ops.cast(ops.clip(place, 0, count - 1), "int32")


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

    def room_middles(self) -> np.ndarray:
        """x and y of all rooms, row by row, `(rows * columns, 2)`."""
        shape = (self.rooms.rows, self.rooms.columns)
        grid = np.stack(np.unravel_index(np.arange(self.rooms.count), shape), axis=-1)
        return self.rooms.origin + self.rooms.pitch * grid[:, ::-1]
