"""Scenes of coloured sprites: made, no file is needed."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from genkit.data.images.dataset import ImageDataset
from genkit.data.scenes.composing import Composer, Thing, cut
from genkit.data.scenes.config import SpritesConfig
from genkit.data.scenes.dataset import dataset
from genkit.data.video.pushing.drawing import outline
from genkit.randomness import uniform

SHAPES = ("disc", "square", "triangle")
COLOURS = {
    "red": (230, 50, 50),
    "green": (60, 200, 80),
    "blue": (70, 110, 240),
    "yellow": (235, 215, 60),
    "magenta": (215, 80, 210),
    "cyan": (70, 210, 220),
}
WHITE = (255, 255, 255)


def silhouette(name: str, height: int) -> np.ndarray:
    """A shape `(h, w)` float32, 1 inside, with smooth edges; it is about `height` pixels high."""
    radius = {"disc": 0.5, "square": 0.5 * 2**0.5, "triangle": 2.0 / 3.0}[name] * height
    reach = int(np.ceil(radius)) + 1
    y, x = (np.mgrid[-reach:reach, -reach:reach] + 0.5).astype(np.float32)
    return np.asarray(np.clip(0.5 - outline(name, radius)(x, y), 0.0, 1.0))


def load(config: SpritesConfig) -> ImageDataset:
    """Training scenes without end, and splits of others."""

    def make(name: str, source: str, counts: Sequence[int]) -> Composer:
        del source  # every split has all sprites
        purpose = f"{config.name}/{name}"
        return Composer(config, counts, _Sprites(config, purpose), purpose)

    return dataset(config, make, SHAPES)


class _Sprites:
    """The sprites of scenes; see `Composer`."""

    def __init__(self, config: SpritesConfig, purpose: str) -> None:
        self.config, self.purpose = config, purpose
        least, greatest = config.sides
        self._shapes = {
            (label, height): silhouette(name, height)
            for label, name in enumerate(SHAPES)
            for height in range(least, greatest + 1)
        }

    def __call__(self, seed: int, number: int, count: int) -> list[Thing]:
        least, greatest = self.config.sides
        draw = uniform(seed, f"{self.purpose}/things", number, (count, 3))
        choices = np.array([len(SHAPES), len(COLOURS), greatest - least + 1])
        chosen = (draw * choices).astype(np.int64) + np.array([0, 0, least])
        return [self._thing(*one) for one in chosen.tolist()]

    def _thing(self, label: int, colour: int, height: int) -> Thing:
        paint = list(COLOURS.values())[colour] if self.config.colours else WHITE[:1]
        covers = self._shapes[label, height][..., None]
        return Thing(cut(np.rint(covers * np.array(paint)).astype(np.uint8)), label)
