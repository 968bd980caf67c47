"""Maps are recognised by places and goals."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from genkit.rl.environments.layouts import maze
from genkit.rl.navigation.maps import MazeMap, Rooms
from genkit.rl.navigation.played_map import played_map

TREES = [MazeMap(maze(3, 3, seed, loops=0.0), Rooms(3, 3), (1.5, 1.5)) for seed in range(3)]
NONE = np.zeros(40, int)


def everywhere(found: MazeMap) -> np.ndarray:
    """All open cells, `(n, 2)`."""
    return found.middles(np.argwhere(~found.walls))


def test_layouts_are_told_by_places() -> None:
    for tree in TREES:
        places = everywhere(tree)
        found = played_map(TREES, places, NONE[: len(places)])
        np.testing.assert_array_equal(found.walls, tree.walls)
        assert found.goal == (1.5, 1.5)


def test_of_several_layouts_those_walls_are_left_that_all_have() -> None:
    found = played_map(TREES, np.array([[1.5, 1.5]]), NONE[:1])
    wanted = TREES[0].walls & TREES[1].walls & TREES[2].walls
    np.testing.assert_array_equal(found.walls, wanted)
    with pytest.raises(ValueError, match="none of 3 maps"):
        played_map(TREES, np.array([[0.5, 0.5]]), NONE[:1])


def test_goals_are_told_by_where_they_are_reached() -> None:
    goals = [(5.5, 1.5), (5.5, 5.5)]
    maps = [replace(TREES[0], goal=goal) for goal in goals]
    places = everywhere(TREES[0])
    assert played_map(maps, places, NONE[: len(places)]).goal is None
    for goal in goals:
        near = (np.linalg.norm(places - goal, axis=1) < 0.1).astype(int)
        assert played_map(maps, places, near).goal == goal
    # One that may be in any room.
    anywhere = [replace(TREES[0], goal=None)]
    place = np.array([[3.1, 2.8], [1.5, 1.5]])
    walls = np.zeros_like(TREES[0].walls)
    found = played_map([replace(anywhere[0], walls=walls)], place, np.array([1, 0]))
    assert found.goal == (3.5, 3.5)
