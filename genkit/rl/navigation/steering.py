"""Walking along a path with an environment's own actions: what comes of each is foreseen, and the
best one is taken."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from genkit.rl.navigation.maps import MazeMap
from genkit.rl.navigation.shortest_path import distances, next_cells

AHEAD = 4  # cells of the way that one looks along
SAMPLES = 25  # places where a straight way is looked at
SLACK = 0.01  # cells: at a wall one is not within it
TURNING = 0.1  # cells that looking along the way is worth at most, for each radian


class Body(NamedTuple):
    """How one moves: each tic, velocity is `kept` in part and pushed, and then moved by.

    Args:
        pushes: `(A, 3)` of the actions: forward, to the right (cells), turning to the right
            (radians). kept: `(3,)`, from 0 to less than 1.
        radius: cells, half the side of the square that no wall gets into.
        reach: cells, how near to the goal is at the goal.
    """

    pushes: np.ndarray
    kept: np.ndarray
    radius: float
    reach: float


class Foreseen(NamedTuple):
    """What comes of each action.

    Args:
        places: `(B, A, 2)`. heading: `(B, A)`, when turning is over.
        arrived: `(B, A)` bool, whether the goal is on the way.
    """

    places: np.ndarray
    heading: np.ndarray
    arrived: np.ndarray


@dataclass(frozen=True, eq=False)
class Walk:
    """Ways to the goals of B episodes, and how to follow them.

    Args:
        walls: `(B, H, W)` bool. following: `(B, H, W, 2)` int, from each cell the next one.
        steps: `(B, H, W)` int, cells to the goal. goals: `(B, 2)`, x and y.
        body: that walks. tics: for which an action is held.
    """

    walls: np.ndarray
    following: np.ndarray
    steps: np.ndarray
    goals: np.ndarray
    body: Body
    tics: int

    @classmethod
    def through(cls, maps: list[MazeMap], body: Body, tics: int) -> Walk:
        """Of maps that have goals."""
        goals = [_goal(each) for each in maps]
        walls = [each.walls for each in maps]
        cells = [(int(y), int(x)) for x, y in goals]
        ways = [next_cells(*each) for each in zip(walls, cells, strict=True)]
        steps = [distances(*each) for each in zip(walls, cells, strict=True)]
        arrays = (np.stack(walls), np.stack(ways), np.stack(steps), np.array(goals))
        return cls(*arrays, body, tics)

    def action(self, position: np.ndarray, velocity: np.ndarray, noise: np.ndarray) -> np.ndarray:
        """The actions that lead on best, `(B,)` int32: to places from where the way is short,
        looking where it leads.

        Args:
            position: `(B, 3)`, x, y and heading. velocity: `(B, 3)`, forward, to the right and
                turning, cells and radians a tic. noise: `(B,)`, uniform: how much looking counts.
                Always the same, it would let some go to and fro for ever.
        """
        _, aim = self.way(position[:, None, :2])
        after = self._foreseen(position, velocity)
        left, _ = self.way(after.places)
        gap = aim - after.places
        turn = np.arctan2(gap[..., 1], gap[..., 0]) - after.heading
        turn = np.abs((turn + np.pi) % (2 * np.pi) - np.pi)
        cost = np.where(after.arrived, 0.0, left + TURNING * noise[:, None] * turn)
        return np.argmin(cost, axis=1).astype(np.int32)

    def way(self, places: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """How far it is to the goal from places `(B, n, 2)`, in cells, `(B, n)`; and where to go
        first, `(B, n, 2)`: the farthest cell of the way that one can walk to in a straight line.
        """
        rows = np.arange(len(places))[:, None]
        cells = np.floor(places[..., ::-1]).astype(np.int64)
        aim, far = cells[..., ::-1] + 0.5, self.steps[rows, cells[..., 0], cells[..., 1]]
        for _ in range(AHEAD):  # within one's own cell nothing is in the way
            cells = self.following[rows, cells[..., 0], cells[..., 1]]
            middle = cells[..., ::-1] + 0.5
            free = self._free(places, middle)
            aim = np.where(free[..., None], middle, aim)
            far = np.where(free, self.steps[rows, cells[..., 0], cells[..., 1]], far)
        return far + np.linalg.norm(aim - places, axis=-1), aim

    def _free(self, begin: np.ndarray, end: np.ndarray) -> np.ndarray:
        """Whether one can walk in a straight line, `(B, n)` bool."""
        share = np.linspace(0, 1, SAMPLES)[:, None]
        places = begin[:, :, None] + share * (end - begin)[:, :, None]
        flat = places.reshape(len(places), -1, 2)
        blocked = self._blocked(flat, self.body.radius - SLACK)
        return np.asarray(~blocked.reshape(places.shape[:3]).any(axis=2))

    def _blocked(self, places: np.ndarray, radius: float) -> np.ndarray:
        """Whether a wall is nearer than a radius to places `(B, n, 2)`, `(B, n)` bool."""
        rows, found = np.arange(len(places))[:, None], np.zeros(places.shape[:2], bool)
        for right in (-radius, radius):
            for down in (-radius, radius):
                x, y = np.moveaxis(np.floor(places + np.array([right, down])).astype(int), -1, 0)
                found |= self.walls[rows, y, x]
        return found

    def _foreseen(self, position: np.ndarray, velocity: np.ndarray) -> Foreseen:
        pushes, kept, radius, reach = self.body
        place = np.repeat(position[:, None, :2].astype(np.float64), len(pushes), axis=1)
        heading, speed = position[:, 2:].astype(np.float64), velocity[:, None]
        arrived = np.zeros(place.shape[:2], bool)
        for _ in range(self.tics):
            speed = speed * kept + pushes
            ahead, aside = speed[..., 0], speed[..., 1]
            cosine, sine = np.cos(heading), np.sin(heading)
            moves = (ahead * cosine - aside * sine, ahead * sine + aside * cosine)
            for axis, move in enumerate(moves):  # one axis after the other: along walls one slides
                there = place.copy()
                there[..., axis] += move
                place = np.where(self._blocked(there, radius)[..., None], place, there)
            heading = heading + speed[..., 2]
            arrived |= np.linalg.norm(place - self.goals[:, None], axis=-1) < reach
        coasting = speed[..., 2] * kept[2] / (1 - kept[2])
        return Foreseen(place, heading + coasting, arrived)


def _goal(maze: MazeMap) -> tuple[float, float]:
    if maze.goal is None:
        raise ValueError("a map without a goal has no way to it")
    return maze.goal
