"""The maze seen from inside: layouts, distances against marching rays, moves, goals and fruit."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
from keras import ops

from genkit.rl.environments.layouts import maze
from genkit.rl.environments.maze_raycast import DEEPEST, RADIUS, TANGENT, RaycastMaze

pytestmark = pytest.mark.backends
BATCH = 6


def value(x: Any) -> np.ndarray:
    return np.asarray(ops.convert_to_numpy(x))


def numbers(env: RaycastMaze, seed: int) -> Any:
    drawn = np.random.default_rng(seed).random((BATCH, env.draws), np.float32)
    return ops.convert_to_tensor(drawn)


def walked(env: RaycastMaze, steps: int, seed: int = 0) -> list[dict[str, Any]]:
    """States of a random walk."""
    draw = np.random.default_rng(seed)
    states = [env.begin(numbers(env, seed))]
    for step in range(steps):
        action = ops.convert_to_tensor(draw.integers(0, 8, BATCH).astype(np.int32))
        states.append(env.step(states[-1], action, numbers(env, step)).state)
    return states


@pytest.mark.parametrize(("rows", "columns"), [(1, 2), (4, 5), (9, 15)])
def test_all_rooms_of_a_maze_are_joined(rows: int, columns: int) -> None:
    walls = maze(rows, columns, 0)
    assert walls.shape == (2 * rows + 1, 2 * columns + 1)
    assert walls[[0, -1]].all()
    assert walls[:, [0, -1]].all()
    seen, waiting = {(1, 1)}, [(1, 1)]
    while waiting:
        r, c = waiting.pop()
        for there in ((r + 1, c), (r - 1, c), (r, c + 1), (r, c - 1)):
            if not walls[there] and there not in seen:
                seen.add(there)
                waiting.append(there)
    assert {(2 * r + 1, 2 * c + 1) for r in range(rows) for c in range(columns)} <= seen


def test_loops_open_walls_and_seeds_make_other_mazes() -> None:
    tree, loops = maze(6, 6, 3, loops=0.0), maze(6, 6, 3, loops=0.25)
    assert (~tree).sum() == 36 + 35  # a tree of rooms
    assert (~loops).sum() == 36 + 35 + 9
    assert (tree != maze(6, 6, 4, loops=0.0)).any()
    with pytest.raises(ValueError, match="at least two rooms"):
        maze(1, 1, 0)


def marched(walls: np.ndarray, x: float, y: float, dx: float, dy: float) -> float:
    """Distance of the first wall along a ray, in small steps."""
    along = np.arange(0.0, 30.0, 1e-3)
    rows = np.clip((y + along * dy).astype(int), 0, walls.shape[0] - 1)
    columns = np.clip((x + along * dx).astype(int), 0, walls.shape[1] - 1)
    return float(along[np.argmax(walls[rows, columns])])


def test_depths_are_those_of_marching_rays() -> None:
    env = RaycastMaze(rows=3, columns=4, mazes=3, view=20, seed=5)
    state = walked(env, 12)[-1]
    depth = value(env.observe(state)["depth"])
    middle = depth[:, env.view // 2] * DEEPEST / 255
    goal = value(state["goal"])
    for b in range(BATCH):
        x, y, heading = value(state["position"])[b]
        walls = env.layouts[int(value(state["layout"])[b])]
        for column in range(env.view):
            aside = TANGENT * (2 * (column + 0.5) / env.view - 1)
            dx = np.cos(heading) - aside * np.sin(heading)
            dy = np.sin(heading) + aside * np.cos(heading)
            wanted = min(marched(walls, x, y, dx, dy), DEEPEST)
            found = middle[b, column]
            if abs(found - wanted) > 0.08:  # a quantum is 0.063; the goal may stand before the wall
                gap = goal[b] - [x, y]
                ahead = gap @ [np.cos(heading), np.sin(heading)]
                assert abs(found - ahead) < 0.08
                assert found < wanted


def test_nobody_walks_through_walls() -> None:
    env = RaycastMaze(rows=3, columns=3, mazes=2)
    for state in walked(env, 150):
        for layout, (x, y, _) in zip(value(state["layout"]), value(state["position"]), strict=True):
            for a in (-RADIUS, RADIUS):
                for b in (-RADIUS, RADIUS):
                    assert not env.layouts[layout][int(y + b), int(x + a)]


def test_positions_move_by_what_the_velocity_says() -> None:
    env = RaycastMaze(rows=6, columns=6)
    states = walked(env, 20)
    moved = 0
    for before, after in itertools.pairwise(states):
        ahead, aside, *none, turn = value(env.observe(after)["velocity"]).T
        assert not np.any(none)
        old, new = value(before["position"]), value(after["position"])
        cosine, sine = np.cos(old[:, 2]), np.sin(old[:, 2])
        step = np.stack([ahead * cosine - aside * sine, ahead * sine + aside * cosine], axis=1)
        free = np.abs(new[:, :2] - old[:, :2] - step).max(axis=1) < 1e-5
        moved += int(free.sum())
        turned = (new[:, 2] - old[:, 2] - turn + np.pi) % (2 * np.pi) - np.pi
        np.testing.assert_allclose(turned, 0.0, atol=1e-5)
    assert moved > 0.7 * 20 * BATCH  # walls stop the others


def put(state: dict[str, Any], place: Any) -> dict[str, Any]:
    """Everybody at a place `(B, 2)`, without velocity."""
    position = np.concatenate([value(place), np.zeros((BATCH, 1))], axis=1).astype(np.float32)
    return {**state, "position": ops.convert_to_tensor(position)}


def test_at_the_goal_one_is_put_elsewhere_and_goes_on() -> None:
    env = RaycastMaze()
    state = env.begin(numbers(env, 0))
    look = ops.zeros((BATCH,), "int32")
    found = env.step(put(state, state["goal"]), look, numbers(env, 1))
    np.testing.assert_array_equal(value(found.reward), np.full(BATCH, 10.0))
    assert not value(found.terminated).any()
    np.testing.assert_array_equal(value(found.state["goal"]), value(state["goal"]))
    drawn = value(env.begin(numbers(env, 1))["position"])
    np.testing.assert_array_equal(value(found.state["position"]), drawn)


def test_goals_are_fixed_or_drawn() -> None:
    fixed, drawn = (RaycastMaze(fixed_goal=flag) for flag in (True, False))
    for env, count in ((fixed, 1), (drawn, 2)):
        goals = value(env.begin(numbers(env, 0))["goal"])
        assert len(np.unique(goals, axis=0)) >= count
        assert (len(np.unique(goals, axis=0)) == 1) == (count == 1)


def test_fruit_is_eaten_once() -> None:
    env = RaycastMaze(fixed_goal=False, fruit=2)
    state = env.begin(numbers(env, 2))
    look, fruit = ops.zeros((BATCH,), "int32"), value(state["fruit"])
    alone = np.abs(fruit[:, 0] - fruit[:, 1]).max(axis=1) > 0.5
    alone &= np.abs(fruit[:, 0] - value(state["goal"])).max(axis=1) > 0.5
    assert alone.any()
    first = env.step(put(state, fruit[:, 0]), look, numbers(env, 3))
    second = env.step(put(first.state, fruit[:, 0]), look, numbers(env, 3))
    assert (value(first.reward)[alone] == 1.0).all()
    assert not value(second.reward)[alone].any()


def test_goal_and_fruit_are_seen_before_walls_and_not_behind_them() -> None:
    env = RaycastMaze(view=40)
    state = env.begin(numbers(env, 0))
    walls, (x, y) = env.layouts[0], value(state["goal"])[0]
    sides = [(1, 0, np.pi), (-1, 0, 0.0), (0, 1, 1.5 * np.pi), (0, -1, 0.5 * np.pi)]
    a, b, heading = next(s for s in sides if not walls[int(y + s[1]), int(x + s[0])])
    position = np.tile(np.array([x + a, y + b, heading], np.float32), (BATCH, 1))
    seen = env.observe({**state, "position": ops.convert_to_tensor(position)})
    image, depth = value(seen["image"])[0].astype(int), value(seen["depth"])[0]
    gold = (image[..., 0] > 180) & (image[..., 2] < 60)
    assert gold[25, 20]
    assert depth[25, 20] == int(1 / DEEPEST * 255)
    turned = position + np.array([0, 0, np.pi], np.float32)
    image = value(env.observe({**state, "position": ops.convert_to_tensor(turned)})["image"])[0]
    assert not ((image[..., 0] > 180) & (image[..., 2] < 60)).any()
