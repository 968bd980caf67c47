"""Shortest paths in the map of a maze, by breadth-first search over cells."""

from __future__ import annotations

from collections import deque

import numpy as np

_AROUND = ((-1, 0), (0, 1), (1, 0), (0, -1))
UNREACHED = -1


def distances(walls: np.ndarray, goal: tuple[int, int]) -> np.ndarray:
    """Steps over open cells to a goal, `(H, W)` int64; -1 in walls and where there is no way.

    Args:
        walls: `(H, W)` bool; all cells at the border are walls.
        goal: row and column of an open cell.

    Raises:
        ValueError: the goal is a wall.
    """
    if walls[goal]:
        raise ValueError(f"the goal {goal} is within a wall")
    found = np.full(walls.shape, UNREACHED)
    found[goal] = 0
    waiting = deque([goal])
    while waiting:
        row, column = waiting.popleft()
        for down, right in _AROUND:
            there = row + down, column + right
            if not walls[there] and found[there] == UNREACHED:
                found[there] = found[row, column] + 1
                waiting.append(there)
    return found


def next_cells(walls: np.ndarray, goal: tuple[int, int]) -> np.ndarray:
    """The next cell of a shortest path from each cell, `(H, W, 2)` int64, row and column; where
    there is none, the cell itself."""
    steps = distances(walls, goal)
    found = np.moveaxis(np.indices(walls.shape), 0, -1).copy()
    for row, column in np.argwhere(steps > 0).tolist():
        around = [(row + down, column + right) for down, right in _AROUND]
        found[row, column] = next(c for c in around if steps[c] == steps[row, column] - 1)
    return found
