"""The map of a level in ViZDoom."""

from __future__ import annotations

from genkit.rl.environments.doom.config import DoomMazeConfig
from genkit.rl.environments.doom.levels import Level
from genkit.rl.navigation.maps import MazeMap, Rooms


def level_map(level: Level, config: DoomMazeConfig) -> MazeMap:
    """Walls, rooms and goal of one level; where rooms are not walled off, each cell is one.

    Raises:
        ValueError: the task is a track, which follows no grid.
    """
    if level.walls is None:
        raise ValueError(f"the task {config.task} has no map of cells")
    if config.task in ("static", "random-goal"):
        now = config.settings()
        return MazeMap(level.walls, Rooms(now.rows, now.columns), level.goal)
    height, width = level.walls.shape
    return MazeMap(level.walls, Rooms(height - 2, width - 2, pitch=1), level.goal)
