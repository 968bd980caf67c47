"""Scenes of solids on a table, rendered: shapes, poses and the camera are known."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from genkit.data.images.dataset import ImageDataset
from genkit.data.scenes.config import SolidsConfig
from genkit.data.scenes.dataset import BOX, COUNT, IMAGE, LABEL, dataset
from genkit.errors import DataError
from genkit.family import Arrays
from genkit.randomness import uniform
from genkit.rendering.camera import View
from genkit.rendering.scene import POSE, render
from genkit.rendering.solids import NAMES

POSES, AZIMUTH = "pose", "azimuth"
ATTEMPTS = 100  # at a whole scene
TOGETHER = 64  # scenes rendered at a time


def view(config: SolidsConfig) -> View:
    """The camera of a section."""
    return View(size=config.size, samples=config.samples)


class Solids:
    """Makes scenes; see `Make`. Beside the usual they have `pose` (n, M, 3) float32: x and y
    on the table and the turn in radians, zeros beyond the count; and `azimuth` (n,) float32 of the
    camera, in radians. Boxes are those of what is seen of a solid, zeros where it is hidden.

    Args:
        config: the section. counts: of these scenes. purpose: of what is drawn.
    """

    def __init__(self, config: SolidsConfig, counts: Sequence[int], purpose: str) -> None:
        self.config, self.counts, self.purpose = config, tuple(counts), purpose
        self.view = view(config)

    def __call__(self, numbers: np.ndarray, seed: int, truth: bool = True) -> Arrays:
        most = self.config.most
        facts = [self._facts(seed, int(number)) for number in numbers]
        count, labels, poses, azimuth = (np.stack([fact[i] for fact in facts]) for i in range(4))
        shapes, alive = np.maximum(labels, 0), np.arange(most) < count[:, None]
        parts = [
            self._seen(shapes[own], poses[own], alive[own], azimuth[own], truth)
            for own in (slice(i, i + TOGETHER) for i in range(0, len(numbers), TOGETHER))
        ]
        found = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
        return {**found, COUNT: count, LABEL: labels, POSES: poses, AZIMUTH: azimuth}

    def _facts(self, seed: int, number: int) -> tuple[np.int64, np.ndarray, np.ndarray, np.float32]:
        count, most = self.counts[number % len(self.counts)], self.config.most
        labels, poses = np.full(most, -1, np.int64), np.zeros((most, POSE), np.float32)
        draw = uniform(seed, f"{self.purpose}/things", number, (2, most))
        labels[:count] = (draw[0, :count] * len(NAMES)).astype(np.int64)
        poses[:count, 2] = (draw[1, :count] * 2 - 1) * np.float32(np.pi)
        poses[:count, :2] = self._places(seed, number, count)
        (turn,) = uniform(seed, f"{self.purpose}/camera", number, (1,))
        azimuth = np.float32(np.deg2rad(self.config.turn) * (2 * turn - 1))
        return np.int64(count), labels, poses, azimuth

    def _places(self, seed: int, number: int, count: int) -> np.ndarray:
        """`(count, 2)` on the table, apart."""
        reach, apart = self.config.reach, self.config.apart_by
        for attempt in range(ATTEMPTS):
            draw = uniform(seed, f"{self.purpose}/places", number, (count, 2), attempt)
            places = (draw * 2 - 1) * np.float32(reach)
            gaps = np.linalg.norm(places[:, None] - places, axis=-1)
            if not (gaps[np.triu_indices(count, 1)] < apart).any():
                return places
        raise DataError(
            f"scene {number}: no room for {count} solids {apart} apart, {reach} from the middle at "
            f"most, in {ATTEMPTS} attempts. Make reach larger, apart_by smaller, or counts lower."
        )

    def _seen(
        self,
        shapes: np.ndarray,
        poses: np.ndarray,
        alive: np.ndarray,
        azimuth: np.ndarray,
        truth: bool,
    ) -> Arrays:
        """Images, and boxes where they are wanted: each takes a picture without its solid."""
        images = render(np, self.view, shapes, poses, alive, azimuth)
        found = {IMAGE: np.rint(images * 255).astype(np.uint8)}
        if truth:
            found[BOX] = seen_boxes(self.view, shapes, poses, alive, azimuth, images)
        return found


def seen_boxes(
    view: View,
    shapes: np.ndarray,
    poses: np.ndarray,
    alive: np.ndarray,
    azimuth: np.ndarray,
    images: np.ndarray,
) -> np.ndarray:
    """Boxes `(n, M, 4)` of what is seen of each solid, zeros where it is hidden or absent.

    Args:
        images: what `render` gives of all of them.
    """
    boxes = np.zeros((*shapes.shape, 4), np.float32)
    for i in range(shapes.shape[1]):
        without = alive & (np.arange(shapes.shape[1]) != i)
        other = render(np, view, shapes, poses, without, azimuth)
        boxes[:, i] = _extents((images != other)[..., 0])
    return boxes


def _extents(seen: np.ndarray) -> np.ndarray:
    """Tight boxes `(n, 4)` of masks `(n, H, W)`, zeros where they are empty."""
    found = np.zeros((len(seen), 4), np.float32)
    for axis in (0, 1):
        line: np.ndarray = np.max(seen, axis=2 - axis)
        first = line.argmax(axis=1)
        last = line.shape[1] - line[:, ::-1].argmax(axis=1)
        there = np.max(line, axis=1)
        found[:, axis], found[:, axis + 2] = first * there, (last - first) * there
    return found


def load(config: SolidsConfig) -> ImageDataset:
    """Training scenes without end, and splits of others."""

    def make(name: str, source: str, counts: Sequence[int]) -> Solids:
        del source  # every split has all solids
        return Solids(config, counts, f"{config.name}/{name}")

    return dataset(config, make, NAMES)
