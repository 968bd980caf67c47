"""The tasks' maps: walls, goals, fruit and where the agent may begin.

Mazes and their rewards follow Mirowski et al., 2017 (arXiv:1611.03673), tracks and rooms Rusu et
al., 2016 (arXiv:1606.04671). Places are in cells, x to the right and y down.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from genkit.randomness import permutation, uniform
from genkit.rl.environments.doom import udmf
from genkit.rl.environments.doom.config import CORRIDOR, DoomMazeConfig, Settings
from genkit.rl.environments.doom.items import APPLE, GOAL, LEMON, MUSHROOM, STRAWBERRY, Item
from genkit.rl.environments.doom.walls import Point, Wall, of_grid, of_track
from genkit.rl.environments.layouts import maze

# Of those in `freedoom2.wad`, still and of different colours: the landmarks.
TEXTURES = (
    *("MARBLE1", "WOOD12", "REDWALL", "COMPBLUE", "ICKWALL3", "STARTAN2", "SP_HOT1", "BRICK5"),
    *("TEKGREN3", "A-MOSBRI"),
)
FLOOR, CEILING = "FLOOR0_3", "CEIL3_5"
REGION = 4  # cells, two rooms: walls in such a square look alike
MARGIN = 1.0  # cells between a track and the axes

# Middle lines of the tracks: a corridor, a U, and an Ω with turns of 90 and of 45 degrees.
TRACKS: dict[int, tuple[Point, ...]] = {
    1: ((0, 0), (12, 0)),
    2: ((0, 0), (0, 7), (5, 7), (5, 0)),
    3: ((0, 6), (3, 6), (3, 4), (1, 4), (1, 0), (7, 0), (7, 4), (5, 4), (5, 6), (8, 6)),
    4: (
        *((0, 8), (2, 8), (3, 7), (3, 6), (1, 4), (1, 2), (3, 0)),
        *((6, 0), (8, 2), (8, 4), (6, 6), (6, 7), (7, 8), (9, 8)),
    ),
}


@dataclass(frozen=True)
class Level:
    """One map.

    Args:
        geometry: text of its walls. starts: places where the agent may be put.
        heading: with which it begins, in radians; None: drawn. goal: where it is, if there is one.
        items: what can be eaten. size: of what lies within the walls and the axes, x and y.
        walls: `(H, W)` bool, which cells are; None for a track, which follows no grid.
    """

    geometry: str
    starts: tuple[Point, ...]
    size: Point
    goal: Point | None = None
    items: tuple[Item, ...] = ()
    heading: float | None = None
    walls: np.ndarray | None = field(default=None, compare=False)

    def textmap(self) -> str:
        """The map as text."""
        things = [udmf.Thing(udmf.PLAYER_START, *self.starts[0])]
        if self.goal is not None:
            things.append(udmf.Thing(GOAL.number, *self.goal))
        things += [udmf.Thing(item.kind.number, item.x, item.y) for item in self.items]
        return udmf.textmap(self.geometry, things)


def levels(config: DoomMazeConfig) -> list[Level]:
    """All maps of a task; an episode takes place in one of them."""
    now = config.settings()
    if config.task == "i-maze":
        return _i_maze(now, config.seed)
    if config.task == "seek-track":
        return [_track(now, config.seed)]
    if config.task == "seek-avoid":
        return _room(now, config.seed)
    return [level for i in range(now.mazes) for level in _mazes(now, config.seed, i)]


def _geometry(walls: Sequence[Wall], seed: int) -> tuple[str, Point]:
    """Text and size. The texture of a wall is that of the region that its middle lies in."""
    corners = np.array(walls).reshape(-1, 2)
    width, height = corners.max(axis=0).tolist()
    regions = (int(height) // REGION + 1, int(width) // REGION + 1)
    drawn = (uniform(seed, "rl/doom-textures", 0, regions) * len(TEXTURES)).astype(int)
    textures = [
        TEXTURES[drawn[int((w.y0 + w.y1) / 2) // REGION, int((w.x0 + w.x1) / 2) // REGION]]
        for w in walls
    ]
    return udmf.geometry(walls, textures, FLOOR, CEILING), (width, height)


def _middles(cells: np.ndarray) -> list[Point]:
    """Middles of cells `(N, 2)`, rows and columns, as x and y."""
    return [(column + 0.5, row + 0.5) for row, column in cells.tolist()]


def _mazes(now: Settings, seed: int, number: int) -> list[Level]:
    """A maze with each of its arrangements. The goals of the first ones are in different rooms."""
    walls = maze(now.rows, now.columns, seed + number)
    geometry, size = _geometry(of_grid(walls), seed + number)
    rooms = _middles(2 * np.argwhere(np.ones((now.rows, now.columns), bool)) + 1)
    goals = permutation(seed, "rl/doom-goals", number, len(rooms)).tolist()
    arrangements, found = max(now.arrangements, 1), []
    for i in range(arrangements):
        goal, index = goals[i % len(rooms)], number * arrangements + i
        order = permutation(seed, "rl/doom-fruit", index, len(rooms)).tolist()
        others = [rooms[room] for room in order if room != goal]
        items = tuple(Item(APPLE, *place) for place in others[: now.fruit])
        starts = tuple(others)
        found.append(Level(geometry, starts, size, rooms[goal], items, walls=walls))
    return found


def _i_maze(now: Settings, seed: int) -> list[Level]:
    """Two bars and a corridor between them, within 7 x 11 cells; a level for each alcove."""
    walls = np.ones((9, CORRIDOR + 4), bool)
    walls[1:-1, [1, -2]] = False
    walls[4, 1:-1] = False
    geometry, size = _geometry(of_grid(walls), seed)
    corridor = _middles(np.array([[4, column] for column in range(2, CORRIDOR + 2)]))
    eaten = np.linspace(0, CORRIDOR, now.fruit, endpoint=False) + CORRIDOR / (2 * now.fruit or 1)
    items = tuple(Item(APPLE, *corridor[int(place)]) for place in eaten)
    alcoves = _middles(np.argwhere(~walls)[[0, 1, -2, -1]])
    shared = (geometry, tuple(corridor), size)
    return [Level(*shared, alcove, items, walls=walls) for alcove in alcoves]


def _track(now: Settings, seed: int) -> Level:
    """A corridor with fruit at equal distances; the agent begins at one end and looks along it."""
    path = np.array(TRACKS[now.variant]) + MARGIN
    geometry, size = _geometry(of_track(path.tolist(), width=1.0), seed)
    pieces = np.diff(path, axis=0)
    passed = np.concatenate([[0.0], np.cumsum(np.linalg.norm(pieces, axis=1))])
    places = np.linspace(1.5, passed[-1] - 0.5, max(now.fruit, 1))[: now.fruit]
    x, y = (np.interp([0.5, *places], passed, path[:, axis]).tolist() for axis in (0, 1))
    kind = STRAWBERRY if now.variant == 2 else APPLE
    items = tuple(Item(kind, *place) for place in zip(x[1:], y[1:], strict=True))
    heading = float(np.arctan2(pieces[0, 1], pieces[0, 0]))
    return Level(geometry, ((x[0], y[0]),), size, None, items, heading)


def _room(now: Settings, seed: int) -> list[Level]:
    """One room without inner walls, with as much to be eaten as to be left."""
    walls = np.pad(np.zeros((now.rows, now.columns), bool), 1, constant_values=True)
    geometry, size = _geometry(of_grid(walls), seed)
    cells = _middles(np.argwhere(~walls))
    bad, found = LEMON if now.variant == 1 else MUSHROOM, []
    for i in range(now.arrangements):
        order = [cells[k] for k in permutation(seed, "rl/doom-room", i, len(cells)).tolist()]
        kinds = [APPLE] * now.fruit + [bad] * now.fruit
        items = tuple(Item(kind, *place) for kind, place in zip(kinds, order, strict=False))
        starts = tuple(order[len(kinds) :])
        found.append(Level(geometry, starts, size, None, items, walls=walls))
    return found
