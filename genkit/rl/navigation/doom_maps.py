"""The map of a level in ViZDoom, read from what the engine is given: the lines of its walls."""

from __future__ import annotations

import re

import numpy as np

from genkit.rl.environments.doom.config import DoomMazeConfig
from genkit.rl.environments.doom.levels import Level
from genkit.rl.environments.doom.udmf import CELL
from genkit.rl.navigation.maps import MazeMap, Rooms

_VERTEX = re.compile(r"^vertex\{x=([^;]+);y=([^;]+);", re.MULTILINE)
_LINE = re.compile(r"^linedef\{v1=(\d+);v2=(\d+);", re.MULTILINE)


def level_map(level: Level, config: DoomMazeConfig) -> MazeMap:
    """Walls, rooms and goal of one level; where rooms are not walled off, each cell is one.

    Raises:
        ValueError: the task is a track, which follows no grid.
    """
    if config.task == "seek-track":
        raise ValueError("the task seek-track has no map of cells")
    walls, now = _walls(level), config.settings()
    if config.task in ("static", "random-goal"):
        return MazeMap(walls, Rooms(now.rows, now.columns), level.goal)
    height, width = walls.shape
    return MazeMap(walls, Rooms(height - 2, width - 2, pitch=1), level.goal)


def _walls(level: Level) -> np.ndarray:
    """`(H, W)` bool: a cell is open where an odd number of walls is to the left of it."""
    corners = np.array(_VERTEX.findall(level.geometry), float) * (1, -1) / CELL  # y points up
    lines = np.array(_LINE.findall(level.geometry), int)
    begin, end = corners[lines[:, 0]], corners[lines[:, 1]]
    upright = begin[:, 0] == end[:, 0]  # and one cell long, as are all walls of a grid
    column, row = np.minimum(begin, end)[upright].astype(int).T
    width, height = (round(side) + 1 for side in level.size)
    crossed = np.zeros((height, width), int)
    crossed[row, column] = 1
    return np.asarray(np.cumsum(crossed, axis=1) % 2 == 0)
