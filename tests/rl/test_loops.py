"""Labels of loop closure against the paper's definition, and paths of velocities."""

from __future__ import annotations

import math
import time
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from keras import ops

import genkit.rl.loops as loops
from genkit.rl.environments.maze_raycast import PUSHES, RaycastMaze
from genkit.rl.loops import LoopLabels, closed, moved

B, NEAR, FAR = 3, 1.0, 2.0


def by_definition(path: np.ndarray) -> np.ndarray:
    """Of all triples of a path `(L, 2)`, in so many words."""
    found, places = np.zeros(len(path)), [complex(*place) for place in path.tolist()]
    for t, here in enumerate(places):
        for before in range(t):
            for between in range(before + 1, t):
                if abs(places[before] - here) <= NEAR and abs(places[between] - here) > FAR:
                    found[t] = 1.0
    return found


def walk(steps: int, seed: int) -> dict[str, np.ndarray]:
    """Random walks of B agents, around in circles by their velocity, whose episodes end now and
    then, and who are put somewhere else."""
    draw = np.random.default_rng(seed)
    velocity = np.zeros((steps, B, 6), np.float32)
    velocity[..., :2] = draw.normal((0.6, 0.0), 0.2, (steps, B, 2))
    velocity[..., 5] = draw.normal(0.35, 0.2, (steps, B))
    position = draw.normal(size=(steps, B, 3)).cumsum(axis=0).astype(np.float32) * np.float32(0.4)
    first = draw.random((steps, B)) < 0.015
    first[0] = True
    respawned = (draw.random((steps, B)) < 0.01) & ~first
    return {"position": position, "velocity": velocity, "first": first, "respawned": respawned}


def labels(given: dict[str, np.ndarray], source: Any) -> np.ndarray:
    """Episode by episode, from the definition; velocities are summed up step by step."""
    found = np.zeros(given["first"].shape)
    for b in range(B):
        anew = given["first"][:, b].copy()
        if source == "velocity":
            anew |= given["respawned"][:, b]
        begins = [*np.flatnonzero(anew), len(anew)]
        for low, high in pairwise(begins):
            path = given["position"][low:high, b, :2]
            if source == "velocity":
                path = summed(given["velocity"][low:high, b])
            found[low:high, b] = by_definition(path)
    return found


def summed(velocity: np.ndarray) -> np.ndarray:
    x = y = heading = 0.0
    path = [(x, y)]
    for ahead, aside, _, _, _, turn in velocity[1:].tolist():
        x += ahead * math.cos(heading) - aside * math.sin(heading)
        y += ahead * math.sin(heading) + aside * math.cos(heading)
        heading += turn
        path.append((x, y))
    return np.array(path, np.float32)


@pytest.mark.parametrize("source", ["position", "velocity"])
@pytest.mark.parametrize("seed", [0, 1])
def test_labels_are_those_of_the_definition(
    source: Any, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Over stretches of any length; what was saved goes on; paths outgrow their room."""
    monkeypatch.setattr(loops, "ROOM", 4)
    monkeypatch.setattr(loops, "CELLS", 60)
    given = walk(120, seed)
    wanted = labels(given, source)
    assert 0.05 < wanted.mean() < 0.95
    kept, found, cuts = LoopLabels(B, NEAR, FAR, source), [], [0, 1, 20, 21, 50, 57, 119, 120]
    for low, high in pairwise(cuts):
        seen, first, respawned = (given[n][low:high] for n in (source, "first", "respawned"))
        found.append(kept.add(seen, first, respawned))
        state = {name: np.array(x) for name, x in kept.save().items()}
        kept.add(seen, first, respawned)  # what is not saved is lost
        kept = LoopLabels(B, NEAR, FAR, source)
        kept.restore(state)
    assert found[0].dtype == np.float32
    np.testing.assert_array_equal(np.concatenate(found), wanted)


def test_episodes_begin_anew_where_they_were_lost() -> None:
    """There and back again: (0, 0), (3, 0), (0, 0)."""
    places = np.zeros((3, B, 3), np.float32)
    places[1, :, 0] = 3.0
    kept, never = LoopLabels(B), np.zeros((3, B), bool)
    np.testing.assert_array_equal(kept.add(places, never), [[0] * B, [0] * B, [1] * B])
    kept.forget(np.array([True, False, False]))
    np.testing.assert_array_equal(kept.add(places, never)[:2], [[0, 1, 1], [0, 1, 1]])
    kept.forget()
    np.testing.assert_array_equal(kept.add(places, never)[:2], np.zeros((2, B)))


def test_edges_of_near_and_far() -> None:
    """Exactly as near as can be counts, exactly as far does not."""
    path = np.array([[0, 0], [3, 0], [1, 0], [3, 0], [1, 0], [0, 0]], np.float32).T
    np.testing.assert_array_equal(closed(path, 6, 1.0, 2.0), [0, 0, 0, 0, 0, 1])
    np.testing.assert_array_equal(closed(path, 6, 1.0, 1.9), [0, 0, 1, 1, 1, 1])
    np.testing.assert_array_equal(closed(path, 2, 0.9, 1.9), [1, 1])


def test_velocities_need_to_know_where_one_was_put() -> None:
    kept = LoopLabels(B, source="velocity")
    with pytest.raises(ValueError, match="need to know where the agent was put"):
        kept.add(np.zeros((2, B, 6), np.float32), np.zeros((2, B), bool))


def test_summed_velocities_are_the_way_through_the_maze() -> None:
    """Of the ray-cast maze, without its walls: they would be in the way."""
    maze = RaycastMaze(rows=2, columns=2, view=8)
    maze._walls = np.zeros_like(maze._walls)
    names = ["forward", "forward_right", "strafe_left", "forward_left", "look_left", "backward"]
    noise = np.random.default_rng(0).random((1, maze.draws)).astype(np.float32)
    state, poses, velocity = maze.begin(noise), [], []
    state = {**state, "goal": ops.full((1, 2), -9.0)}
    for name in [None, *names]:
        if name is not None:
            action = np.array([list(PUSHES).index(name)], np.int32)
            state = maze.step(state, action, noise).state
        seen = maze.observe(state)
        poses.append(np.asarray(ops.convert_to_numpy(seen["position"]))[0])
        velocity.append(np.asarray(ops.convert_to_numpy(seen["velocity"]))[0])
    found = moved(poses[0], np.stack(velocity[1:]).astype(np.float64))
    wanted = np.stack(poses[1:])
    assert np.hypot(*(wanted[:, :2] - poses[0][:2]).T).max() > 0.2
    np.testing.assert_allclose(found[:, :2], wanted[:, :2], atol=1e-5)
    np.testing.assert_allclose(np.cos(found[:, 2] - wanted[:, 2]), 1.0, atol=1e-5)


def test_long_paths_take_milliseconds() -> None:
    """16 paths of 2,700 steps, the longest of the paper's mazes; the best of several calls."""
    draw = np.random.default_rng(0)
    path = draw.normal(size=(2_700, 16, 3)).cumsum(axis=0).astype(np.float32)
    never, kept = np.zeros((20, 16), bool), LoopLabels(16)
    kept.add(path[:2_600], np.zeros((2_600, 16), bool))
    spent = []
    for low in range(2_600, 2_700, 20):
        began = time.perf_counter()
        kept.add(path[low : low + 20], never)
        spent.append(time.perf_counter() - began)
    assert min(spent) < 0.05
