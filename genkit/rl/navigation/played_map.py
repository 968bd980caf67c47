"""Which map an episode was played on, from where its agent was: episodes do not record it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from genkit.rl.navigation.maps import MazeMap


def played_map(maps: Sequence[MazeMap], position: np.ndarray, goals: np.ndarray) -> MazeMap:
    """The map of one episode, with its goal where that can be told.

    Args:
        maps: all that it may be.
        position: `(T, 2 or more)`, x and y (cells) before each step.
        goals: `(T,)` int, how many were reached in each step.

    Where several layouts fit the places, its walls are those that all of them have. Its goal is the
    one that is nearest to where goals were reached; that of the maps, where none was and they have
    the same; else None. A map without a goal may have it in any room.

    Raises:
        ValueError: on each map some place is within a wall.
    """
    fitting = [each for each in maps if not each.in_wall(position).any()]
    if not fitting:
        raise ValueError(f"none of {len(maps)} maps fits the places of an episode")
    goal = _goal(fitting, position[goals > 0, :2])
    if goal is not None:
        fitting = [each for each in fitting if each.goal in (goal, None)]
    walls = np.logical_and.reduce([each.walls for each in fitting])
    return MazeMap(walls, fitting[0].rooms, goal)


def _goal(maps: Sequence[MazeMap], reached: np.ndarray) -> tuple[float, float] | None:
    """Of all possible ones the one that is nearest to places `(n, 2)`."""
    known = {each.goal for each in maps if each.goal is not None}
    anywhere = any(each.goal is None for each in maps)
    if len(known) == 1 and not anywhere:
        return known.pop()
    if not len(reached):
        return None
    places = maps[0].room_middles() if anywhere else np.array(sorted(known))
    away = np.linalg.norm(places[:, None] - reached, axis=-1).mean(axis=1)
    x, y = places[np.argmin(away)].tolist()
    return x, y
