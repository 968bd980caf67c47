"""What is on the table before anything moves.

Lengths are in units of which the frame is 64 wide and high, x to the right and y down. The public
side of the simulator uses shares: -1 to 1 from edge to edge of the frame.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from genkit.data.video.pushing.shapes import NOVEL, SEEN, shape
from genkit.randomness import uniform

FRAME = 64.0
WALL = 2.0  # how thick the rim of the table is
ARM_RADIUS = 3.5
_AREAS = (60.0, 110.0)  # of objects
_GAP = 1.5  # between what is on the table at first
_TRIES = 32  # places for each thing, before all are placed anew

Colour = tuple[int, int, int]


@dataclass(frozen=True)
class Kinds:
    """Which objects there are; every shape comes in every colour."""

    shapes: tuple[str, ...]
    colours: tuple[Colour, ...]


KINDS = {
    "seen": Kinds(SEEN, ((200, 45, 45), (55, 150, 65), (50, 90, 190), (228, 188, 40))),
    "novel": Kinds(NOVEL, ((135, 60, 165), (60, 185, 190), (232, 120, 172), (244, 244, 244))),
}


@dataclass(frozen=True)
class Thing:
    """An object: name of its shape, radius of the circle about it, and its colour."""

    shape: str
    radius: float
    colour: Colour


@dataclass(frozen=True)
class Scene:
    """A table before anything moves.

    Args:
        things: N objects.
        poses: `(N, 3)` x, y and angle (radians) of each.
        arm: `(2,)` x and y of the arm.
    """

    things: tuple[Thing, ...]
    poses: np.ndarray
    arm: np.ndarray


def scene(kinds: Kinds, count: int, seed: int, purpose: str, index: int) -> Scene:
    """A table with `count` objects, a function of the arguments; nothing touches anything."""
    draw = uniform(seed, f"{purpose}/objects", index, (count, 4)).astype(np.float64)
    things = tuple(_thing(kinds, own) for own in draw)
    places = _placed([*(thing.radius for thing in things), ARM_RADIUS], seed, purpose, index)
    poses = np.column_stack([places[:-1], 2.0 * np.pi * draw[:, 3]])
    return Scene(things, poses, places[-1])


def _thing(kinds: Kinds, draw: np.ndarray) -> Thing:
    name = kinds.shapes[int(draw[0] * len(kinds.shapes))]
    colour = kinds.colours[int(draw[1] * len(kinds.colours))]
    area = _AREAS[0] + draw[2] * (_AREAS[1] - _AREAS[0])
    return Thing(name, float(np.sqrt(area / shape(name).area)), colour)


def _placed(radii: list[float], seed: int, purpose: str, index: int) -> np.ndarray:
    """Centres `(len(radii), 2)` of circles that keep away from each other and from the rim."""
    attempt = 0
    while True:
        draw = uniform(seed, f"{purpose}/places", index, (len(radii), _TRIES, 2), attempt)
        found: list[np.ndarray] = []
        for radius, shares in zip(radii, draw.astype(np.float64), strict=True):
            low = WALL + radius + _GAP
            tried = low + shares * (FRAME - 2.0 * low)
            free = np.ones(len(tried), bool)
            for centre, other in zip(found, radii, strict=False):
                free &= np.hypot(*(tried - centre).T) > radius + other + _GAP
            if not free.any():
                break
            found.append(tried[free.argmax()])
        if len(found) == len(radii):
            return np.array(found)
        attempt += 1  # rare, and another draw each time
