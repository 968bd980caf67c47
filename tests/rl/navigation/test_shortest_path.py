"""Breadth-first search against distances that are relaxed until nothing changes."""

from __future__ import annotations

import numpy as np
import pytest

from genkit.rl.environments.layouts import maze
from genkit.rl.navigation.shortest_path import UNREACHED, distances, next_cells


def relaxed(walls: np.ndarray, goal: tuple[int, int]) -> np.ndarray:
    """Distances of all open cells at once, one more step at a time."""
    found = np.full(walls.shape, np.inf)
    found[goal] = 0
    for _ in range(walls.size):
        near = [np.roll(found, shift, axis) for axis in (0, 1) for shift in (-1, 1)]
        found = np.where(walls, np.inf, np.minimum(found, np.min(near, axis=0) + 1))
    return np.where(np.isinf(found), UNREACHED, found)


@pytest.mark.parametrize("seed", range(4))
def test_distances_are_the_shortest(seed: int) -> None:
    walls = maze(3, 4, seed, loops=0.4)
    for row, column in np.argwhere(~walls)[::5].tolist():
        found = distances(walls, (row, column))
        np.testing.assert_array_equal(found, relaxed(walls, (row, column)))


def test_next_cells_lead_to_the_goal() -> None:
    walls = maze(4, 4, 1)
    steps, following = distances(walls, (1, 7)), next_cells(walls, (1, 7))
    for row, column in np.argwhere(~walls).tolist():
        here, count = (row, column), 0
        while here != (1, 7):
            there = tuple(following[here].tolist())
            assert abs(there[0] - here[0]) + abs(there[1] - here[1]) == 1
            here, count = there, count + 1
        assert count == steps[row, column]
    assert following[1, 7].tolist() == [1, 7]


def test_cells_that_lead_nowhere() -> None:
    walls = np.ones((3, 5), bool)
    walls[1, [1, 3]] = False
    assert distances(walls, (1, 1)).tolist()[1] == [-1, 0, -1, -1, -1]
    assert next_cells(walls, (1, 1))[1, 3].tolist() == [1, 3]
    with pytest.raises(ValueError, match=r"the goal \(1, 2\) is within a wall"):
        distances(walls, (1, 2))
