"""Who knows the map finds goals, on time, and far more of them than who acts at random."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from genkit.rl.environments.config import MazeConfig
from genkit.rl.environments.doom.config import DoomMazeConfig
from genkit.rl.navigation.latency import latency
from genkit.rl.navigation.scripted import at_random, scripted_returns, walked
from genkit.rl.navigation.shortest_path import distances

SMALL = MazeConfig(rows=3, columns=3, mazes=4, fixed_goal=False, fruit=1, limit=120)


@pytest.mark.backends
@pytest.mark.parametrize("repeat", [1, 4])
def test_who_knows_the_map_beats_chance_by_far(repeat: int) -> None:
    returns, length, reward = scripted_returns(SMALL, 8, 0, repeat)
    assert reward.shape == (8, 120 // repeat)
    assert (length == 120 // repeat).all()
    np.testing.assert_array_equal(returns, reward.sum(axis=1))
    found = latency(reward, length).metrics()
    by_chance = walked(SMALL, 8, 0, repeat, at_random)
    chance = latency(by_chance.reward, by_chance.length).metrics()
    assert found["goal_episodes_percent"] == 100
    assert found["goals_per_episode"] > 2 + 3 * chance["goals_per_episode"]


def test_goals_take_about_as_long_as_the_way_is() -> None:
    section = MazeConfig(rows=3, columns=4)
    reward, length, position = walked(section, 8, 1)
    found = latency(reward, length)
    (maze,) = section.maze_maps()
    steps = distances(maze.walls, tuple(maze.cells(np.array(maze.goal)).tolist()))
    row, column = maze.cells(position[:, 0]).T
    # 0.2 cells a step at full speed; half a cell before the goal is near enough.
    fastest = np.maximum(steps[row, column] - 0.5, 0) / 0.2
    took = found.first - fastest
    assert (took > -8).all()  # corners are cut
    assert took.mean() < 12  # and turns and getting up to speed take time


def test_episodes_are_the_same_again_and_others_for_other_seeds() -> None:
    section = MazeConfig(rows=2, columns=3, limit=20)
    first, again, other = (walked(section, 2, seed) for seed in (3, 3, 4))
    for a, b in zip(first, again, strict=True):
        np.testing.assert_array_equal(a, b)
    assert (first.position != other.position).any()


def test_steps_of_repeated_actions_are_whole_ones_and_a_rest() -> None:
    section = MazeConfig(rows=2, columns=3, limit=10)
    reward, length, position = walked(section, 2, 0, action_repeat=4)
    assert length.tolist() == [3, 3]
    assert (reward.shape, position.shape) == ((2, 3), (2, 3, 3))


def test_tasks_without_a_goal_have_no_way_to_it() -> None:
    with pytest.raises(ValueError, match="no goal"):
        scripted_returns(DoomMazeConfig(task="seek-avoid"), 1, 0)


@pytest.mark.parametrize(("task", "repeat"), [("random-goal", 1), ("i-maze", 2)])
def test_mazes_in_vizdoom(
    task: str, repeat: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("vizdoom", "gymnasium"):
        pytest.importorskip(module, reason=f"{module} is not installed (extra: rl)")
    monkeypatch.chdir(tmp_path)
    size = {} if task == "i-maze" else {"rows": 3, "columns": 3}
    section = DoomMazeConfig(task=task, limit=200, view=16, **size)
    reward, length, position = walked(section, 2, 0, repeat)
    found = latency(reward, length).metrics(section.steps_per_second())
    assert length.tolist() == [200 // repeat] * 2
    assert found["goal_episodes_percent"] == 100
    assert found["goals_per_episode"] >= 3
    # Nobody is ever within what the map says is a wall.
    walls = section.maze_maps()[0]
    assert not walls.in_wall(position).any()
