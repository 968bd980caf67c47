"""Pictures of recorded episodes: paths on maps, and what the agent made of where it was."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from genkit.artifacts.figure import Figure
from genkit.rl.navigation.latency import GOAL, goals_reached
from genkit.rl.navigation.maps import MazeMap
from genkit.rl.navigation.played_map import played_map

MOST = 8  # episodes in a picture
WIDTH = 8.0  # inches of a row of maps
TALL, WIDE = 1.2, 2.5  # width over height of maps, up to which 4 and 2 of them are in a row
_LEGEND = "square: start; circles: where the agent was put next; star: goal"
_WALL, _STAR, _LINE = "#555555", "#ffc800", "#0072B2"


@dataclass(frozen=True, eq=False)
class Path:
    """An episode of T steps on its map.

    Args:
        maze: its map. position: `(T, 2 or more)`, x and y (cells) before each step.
        goals: `(T,)` int, how many were reached in each step.
        values: `(T,)`, that the agent gave to each state.
    """

    maze: MazeMap
    position: np.ndarray
    goals: np.ndarray
    values: np.ndarray | None = None

    def legs(self) -> list[slice]:
        """Steps from each (re)spawn to the next goal, or to the end."""
        ends = [*(np.flatnonzero(self.goals) + 1).tolist(), len(self.goals)]
        begins = [0, *ends]
        return [slice(a, b) for a, b in zip(begins, ends, strict=False) if a < b]


def paths(
    maps: Sequence[MazeMap],
    position: np.ndarray,
    reward: np.ndarray,
    length: np.ndarray,
    values: np.ndarray | None = None,
    goal: float = GOAL,
) -> list[Path]:
    """Of recorded episodes the first eight, on the maps that they were played on.

    Args:
        maps: all that there are; see `played_map`.
        position: `(N, T, 2 or more)`, x and y (cells) before each step.
        reward: `(N, T)`. length: `(N,)` int. values: `(N, T)`. goal: reward of a goal.
    """
    goals, found = goals_reached(reward, length, goal), []
    for i, end in enumerate(np.asarray(length)[:MOST].tolist()):
        maze = played_map(maps, position[i, :end], goals[i, :end])
        own = None if values is None else values[i, :end]
        found.append(Path(maze, position[i, :end], goals[i, :end], own))
    return found


def trajectory_figure(
    episodes: Sequence[Path], name: str = "trajectories", titles: Sequence[str] | None = None
) -> Figure:
    """Where episodes went: a map each, with the path coloured by time."""
    times = [np.arange(len(path.goals)) for path in episodes]
    return _maps(episodes, times, "step", "viridis", name, titles)


def value_map_figure(
    episodes: Sequence[Path], name: str = "values-on-maps", titles: Sequence[str] | None = None
) -> Figure:
    """The same maps with paths coloured by the value that the agent gave to each state."""
    return _maps(episodes, [_values(path) for path in episodes], "value", "plasma", name, titles)


def value_time_figure(
    episodes: Sequence[Path], name: str = "values-over-time", titles: Sequence[str] | None = None
) -> Figure:
    """Values from step to step, a panel for each episode; lines upright where goals are reached."""
    from matplotlib.figure import Figure as Canvas

    shown = episodes[:MOST]
    canvas = Canvas(figsize=(WIDTH, 0.6 + 1.3 * len(shown)), layout="constrained")
    panels = canvas.subplots(len(shown), 1, squeeze=False, sharex=True, sharey=True)[:, 0]
    for i, (axes, path) in enumerate(zip(panels, shown, strict=True)):
        for step in np.flatnonzero(path.goals).tolist():
            axes.axvline(step, color=_STAR, linewidth=1.2)
        axes.plot(_values(path), color=_LINE, linewidth=0.9)
        axes.set_title(_title(path, i, titles), fontsize=8, parse_math=False)
        axes.set_ylabel("value", fontsize=8)
        axes.tick_params(labelsize=7)
    panels[-1].set_xlabel("step; a goal is reached at each upright line", fontsize=8)
    return Figure.from_matplotlib(name, canvas)


def _values(path: Path) -> np.ndarray:
    if path.values is None:
        raise ValueError("a path without values cannot be drawn by them")
    return path.values


def _title(path: Path, number: int, titles: Sequence[str] | None) -> str:
    if titles is not None:
        return titles[number]
    goals = int(path.goals.sum())
    return f"episode {number}: {goals} goal{'' if goals == 1 else 's'}"


def _maps(
    episodes: Sequence[Path],
    colours: Sequence[np.ndarray],
    label: str,
    ramp: str,
    name: str,
    titles: Sequence[str] | None,
) -> Figure:
    """Maps with paths coloured by numbers `(T,)`, on one scale."""
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import Normalize
    from matplotlib.figure import Figure as Canvas

    shown = episodes[:MOST]
    across, down, size = _grid(shown)
    canvas = Canvas(figsize=size, layout="constrained")
    every = np.concatenate(colours[: len(shown)])
    scale = ScalarMappable(Normalize(float(every.min()), float(every.max())), ramp)
    panels = canvas.subplots(down, across, squeeze=False)
    for axes in panels.flat:
        axes.set_axis_off()
    for i, (path, colour) in enumerate(zip(shown, colours, strict=False)):
        axes = panels.flat[i]
        _draw(axes, path, scale.to_rgba(colour))
        axes.set_title(_title(path, i, titles), fontsize=8, parse_math=False)
    canvas.supxlabel(_LEGEND, fontsize=8)
    bar = canvas.colorbar(scale, ax=panels, fraction=0.03, pad=0.01)
    bar.set_label(label, fontsize=8)
    bar.ax.tick_params(labelsize=7)
    return Figure.from_matplotlib(name, canvas)


def _grid(shown: Sequence[Path]) -> tuple[int, int, tuple[float, float]]:
    """Maps across and down, and inches of the picture."""
    height, width = np.max([path.maze.walls.shape for path in shown], axis=0)
    shape = float(width / height)
    most = 4 if shape < TALL else 2 if shape < WIDE else 1
    across = min(most, len(shown))
    down = -(-len(shown) // across)
    each = WIDTH / most
    return across, down, (each * across + 0.7, down * (each / shape + 0.3))


def _draw(axes: Any, path: Path, colours: np.ndarray) -> None:
    """One map: walls, path, where it began, where the agent was put again, and goals."""
    from matplotlib.collections import LineCollection

    height, width = path.maze.walls.shape
    axes.imshow(
        np.where(path.maze.walls, 1.0, np.nan),
        cmap=_one_colour(),
        extent=(0, width, height, 0),
        interpolation="nearest",
    )
    for leg in path.legs():
        places = path.position[leg, :2]
        pieces = np.stack([places[:-1], places[1:]], axis=1)
        axes.add_collection(LineCollection(list(pieces), colors=colours[leg][:-1], linewidths=1.4))
    begins = np.array([path.position[leg.start, :2] for leg in path.legs()])
    axes.scatter(*begins[1:].T, s=8, c="white", edgecolors="black", linewidths=0.6, zorder=3)
    axes.scatter(*begins[0], s=36, c="white", edgecolors="black", marker="s", zorder=4)
    if path.maze.goal is not None:
        axes.scatter(*path.maze.goal, s=90, c=_STAR, edgecolors="black", marker="*", zorder=5)


def _one_colour() -> Any:
    from matplotlib.colors import ListedColormap

    return ListedColormap([_WALL])
