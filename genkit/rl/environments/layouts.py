"""Layouts of mazes: rooms on a grid, joined by depth-first backtracking, and some loops."""

from __future__ import annotations

import numpy as np

from genkit.randomness import permutation, uniform

_AROUND = ((-1, 0), (0, 1), (1, 0), (0, -1))


def maze(rows: int, columns: int, seed: int, loops: float = 0.2) -> np.ndarray:
    """Walls of a maze, `(2 rows + 1, 2 columns + 1)` bool; rooms lie at odd rows and columns.

    Args:
        rows, columns: of rooms. seed: another one makes another maze.
        loops: of each room, how many inner walls are opened once all rooms are joined.
    """
    if rows < 1 or columns < 1 or rows * columns < 2:
        raise ValueError(f"a maze has at least two rooms. Received: {rows} x {columns}")
    # One for each room that is joined, and two for where it begins.
    drawn = iter(uniform(seed, "rl/maze", 0, (rows * columns + 2,)).tolist())
    walls = np.ones((2 * rows + 1, 2 * columns + 1), bool)
    here = (int(next(drawn) * rows), int(next(drawn) * columns))
    way, seen = [here], {here}
    walls[_cell(here)] = False
    while way:
        here = way[-1]
        free = [(here[0] + r, here[1] + c) for r, c in _AROUND]
        free = [
            room for room in free
            if 0 <= room[0] < rows and 0 <= room[1] < columns and room not in seen
        ]  # fmt: skip
        if not free:
            way.pop()
            continue
        room = free[int(next(drawn) * len(free))]
        walls[_cell(room)] = False
        walls[here[0] + room[0] + 1, here[1] + room[1] + 1] = False
        seen.add(room)
        way.append(room)
    inner = np.argwhere(walls[1:-1, 1:-1]) + 1
    between = inner[inner.sum(axis=1) % 2 == 1]  # walls between two rooms
    order = permutation(seed, "rl/maze-loops", 0, len(between))
    for row, column in between[order[: round(loops * rows * columns)]]:
        walls[row, column] = False
    return walls


def _cell(room: tuple[int, int]) -> tuple[int, int]:
    return 2 * room[0] + 1, 2 * room[1] + 1
