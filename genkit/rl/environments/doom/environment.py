"""Mazes in ViZDoom, for agents.

The tasks are those of Mirowski et al., 2017 (arXiv:1611.03673), and of Rusu et al., 2016
(arXiv:1606.04671), in mazes of our own.
"""

from __future__ import annotations

import math
from typing import Any

import gymnasium
import numpy as np
from PIL import Image

from genkit.rl.environments.doom.config import DoomMazeConfig
from genkit.rl.environments.doom.engine import DEPTH, Buttons, Engine, Pose
from genkit.rl.environments.doom.items import GOAL, Item
from genkit.rl.environments.doom.levels import Level, levels
from genkit.rl.navigation.doom_maps import level_map
from genkit.rl.navigation.maps import MazeMap

# Forward, backward, left, right, and degrees to the right, of each action; degrees for 4 tics.
ACTIONS: dict[str, Buttons] = {
    "look_left": (0, 0, 0, 0, -10.0),
    "look_right": (0, 0, 0, 0, 10.0),
    "forward": (1, 0, 0, 0, 0.0),
    "backward": (0, 1, 0, 0, 0.0),
    "strafe_left": (0, 0, 1, 0, 0.0),
    "strafe_right": (0, 0, 0, 1, 0.0),
    "forward_left": (1, 0, 0, 0, -15.0),
    "forward_right": (1, 0, 0, 0, 15.0),
}
REACH = 0.5  # cells: how near to the goal
FASTEST = 1.0  # cells a step, more than anybody walks: the bound of velocities

_REST = np.zeros(6, np.float32)

Observation = dict[str, np.ndarray]


class DoomMaze(gymnasium.Env[Any, Any]):
    """Walk through a maze; `DoomMazeConfig` says what tasks there are.

    At the goal (reward 10) the agent is put somewhere else, at rest, and goes on. What it eats
    gives the reward of its kind and is gone until the next episode. Tasks without a goal end when
    all that is good is eaten; all are cut off by the limit.

    Seen are the picture `(H, W, 3)` uint8, its depth `(H, W)` uint8 (255 is 3.6 cells or more), the
    velocity (forward, to the right, up, and turning about three axes, in cells and radians a step;
    float32) and the position (x, y, heading; in cells and radians; float32) as it is. Velocity is
    what the last step moved, so it can be summed up; it is 0 where the agent was put somewhere
    else, which `info["respawned"]` tells.
    """

    action_names = tuple(ACTIONS)

    def __init__(self, config: DoomMazeConfig) -> None:
        self.config, now = config, config.settings()
        self.levels: list[Level] = levels(config)
        self.limit, self.view, self.repeat = now.limit, config.view, config.action_repeat
        # Degrees for a tic.
        self._buttons: list[Buttons] = [(*b[:4], b[4] / 4) for b in ACTIONS.values()]
        self.action_space = gymnasium.spaces.Discrete(len(ACTIONS))
        self.observation_space = _space(config.view, self.levels)
        self._engine = Engine([level.textmap() for level in self.levels], config.view)
        rows, columns = (_nearest(config.view, n) for n in self._engine.shape)
        self._pixels = np.ix_(rows, columns)
        self._level, self._left, self._time = self.levels[0], list[Item](), 0
        self._pose = self._engine.pose()

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Observation, dict[str, Any]]:
        super().reset(seed=seed)
        number = int(self.np_random.integers(len(self.levels)))
        self._level, self._time = self.levels[number], 0
        self._left = list(self._level.items)
        self._engine.begin(number, int(self.np_random.integers(2**31)))
        self._put()
        return self._observation(_REST), {"respawned": False}

    def step(self, action: int) -> tuple[Observation, float, bool, bool, dict[str, Any]]:
        before = self._pose
        self._engine.act(self._buttons[action], self.repeat)
        self._pose = self._engine.pose()
        reward, velocity = self._eaten(before), _velocity(before, self._pose)
        reached = self._at_goal()
        if reached:
            reward += GOAL.reward
            self._put()
            velocity = _REST
        self._time += 1
        terminated = self._all_eaten()
        truncated = self._time >= self.limit and not terminated
        seen = self._observation(velocity)
        return seen, reward, terminated, truncated, {"respawned": reached}

    def maze_map(self) -> MazeMap:
        """The map of this episode, with its goal.

        Raises:
            ValueError: the task is a track, which follows no grid.
        """
        return level_map(self._level, self.config)

    def close(self) -> None:
        """Stop the engine. A second time does nothing."""
        self._engine.close()

    def _put(self) -> None:
        """The agent to one of the places where it may begin."""
        starts = self._level.starts
        x, y = starts[int(self.np_random.integers(len(starts)))]
        heading = self._level.heading
        if heading is None:
            heading = math.tau * float(self.np_random.random())
        self._engine.put(x, y, heading)
        self._pose = self._engine.pose()

    def _at_goal(self) -> bool:
        goal = self._level.goal
        return goal is not None and _distance(self._pose, *goal) < REACH

    def _all_eaten(self) -> bool:
        """Whether there was something good, and no goal, and nothing good is left."""
        level = self._level
        if level.goal is not None or not level.items:
            return False
        return not any(item.kind.reward > 0 for item in self._left)

    def _eaten(self, before: Pose) -> float:
        """Rewards of what was eaten: the engine says how many, and they are the nearest."""
        reward = 0.0
        for _ in range(self._pose.eaten - before.eaten):
            nearest = min(self._left, key=lambda item: _distance(self._pose, item.x, item.y))
            self._left.remove(nearest)
            reward += nearest.kind.reward
        return reward

    def _observation(self, velocity: np.ndarray) -> Observation:
        screen, depth = self._engine.seen()
        image = Image.fromarray(screen).resize((self.view, self.view), Image.Resampling.BOX)
        return {
            "image": np.array(image),
            # No means here: half-way between two things there is nothing.
            "depth": DEPTH[depth[self._pixels]],
            "velocity": velocity.copy(),
            "position": np.array(self._pose[:3], np.float32),
        }


def _velocity(before: Pose, after: Pose) -> np.ndarray:
    """What was moved in a step, `(6,)` float32, as seen by who looks along the first heading."""
    x, y = after.x - before.x, after.y - before.y
    cosine, sine = math.cos(before.heading), math.sin(before.heading)
    turn = (after.heading - before.heading + math.pi) % math.tau - math.pi
    ahead, aside = x * cosine + y * sine, y * cosine - x * sine
    return np.array([ahead, aside, 0.0, 0.0, 0.0, turn], np.float32)


def _space(view: int, every: list[Level]) -> gymnasium.spaces.Dict:
    width, height = (max(level.size[axis] for level in every) for axis in (0, 1))
    fastest = np.array([FASTEST] * 3 + [math.pi] * 3, np.float32)
    highest = np.array([width, height, math.tau], np.float32)
    return gymnasium.spaces.Dict(
        {
            "image": gymnasium.spaces.Box(0, 255, (view, view, 3), np.uint8),
            "depth": gymnasium.spaces.Box(0, 255, (view, view), np.uint8),
            "velocity": gymnasium.spaces.Box(-fastest, fastest, dtype=np.float32),
            "position": gymnasium.spaces.Box(np.zeros(3, np.float32), highest, dtype=np.float32),
        }
    )


def _nearest(count: int, size: int) -> np.ndarray:
    """Which of `size` pixels lie in the middle of each of `count` pieces."""
    return ((np.arange(count) + 0.5) * size / count).astype(np.intp)


def _distance(pose: Pose, x: float, y: float) -> float:
    return math.hypot(pose.x - x, pose.y - y)
