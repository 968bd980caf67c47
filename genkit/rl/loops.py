"""Whether a path has come back to where it was: labels of loop closure."""

from __future__ import annotations

from itertools import pairwise
from typing import Literal

import numpy as np

from genkit.family import Arrays

ROOM = 1024  # steps of a path that there is room for at first
CELLS = 1 << 17  # distances that are computed at once: few enough to stay in the cache


class LoopLabels:
    """Keeps the path of each of B environments since its episode began, and tells where it closes a
    loop (Mirowski et al., 2017, arXiv:1611.03673): see `closed`.

    Args:
        batch: B.
        near, far: see `closed`; in cells.
        source: `position`, true places: exact, and a path goes on where the agent is put somewhere
            else. `velocity`, as in the paper: it is summed up, which cannot see that, so a path
            begins anew there. In ViZDoom velocity is what a step has moved. In the ray-cast maze it
            is what it would have moved without walls, so the sum goes astray along them.
    """

    def __init__(
        self,
        batch: int,
        near: float = 1.0,
        far: float = 2.0,
        source: Literal["position", "velocity"] = "position",
    ) -> None:
        self.near, self.far, self.source = near, far, source
        self.paths = np.zeros((batch, 2, ROOM), np.float32)  # x and y, up to each one's length
        self.lengths = np.zeros(batch, np.int64)
        self.poses = np.zeros((batch, 3))  # x, y and heading that velocity has led to

    def add(
        self, seen: np.ndarray, first: np.ndarray, respawned: np.ndarray | None = None
    ) -> np.ndarray:
        """The next observations of all environments.

        Args:
            seen: `(T, B, k)`, of each its `position` (x, y, ...) or its `velocity` (ahead, aside,
                ..., turning), see `moved`.
            first: `(T, B)` bool, where an episode begins.
            respawned: `(T, B)` bool, where the agent was put somewhere else just before the
                observation; needed for `velocity` only.

        Returns:
            `(T, B)` float32, 1 where a loop is closed, else 0.

        Raises:
            ValueError: the source is `velocity`, and nothing says where the agent was put.
        """
        anew = first
        if self.source == "velocity":
            if respawned is None:
                raise ValueError("paths of velocities need to know where the agent was put")
            anew = first | respawned
        labels = np.zeros(first.shape, np.float32)
        for row in range(first.shape[1]):
            for low, high in pairwise([0, *np.flatnonzero(anew[:, row]), len(first)]):
                if low < high:
                    part = self._places(row, seen[low:high, row], bool(anew[low, row]))
                    labels[low:high, row] = self._extended(row, part)
        return labels

    def _places(self, row: int, seen: np.ndarray, begins: bool) -> np.ndarray:
        """x and y `(n, 2)` of observations of one path."""
        if begins:
            self.lengths[row], self.poses[row] = 0, 0.0
        if self.source == "position":
            return seen[:, :2]
        velocity = seen.astype(np.float64)
        if not self.lengths[row]:
            velocity[0] = 0.0  # what led to where a path begins is not part of it
        poses = moved(self.poses[row], velocity)
        self.poses[row] = poses[-1]
        return poses[:, :2]

    def _extended(self, row: int, places: np.ndarray) -> np.ndarray:
        """Labels of places that a path goes on with."""
        length = int(self.lengths[row]) + len(places)
        while length > self.paths.shape[2]:
            self.paths = np.concatenate([self.paths, np.zeros_like(self.paths)], axis=2)
        self.paths[row, :, length - len(places) : length] = places.T
        self.lengths[row] = length
        return closed(self.paths[row, :, :length], len(places), self.near, self.far)

    def save(self) -> Arrays:
        """Paths, with room to grow, their lengths, and where they have come to."""
        return {name: np.array(getattr(self, name)) for name in ("paths", "lengths", "poses")}

    def restore(self, state: Arrays) -> None:
        for name, array in state.items():
            setattr(self, name, np.array(array))

    def forget(self, rows: np.ndarray | None = None) -> None:
        """Paths begin anew in some environments, `(B,)` bool, or in all."""
        chosen = slice(None) if rows is None else rows
        self.lengths[chosen] = 0
        self.poses[chosen] = 0.0


def moved(pose: np.ndarray, velocity: np.ndarray) -> np.ndarray:
    """Where an agent comes to, `(n, 3)`: x, y and heading.

    Args:
        pose: `(3,)`, where it was.
        velocity: `(n, k)`, of each step how far it went ahead and to the right, in cells, as seen
            by who looks along the heading before the step; and in the last place how far it turned
            to the right, in radians.
    """
    ahead, aside, turn = velocity[:, 0], velocity[:, 1], velocity[:, -1]
    heading = pose[2] + np.cumsum(turn)
    cosine, sine = np.cos(heading - turn), np.sin(heading - turn)
    x = pose[0] + np.cumsum(ahead * cosine - aside * sine)
    y = pose[1] + np.cumsum(ahead * sine + aside * cosine)
    return np.stack([x, y, heading], axis=1)


def closed(path: np.ndarray, count: int, near: float, far: float) -> np.ndarray:
    """Whether loops are closed at the last places of a path, `(count,)` bool.

    The place p_t closes one if it lies within `near` of some earlier p_t', and some p_t'' in
    between is farther than `far` from p_t. So it does if the first place that is near comes before
    the last one that is far.

    Args:
        path: `(2, L)`, x and y. count: of its last places.
    """
    begin, found = path.shape[1] - count, np.zeros(count, bool)
    step = max(1, CELLS // path.shape[1])
    for low in range(0, count, step):
        high = min(low + step, count)
        found[low:high] = _closed(path[:, : begin + high], high - low, near, far)
    return found


def _closed(path: np.ndarray, count: int, near: float, far: float) -> np.ndarray:
    """`closed` at once."""
    length = path.shape[1]
    x, y = (axis - axis[length - count :, None] for axis in path)
    x *= x
    y *= y
    x += y  # squared distances, (count, L)
    # Each place is near to itself, so places that come later are never the first.
    first = np.argmax(x <= near**2, axis=1)
    away = x > far**2
    away[:, length - count :] &= np.tri(count, k=-1, dtype=bool)
    last = length - 1 - np.argmax(away[:, ::-1], axis=1)
    return (first < last) & away[np.arange(count), last]
