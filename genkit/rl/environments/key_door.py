"""A grid of two rooms: a key, a locked door between them, a goal behind it."""

from __future__ import annotations

from typing import Any

import numpy as np
from keras import ops

from genkit.rl.environments.base import (
    ArrayEnvironment,
    Observation,
    Space,
    State,
    at,
    choice,
    picture,
    spot,
)

_MOVES = np.array([[-1, 0], [1, 0], [0, -1], [0, 1]], np.int32)


class KeyDoor(ArrayEnvironment):
    """Agent and key begin in the left room, the goal stands in the right one, the door in the wall
    between; their places are drawn. The key is taken by stepping on it, and opens the door. Reward
    1 at the goal, where the episode is over; nothing else is rewarded.

    Args:
        size: rows and columns, outer walls included. limit: steps of an episode.

    Seen are five maps: walls, the locked door, the key, the goal, the agent.
    """

    actions = ("up", "down", "left", "right")
    draws = 4

    def __init__(self, size: int = 7, limit: int = 100) -> None:
        if size < 6:
            raise ValueError(f"two rooms and a wall need a size of at least 6. Received: {size}")
        self.size, self.limit = size, limit
        self.wall = size // 2  # the column between the rooms
        self.observation = {"image": Space((size, size, 5))}
        walls = np.zeros((size, size), bool)
        walls[[0, -1]] = True
        walls[:, [0, -1, self.wall]] = True
        self._walls = walls

    def drawn(self, noise: Any) -> State:
        inner, left = self.size - 2, self.wall - 1
        key = choice(noise[:, 0], inner * left)
        # Any cell of the left room but that of the key.
        agent = choice(noise[:, 1], inner * left - 1)
        agent = ops.where(agent >= key, agent + 1, agent)
        right = self.size - self.wall - 2
        goal = choice(noise[:, 2], inner * right)
        return {
            "agent": ops.stack([1 + agent // left, 1 + agent % left], axis=1),
            "key": ops.stack([1 + key // left, 1 + key % left], axis=1),
            "goal": ops.stack([1 + goal // right, self.wall + 1 + goal % right], axis=1),
            "door": 1 + choice(noise[:, 3], inner),
            "held": ops.zeros_like(key, dtype="bool"),
            "open": ops.zeros_like(key, dtype="bool"),  # seen; who passed has the key
        }

    def moved(self, state: State, action: Any, noise: Any) -> tuple[State, Any, Any]:
        wanted = state["agent"] + ops.take(ops.convert_to_tensor(_MOVES), action, axis=0)
        row, column = wanted[:, 0], wanted[:, 1]
        solid = ops.take(ops.convert_to_tensor(self._walls.ravel()), row * self.size + column)
        door = (column == self.wall) & (row == state["door"])
        passed = door & state["held"]
        free = passed | ops.logical_not(solid)
        agent = ops.where(free[:, None], wanted, state["agent"])
        held = state["held"] | ops.all(agent == state["key"], axis=1)
        over = ops.all(agent == state["goal"], axis=1)
        after = {**state, "agent": agent, "held": held, "open": state["open"] | passed}
        return after, ops.where(over, 1.0, 0.0), over

    def observe(self, state: State) -> Observation:
        size = self.size
        door = at(state["door"], size)[:, :, None] & (np.arange(size) == self.wall)
        shut = door & ops.logical_not(state["open"])[:, None, None]
        walls = ops.logical_and(ops.convert_to_tensor(self._walls), ops.logical_not(door))
        key, goal, agent = (
            spot(state[name][:, 0], state[name][:, 1], size, size)
            for name in ("key", "goal", "agent")
        )
        key = key & ops.logical_not(state["held"])[:, None, None]
        maps = [walls, shut, key, goal, agent]
        return {"image": picture(ops.where(ops.stack(maps, axis=-1), 255, 0))}
