"""Toy problems, made by (seed, split)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np

from genkit.data.dataset import Splits, StatelessFeed
from genkit.data.epochs import Epochs
from genkit.data.points.config import ToysConfig
from genkit.family import Arrays
from genkit.randomness import normal, uniform

GAP = 1.0  # distance of separable points from the plane
CENTRE = 1.0  # distance of the centres of overlapping classes from the origin
SPLITS = ("train", "validation", "test")


@dataclass(frozen=True)
class PointSplit:
    """One split.

    Args:
        points: `(N, D)` float32. targets: `(N, K)` float32.
        labels: `(N,)` int64, the class, or None where targets are numbers.
    """

    points: np.ndarray
    targets: np.ndarray
    labels: np.ndarray | None

    def __len__(self) -> int:
        return len(self.points)

    def first(self, limit: int | None) -> PointSplit:
        """The first `limit` points, or all."""
        labels = None if self.labels is None else self.labels[:limit]
        return PointSplit(self.points[:limit], self.targets[:limit], labels)


@dataclass(frozen=True)
class Toys(Splits[PointSplit]):
    """Splits by name."""

    name: str
    splits: Mapping[str, PointSplit]
    notes: Mapping[str, str] = field(default_factory=dict)


class PointFeed(StatelessFeed):
    """Batches in epochs, each a permutation keyed by (seed, epoch)."""

    described = "a feed of points"

    def __init__(self, split: PointSplit, batch_size: int, seed: int) -> None:
        self.split, self.batch_size = split, batch_size
        self._epochs = Epochs(len(split), seed)

    def batch(self, k: int) -> Arrays:
        """`point` `(B, D)` and `target` `(B, K)`."""
        chosen = self._epochs.at(np.arange(k * self.batch_size, (k + 1) * self.batch_size))
        return {"point": self.split.points[chosen], "target": self.split.targets[chosen]}


def load(config: ToysConfig) -> Toys:
    """The splits of a problem."""
    return Toys("toys", {name: _split(config, index) for index, name in enumerate(SPLITS)})


def _split(config: ToysConfig, index: int) -> PointSplit:
    shape = (config.count, config.dimensions)
    points = normal(config.made_by, "toys/points", index, shape).astype(np.float64)
    if config.base == "regression":
        drawn = (config.count, config.target_count())
        noise = normal(config.made_by, "toys/noise", index, drawn).astype(np.float64)
        targets = points @ _map(config) + config.noise * noise
        return PointSplit(points.astype(np.float32), targets.astype(np.float32), None)
    chance = uniform(config.made_by, "toys/labels", index, (config.count,))
    points, labels = _CLASSES[config.base](points, (chance < 0.5).astype(np.int64))
    targets = np.eye(config.target_count(), dtype=np.float32)[labels]
    return PointSplit(points.astype(np.float32), targets, labels)


def _map(config: ToysConfig) -> np.ndarray:
    """`(D, K)`: targets have a variance of 1."""
    shape = (config.dimensions, config.target_count())
    drawn = normal(config.made_by, "toys/map", 0, shape).astype(np.float64)
    return np.asarray(drawn / np.linalg.norm(drawn, axis=0))


def _separable(points: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    along = np.abs(points[:, :1]) + GAP
    sign = np.where(labels == 0, 1.0, -1.0)[:, None]
    return np.concatenate([sign * along, points[:, 1:]], axis=1), labels


def _overlapping(points: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    moved = points.copy()
    moved[:, 0] += np.where(labels == 0, CENTRE, -CENTRE)
    return moved, labels


def _xor(points: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    del labels
    return points, ((points[:, 0] > 0) != (points[:, 1] > 0)).astype(np.int64)


def _random(points: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return points, labels


_CLASSES: dict[str, Callable[[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]] = {
    "separable": _separable,
    "overlapping": _overlapping,
    "xor": _xor,
    "random": _random,
}
