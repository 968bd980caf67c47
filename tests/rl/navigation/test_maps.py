"""Maps against the mazes that they are of."""

from __future__ import annotations

import numpy as np
import pytest
from keras import ops

from genkit.rl.environments.config import MazeConfig
from genkit.rl.environments.doom.config import DoomMazeConfig
from genkit.rl.environments.layouts import maze
from genkit.rl.experience import host
from genkit.rl.navigation.maps import MazeMap, Rooms

I_MAZE = """
#############
#.#########.#
#.#########.#
#.#########.#
#...........#
#.#########.#
#.#########.#
#.#########.#
#############
"""


def parsed(text: str) -> np.ndarray:
    return np.array([[cell == "#" for cell in line] for line in text.split()])


def test_walls_are_where_the_maze_has_them() -> None:
    config = MazeConfig(rows=3, columns=4, mazes=2, seed=3)
    env, maps = config.make(), config.maze_maps()
    places = np.random.default_rng(0).uniform((0, 0), (9, 7), (500, 2)).astype(np.float32)
    for layout, found in enumerate(maps):
        wall, _ = env._wall(layout, ops.convert_to_tensor(places[:, 1]), places[:, 0])
        np.testing.assert_array_equal(found.in_wall(places), ops.convert_to_numpy(wall))


@pytest.mark.parametrize("fixed", [True, False])
def test_goals_are_where_the_maze_has_them(fixed: bool) -> None:
    config = MazeConfig(rows=3, columns=4, mazes=3, fixed_goal=fixed)
    env, maps = config.make(), config.maze_maps()
    noise = np.random.default_rng(0).random((20, env.draws), np.float32)
    state = env.begin(ops.convert_to_tensor(noise))
    layouts, goals = (ops.convert_to_numpy(state[name]) for name in ("layout", "goal"))
    for layout, goal in zip(layouts, goals, strict=True):
        assert maps[layout].goal == (tuple(goal.tolist()) if fixed else None)
        assert goal.tolist() in maps[layout].room_middles().tolist()


def test_places_and_cells() -> None:
    walls = maze(3, 4, 0)
    found = MazeMap(walls, Rooms(3, 4))
    open_cells = np.argwhere(~walls)
    middles = found.middles(open_cells)
    np.testing.assert_array_equal(found.cells(middles), open_cells)
    assert not found.in_wall(middles).any()
    assert found.cells(np.array([2.9, 1.1, 0.3])).tolist() == [1, 2]  # x, y, heading
    assert found.cells(np.array([-5.0, 99.0])).tolist() == [6, 0]


def test_rooms_are_those_next_to_a_place() -> None:
    walled = MazeMap(maze(3, 4, 0), Rooms(3, 4))
    assert walled.rooms.count == 12
    middles = walled.room_middles()
    assert middles[[0, 5]].tolist() == [[1.5, 1.5], [3.5, 3.5]]
    np.testing.assert_array_equal(host(walled.rooms.of(middles)), np.arange(12))
    draw = np.random.default_rng(0)
    places = draw.uniform((1, 1), (8, 6), (300, 2))
    away = np.linalg.norm(places[:, None] - middles, axis=-1)
    np.testing.assert_array_equal(host(walled.rooms.of(places)), away.argmin(axis=1))
    plain = MazeMap(parsed(I_MAZE), Rooms(7, 11, pitch=1))
    np.testing.assert_array_equal(host(plain.rooms.of(plain.room_middles())), np.arange(77))
    assert host(plain.rooms.of(np.array([1.01, 1.99]))) == 0


@pytest.mark.parametrize("task", ["static", "random-goal"])
def test_maps_of_mazes_in_vizdoom(task: str) -> None:
    config = DoomMazeConfig(task=task, rows=3, columns=4, mazes=2, seed=5)
    maps = config.maze_maps()
    each = 12 if task == "random-goal" else 1
    assert len(maps) == 2 * each
    for number, found in enumerate(maps):
        np.testing.assert_array_equal(found.walls, maze(3, 4, 5 + number // each))
        assert found.rooms == Rooms(3, 4)
        assert list(found.goal) in found.room_middles().tolist()
    assert len({found.goal for found in maps[:each]}) == each


def test_maps_of_tasks_without_rooms() -> None:
    alcoves = DoomMazeConfig(task="i-maze").maze_maps()
    for found in alcoves:
        np.testing.assert_array_equal(found.walls, parsed(I_MAZE))
        assert found.rooms.count == 77  # as many as in the paper
        assert not found.in_wall(np.array(found.goal))
    assert len({found.goal for found in alcoves}) == 4
    room = DoomMazeConfig(task="seek-avoid", rows=2, columns=6, fruit=1).maze_maps()[0]
    assert (room.walls.shape, room.walls.sum(), room.goal) == ((4, 8), 4 * 8 - 12, None)
    with pytest.raises(ValueError, match="seek-track"):
        DoomMazeConfig(task="seek-track").maze_maps()


def test_rewards_of_goals_and_the_time_of_a_step() -> None:
    assert MazeConfig().goal_reward() == DoomMazeConfig().goal_reward() == 10.0
    assert DoomMazeConfig(task="seek-avoid").goal_reward() is None
    assert MazeConfig().steps_per_second() is None
    assert DoomMazeConfig().steps_per_second() == 35 / 4
