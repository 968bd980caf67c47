"""Pictures of the table from above, with smooth edges."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import reduce

import numpy as np

from genkit.data.video.pushing.physics import Motion
from genkit.data.video.pushing.scene import ARM_RADIUS, FRAME, WALL, Scene
from genkit.data.video.pushing.shapes import edges, shape

TABLE = (206, 192, 168)
RIM = (112, 88, 68)
ARM = (52, 54, 62)
HUB = (150, 154, 164)
OUTLINE = 0.35  # by which an object is darker at its edge

# Of a polygon: its outward normal `(2,)`, and how far from the origin it is; float32.
Side = tuple[np.ndarray, np.ndarray]
# Signed distance from an outline (negative inside) at points `(..., )` of coordinates x and y.
Distance = Callable[[np.ndarray, np.ndarray], np.ndarray]


def render(scene: Scene, motion: Motion, size: int) -> np.ndarray:
    """Frames `(T, size, size, 3)` uint8."""
    scale = size / FRAME
    radii = [*(thing.radius * scale for thing in scene.things), ARM_RADIUS * scale]
    margin = int(np.ceil(2.0 * max(radii))) + 3  # patches about what is drawn never leave
    canvas = _Canvas(len(motion.arm), size, margin)
    for number, thing in enumerate(scene.things):
        poses = motion.objects[:, number]
        away = outline(thing.shape, thing.radius * scale)
        canvas.draw(poses[:, :2] * scale, poses[:, 2], radii[number], away, thing.colour, scale)
    centres, still = motion.arm * scale, np.zeros(len(motion.arm))
    canvas.draw(centres, still, radii[-1], _disc(radii[-1]), ARM, 0.0)
    canvas.draw(centres, still, radii[-1] / 2, _disc(radii[-1] / 2), HUB, 0.0)
    return canvas.finished()


class _Canvas:
    """Frames of a clip while they are drawn, all at once, layer by layer.

    Args:
        frames: how many, T.
        size: height and width in pixels.
        margin: of pixels around them that are cut off at the end.
    """

    def __init__(self, frames: int, size: int, margin: int) -> None:
        self.size, self.margin = size, margin
        centres = np.arange(-margin, size + margin, dtype=np.float32) + 0.5
        rim = WALL * size / FRAME
        away = np.minimum(centres, size - centres) - rim  # from the nearer wall of two
        table = np.clip(np.minimum(away[:, None], away) + 0.5, 0.0, 1.0)[..., None]
        ground = table * _paint(TABLE) + (1 - table) * _paint(RIM)
        self.values = np.broadcast_to(ground, (frames, *ground.shape)).astype(np.float32)

    def draw(
        self,
        centres: np.ndarray,
        angles: np.ndarray,
        radius: float,
        distance: Distance,
        colour: tuple[int, int, int],
        border: float,
    ) -> None:
        """Draw one thing into every frame.

        Args:
            centres: `(T, 2)` x and y in pixels; angles: `(T,)` radians.
            radius: of a circle that it lies in.
            distance: of its outline, unturned and about the origin.
            colour: of its inside.
            border: width of its darker edge; 0 for none.
        """
        side = int(np.ceil(2.0 * radius)) + 3
        low = np.floor(centres - radius - 1.0).astype(np.int64)
        across, down = (low[:, axis, None] + np.arange(side) for axis in (0, 1))
        x = (across + 0.5 - centres[:, :1]).astype(np.float32)[:, None, :]
        y = (down + 0.5 - centres[:, 1:]).astype(np.float32)[:, :, None]
        cos, sin = (f(angles).astype(np.float32)[:, None, None] for f in (np.cos, np.sin))
        away = distance(x * cos + y * sin, y * cos - x * sin)
        covers = np.clip(0.5 - away, 0.0, 1.0)[..., None]
        paint = _paint(colour)
        if border:
            edge = np.clip(away + np.float32(border + 0.5), 0.0, 1.0)[..., None]
            paint = paint * (1 - np.float32(OUTLINE) * edge)
        frame = np.arange(len(centres))[:, None, None]
        place = (frame, down[:, :, None] + self.margin, across[:, None, :] + self.margin)
        before = self.values[place]
        self.values[place] = before + covers * (paint - before)

    def finished(self) -> np.ndarray:
        """`(T, size, size, 3)` uint8."""
        inner = slice(self.margin, self.margin + self.size)
        return np.rint(self.values[:, inner, inner]).astype(np.uint8)


def _paint(colour: tuple[int, int, int]) -> np.ndarray:
    return np.array(colour, np.float32)


def _disc(radius: float) -> Distance:
    return lambda x, y: np.hypot(x, y) - np.float32(radius)


def outline(name: str, radius: float) -> Distance:
    """Of a shape by name; exact along its sides, and a little too near beyond its corners, where
    the circle that it fits into cuts off what would be a spike."""
    parts, around = shape(name).parts, _disc(radius)
    if not parts:
        return around
    convex = [_sides(part * radius) for part in parts]

    def distance(x: np.ndarray, y: np.ndarray) -> np.ndarray:
        nearest = reduce(np.minimum, (_beyond(own, x, y) for own in convex))
        return np.maximum(nearest, around(x, y))

    return distance


def _sides(part: np.ndarray) -> list[Side]:
    normals, offsets = (array.astype(np.float32) for array in edges(part))
    return list(zip(normals, offsets, strict=True))


def _beyond(sides: Sequence[Side], x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """How far points are beyond the farthest of the sides of a convex polygon."""
    return reduce(np.maximum, (a * x + b * y - d for (a, b), d in sides))
