"""Maps as text (UDMF, the Universal Doom Map Format), in ZDoom's namespace.

A map is one sector with one-sided lines round it; the engine builds its nodes when it loads the
map. Cells become squares of `CELL` map units. The engine's y points up and ours down, so y
changes its sign and what is printed on the left is seen on the left.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from genkit.rl.environments.doom.walls import Wall

CELL = 128  # map units
CEILING = 96  # map units
LIGHT = 192
PLAYER_START = 1  # the type of the thing
# Things appear on all levels of skill, in all modes and for all classes of players.
_ALWAYS = "".join(
    f"{flag}=true;"
    for flag in (
        *(f"skill{i}" for i in range(1, 6)),
        *("single", "coop", "dm"),
        *(f"class{i}" for i in range(1, 4)),
    )
)


class Thing(NamedTuple):
    """Something that stands in a map: its type (DoomEdNum) and place, in cells."""

    kind: int
    x: float
    y: float


def textmap(geometry: str, things: Iterable[Thing]) -> str:
    """The text of a map, of that of its geometry and of what stands in it."""
    blocks = [
        f"thing{{x={_units(t.x)};y={_units(-t.y)};angle=0;type={t.kind};{_ALWAYS}}}\n"
        for t in things
    ]
    return geometry + "".join(blocks)


def geometry(walls: Sequence[Wall], textures: Sequence[str], floor: str, ceiling: str) -> str:
    """Vertices, lines, their sides and the sector, with what a map's text begins with.

    Args:
        walls: pieces, clockwise round what is open. textures: one of each piece.
        floor, ceiling: names of flats.
    """
    numbers: dict[tuple[str, str], int] = {}
    lines, sides = [], []
    for i, (wall, texture) in enumerate(zip(walls, textures, strict=True)):
        first, second = (
            numbers.setdefault((_units(x), _units(-y)), len(numbers))
            for x, y in ((wall.x0, wall.y0), (wall.x1, wall.y1))
        )
        lines.append(f"linedef{{v1={first};v2={second};sidefront={i};blocking=true;}}\n")
        sides.append(f'sidedef{{sector=0;texturemiddle="{texture}";}}\n')
    vertices = [f"vertex{{x={x};y={y};}}\n" for x, y in numbers]
    sector = (
        f"sector{{heightfloor=0;heightceiling={CEILING};lightlevel={LIGHT};"
        f'texturefloor="{floor}";textureceiling="{ceiling}";}}\n'
    )
    return "".join(['namespace="zdoom";\n', *vertices, *lines, *sides, sector])


def _units(cells: float) -> str:
    """Map units of a length, as the map's text has it; -0 is 0."""
    return f"{round(cells * CELL, 3) + 0.0:.3f}"
