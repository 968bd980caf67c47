"""Catch and key-door, played by rules."""

from __future__ import annotations

from collections import deque

import numpy as np
import pytest
from keras import ops

from genkit.rl.environments.catch import Catch
from genkit.rl.environments.key_door import KeyDoor

pytestmark = pytest.mark.backends


def begun(env: object, batch: int = 40) -> dict:
    drawn = np.random.default_rng(3).random((batch, env.draws), np.float32)
    return env.begin(ops.convert_to_tensor(drawn))


def moved(env: object, state: dict, action: np.ndarray) -> object:
    noise = ops.zeros((len(action), env.draws))
    return env.step(state, ops.convert_to_tensor(action.astype(np.int32)), noise)


def value(x: object) -> np.ndarray:
    return np.asarray(ops.convert_to_numpy(x))


@pytest.mark.parametrize("follow", [1, -1])
def test_who_follows_the_ball_catches_it(follow: int) -> None:
    env = Catch()
    state = begun(env)
    middle = value(state["column"]) == 2
    for row in range(env.rows - 1):
        aim = np.sign(value(state["column"]) - value(state["paddle"]))
        found = moved(env, state, 1 + follow * aim)
        state = found.state
        assert value(found.terminated).all() == (row == env.rows - 2)
        if row < env.rows - 2:
            assert not value(found.reward).any()
    wanted = np.where(middle, 1, follow)  # who flees from a ball that is above stays below it
    np.testing.assert_array_equal(value(found.reward), wanted)


def test_the_paddle_stays_on_the_field() -> None:
    env = Catch(rows=30, columns=3)
    state = begun(env)
    for _ in range(5):
        state = moved(env, state, np.zeros(40)).state
    assert not value(state["paddle"]).any()
    image = value(env.observe(state)["image"])[..., 0]
    assert (image[:, -1, 0] == 255).all()
    assert ((image == 255).sum(axis=(1, 2)) == 2).all()


def way(walls: np.ndarray, start: tuple[int, int], end: tuple[int, int]) -> list[int]:
    """Actions of a shortest way, by breadth first."""
    moves = [(-1, 0), (1, 0), (0, -1), (0, 1)]
    came = {start: None}
    queue = deque([start])
    while queue:
        here = queue.popleft()
        for action, (r, c) in enumerate(moves):
            there = (here[0] + r, here[1] + c)
            if not walls[there] and there not in came:
                came[there] = (here, action)
                queue.append(there)
    found, here = [], end
    while came[here] is not None:
        here, action = came[here]
        found.append(action)
    return found[::-1]


def play(env: KeyDoor, state: dict, row: int, route: list[int]) -> tuple[dict, float, bool]:
    """Actions of one environment; the others run into a wall."""
    reward, over = 0.0, False
    for action in route:
        assert not over
        chosen = np.zeros(len(value(state["time"])), np.int32)
        chosen[row] = action
        found = moved(env, state, chosen)
        state = found.state
        reward += float(value(found.reward)[row])
        over = bool(value(found.terminated)[row])
    return state, reward, over


def maps(env: KeyDoor, state: dict, row: int) -> dict[str, np.ndarray]:
    image = value(env.observe(state)["image"])[row] > 0
    return dict(
        zip(("walls", "door", "key", "goal", "agent"), np.moveaxis(image, -1, 0), strict=True)
    )


def spot(image: np.ndarray) -> tuple[int, int]:
    (place,) = np.argwhere(image)
    return int(place[0]), int(place[1])


@pytest.mark.parametrize("row", range(6))
def test_key_door_goal(row: int) -> None:
    env = KeyDoor(size=7)
    state = begun(env, 6)
    seen = maps(env, state, row)
    closed = seen["walls"] | seen["door"]
    key, goal, door = (spot(seen[name]) for name in ("key", "goal", "door"))
    assert goal[1] > env.wall > key[1]
    # Without the key, the door is a wall.
    before = (door[0], door[1] - 1)
    route = way(closed | seen["key"] if before != key else closed, spot(seen["agent"]), before)
    if before != key:
        tried, _, _ = play(env, state, row, [*route, 3])
        assert spot(maps(env, tried, row)["agent"]) == before
    state, reward, over = play(env, state, row, way(closed, spot(seen["agent"]), key))
    assert (reward, over) == (0.0, False)
    assert not maps(env, state, row)["key"].any()
    state, reward, over = play(env, state, row, way(seen["walls"], key, goal))
    assert (reward, over) == (1.0, True)
    assert not maps(env, state, row)["door"].any()


def test_places_are_drawn_from_all_that_there_are() -> None:
    env = KeyDoor(size=6)
    state = begun(env, 4_000)
    agent, key = value(state["agent"]), value(state["key"])
    assert not (agent == key).all(axis=1).any()
    assert len(np.unique(agent, axis=0)) == len(np.unique(key, axis=0)) == 4 * 2
    assert len(np.unique(value(state["goal"]), axis=0)) == 4 * 1
    assert np.unique(value(state["door"])).tolist() == [1, 2, 3, 4]


@pytest.mark.parametrize("make", [lambda: Catch(1, 5), lambda: KeyDoor(5)])
def test_fields_that_are_too_small_are_refused(make: object) -> None:
    with pytest.raises(ValueError, match="Received"):
        make()
