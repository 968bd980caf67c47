"""Players that are no networks: one who knows the map and walks straight to the goal, in the place
of a human, and one who acts at random."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from genkit import backend
from genkit.randomness import raw_bits, uniform
from genkit.rl.environments.config import MazeConfig
from genkit.rl.environments.doom.config import DoomMazeConfig
from genkit.rl.navigation.maps import MazeMap
from genkit.rl.navigation.steering import Body, Walk

PURPOSE = "rl/scripted"
# Of ViZDoom's player, in map units (of which a cell has 128) and tics: walking and strafing push by
# 25 / 32 and 24 / 32, friction leaves 0.90625 of the velocity, and turns have no momentum.
_WALK, _STRAFE, _FRICTION, _RADIUS = 25 / 32 / 128, 24 / 32 / 128, 0.90625, 16 / 128

# Actions `(B,)` of positions `(B, 3)`, velocities `(B, 3)` and uniform numbers `(B,)`.
Choose = Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray]
# Makes one, of maps with their goals, how one moves, and the tics for which actions are held.
Player = Callable[[list[MazeMap], Body, int], Choose]


class Walked(NamedTuple):
    """Episodes that were played.

    Args:
        reward: `(N, T)` float32, 0 behind the end of an episode. length: `(N,)` int64, steps.
        position: `(N, T, 3)` float32, x, y (cells) and heading (radians) before each step.
    """

    reward: np.ndarray
    length: np.ndarray
    position: np.ndarray


def shortest_path(maps: list[MazeMap], body: Body, tics: int) -> Choose:
    """Walks the shortest path to the goal."""
    return Walk.through(maps, body, tics).action


def at_random(maps: list[MazeMap], body: Body, tics: int) -> Choose:
    """Draws actions, all with the same probability."""
    count = len(body.pushes)
    return lambda position, velocity, noise: (noise * count).astype(np.int32)


def scripted_returns(
    section: MazeConfig | DoomMazeConfig, episodes: int, seed: int, action_repeat: int = 1
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Returns `(N,)` and lengths `(N,)` of episodes of the shortest path, and all rewards `(N, T)`;
    see `walked`."""
    reward, length, _ = walked(section, episodes, seed, action_repeat)
    return reward.sum(axis=1, dtype=np.float64), length, reward


def walked(
    section: MazeConfig | DoomMazeConfig,
    episodes: int,
    seed: int,
    action_repeat: int = 1,
    player: Player = shortest_path,
) -> Walked:
    """Episodes of a maze.

    Args:
        section: of the maze. episodes: N. seed: of starts, and of what chance there is.
        action_repeat: steps of the environment for which an action is played; rewards are summed.
        player: `shortest_path` or `at_random`.

    Raises:
        ValueError: the task has no goal.
    """
    if section.goal_reward() is None:
        raise ValueError("there is no way to the goal where there is no goal")
    if isinstance(section, MazeConfig):
        return _in_arrays(section, episodes, seed, action_repeat, player)
    return _in_engine(section, episodes, seed, action_repeat, player)


def _in_arrays(
    section: MazeConfig, episodes: int, seed: int, repeat: int, player: Player
) -> Walked:
    """All episodes at once; all end by the limit."""
    from genkit.rl.environments.maze_raycast import KEPT, PUSHES, RADIUS, REACH
    from genkit.rl.experience import host

    env = section.make()
    draws = (episodes, env.draws)
    begin, step = backend.compile(env.begin, []), backend.compile(env.step, [])
    state = begin(uniform(seed, PURPOSE, 0, draws))
    layouts, goals = host(state["layout"]).tolist(), host(state["goal"]).tolist()
    maps = [replace(env.maze_map(k), goal=tuple(g)) for k, g in zip(layouts, goals, strict=True)]
    body = Body(np.array(list(PUSHES.values())), np.full(3, KEPT), RADIUS, REACH)
    choose = player(maps, body, repeat)
    steps = -(-env.limit // repeat)
    reward, position = np.zeros((episodes, steps), np.float32), []
    for t in range(env.limit):
        if t % repeat == 0:
            position.append(host(state["position"]))
            chance = uniform(seed, f"{PURPOSE}/actions", t, (episodes,))
            action = choose(position[-1], host(state["velocity"]), chance)
        found = step(state, action, uniform(seed, PURPOSE, t + 1, draws))
        state = found.state
        reward[:, t // repeat] += host(found.reward)
    return Walked(reward, np.full(episodes, steps), np.stack(position, axis=1))


def _in_engine(
    section: DoomMazeConfig, episodes: int, seed: int, repeat: int, player: Player
) -> Walked:
    """One episode after the other; all end by the limit."""
    with closing(section.make()) as env:
        steps = -(-env.limit // repeat)
        reward = np.zeros((episodes, steps), np.float32)
        position = np.zeros((episodes, steps, 3), np.float32)
        for i in range(episodes):
            seen, _ = env.reset(seed=int(raw_bits(seed, PURPOSE, i, 1)[0] >> np.uint64(33)))
            chance = uniform(seed, f"{PURPOSE}/actions", i, (env.limit, 1))
            choose = player([env.maze_map()], _doom_body(), env.repeat * repeat)
            for t in range(env.limit):
                if t % repeat == 0:
                    position[i, t // repeat] = seen["position"]
                    velocity = seen["velocity"][None, [0, 1, 5]] / env.repeat
                    action = int(choose(seen["position"][None], velocity, chance[t])[0])
                seen, gained, *_ = env.step(action)
                reward[i, t // repeat] += gained
    return Walked(reward, np.full(episodes, steps), position)


def _doom_body() -> Body:
    from genkit.rl.environments.doom.environment import ACTIONS, REACH

    forward, backward, left, right, degrees = np.array(list(ACTIONS.values())).T
    ahead, aside = _WALK * (forward - backward), _STRAFE * (right - left)
    turn = np.radians(degrees) / 4  # degrees are those of 4 tics
    kept = np.array([_FRICTION, _FRICTION, 0.0])
    return Body(np.stack([ahead, aside, turn], axis=1), kept, _RADIUS, REACH)
