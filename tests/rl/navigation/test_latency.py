"""Latencies by hand: one goal, several, none, ends that come early."""

from __future__ import annotations

import numpy as np
import pytest

from genkit.rl.navigation.latency import goals_reached, latency


def rewards(*rows: dict[int, float]) -> np.ndarray:
    """`(N, 10)`, of the steps in which there is any."""
    found = np.zeros((len(rows), 10), np.float32)
    for row, given in zip(found, rows, strict=True):
        for step, reward in given.items():
            row[step] = reward
    return found


def test_steps_to_the_first_goal_and_to_later_ones() -> None:
    reward = rewards(
        {2: 10, 3: 10, 8: 11},  # fruit and goal in one step
        {0: 10},  # what is behind the last goal is no interval
        {1: 1, 4: 2, 7: -1},  # no goal
        {4: 10, 7: 10},  # the second one is behind the end
    )
    found = latency(reward, np.array([10, 10, 10, 6]))
    assert (found.episodes, found.found) == (4, 3)
    assert found.first.tolist() == [3, 1, 5]
    assert found.later.tolist() == [1, 5]
    assert found.metrics() == {
        "latency_first_steps": 3.0,
        "latency_later_steps": 3.0,
        "goal_episodes_percent": 75.0,
        "episodes_without_goal": 1.0,
        "goals_per_episode": 1.25,
    }
    seconds = found.metrics(35 / 4)
    assert seconds["latency_first_seconds"] == pytest.approx(3 * 4 / 35)
    assert seconds["latency_later_seconds"] == pytest.approx(3 * 4 / 35)


def test_several_goals_in_one_step_of_repeated_actions() -> None:
    found = latency(rewards({3: 20, 5: 10}), np.array([10]))
    assert found.first.tolist() == [4]
    assert found.later.tolist() == [0, 2]


def test_intervals_end_at_the_last_goal() -> None:
    draw = np.random.default_rng(0)
    reward = 10.0 * (draw.random((20, 50)) < 0.1)
    length = draw.integers(1, 51, 20)
    found = latency(reward, length)
    last = [
        np.flatnonzero(row[:end]).max(initial=-1) + 1
        for row, end in zip(reward, length, strict=True)
    ]
    assert found.first.sum() + found.later.sum() == sum(last)
    assert len(found.first) + len(found.later) == goals_reached(reward, length).sum()


def test_what_is_not_known_is_absent() -> None:
    none = latency(rewards({}, {2: 1}), np.array([10, 10])).metrics(8.75)
    assert none == {
        "goal_episodes_percent": 0.0,
        "episodes_without_goal": 2.0,
        "goals_per_episode": 0.0,
    }
    one = latency(rewards({2: 10}), np.array([10])).metrics()
    assert "latency_later_steps" not in one
    assert latency(np.zeros((0, 3)), np.zeros(0, int)).metrics() == {}


def test_goals_of_another_reward() -> None:
    reward = np.array([[0.1, 1.0, 0.999999, 0.5]], np.float32)
    assert goals_reached(reward, np.array([4]), goal=1.0).tolist() == [[0, 1, 1, 0]]
