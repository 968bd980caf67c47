"""Balls in a box."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from genkit.data.physics.config import BallsConfig, Cast
from genkit.data.physics.contact import gap, impulses, outward
from genkit.data.physics.drawing import between
from genkit.data.physics.graph import Graph, all_pairs, graph
from genkit.data.physics.scenes import Scenes, Step, attribute, relation
from genkit.errors import DataError
from genkit.randomness import uniform

ATTEMPTS = 1_000  # at a place for all balls of a scene
NEAR = 0.3  # metres between surfaces
# Inward normals of the left, right, lower and upper wall.
NORMALS = np.array([[1, 0], [-1, 0], [0, 1], [0, -1]], np.float64)


class Balls:
    """Impulses between balls and off walls; see `BallsConfig`."""

    def __init__(self, config: BallsConfig) -> None:
        self.config = config

    def graph(self, cast: Cast) -> Graph:
        count, walls = cast.count, len(NORMALS)
        against = [(i, count + wall) for i in range(count) for wall in range(walls)]
        static = [False] * count + [True] * walls
        return graph(all_pairs(count) + against, static, self.config.degree(count))

    def draw(self, cast: Cast, purpose: str, numbers: Sequence[int], seed: int) -> Scenes:
        made = [self._one(cast.count, purpose, number, seed) for number in numbers]
        layout = self.graph(cast)
        attributes, restitution, position, velocity = (
            np.stack([one[i] for one in made]) for i in range(4)
        )
        rows = np.arange(len(layout))[:, None]
        relations = restitution[:, rows, layout.senders] * layout.mask
        return Scenes(
            layout,
            attributes.astype(np.float32),
            relations[..., None].astype(np.float32),
            np.zeros((len(made), len(layout), 0), np.float32),
            position,
            velocity,
        )

    def _one(
        self, count: int, purpose: str, number: int, seed: int
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        config, walls = self.config, len(NORMALS)
        every = count + walls
        draw = uniform(seed, purpose, number, (4, count)).astype(np.float64)
        pairs = uniform(seed, f"{purpose}/pairs", number, (every, every)).astype(np.float64)
        upper = np.triu(between(config.restitutions, pairs), 1)
        attributes = np.zeros((every, 4))
        attributes[:count, 0] = between(config.masses, draw[0])
        attributes[:count, 1] = between(config.radii, draw[1])
        attributes[count:, 2:] = NORMALS
        position, velocity = np.zeros((every, 2)), np.zeros((every, 2))
        radii = attributes[:count, 1]
        position[:count] = self._places(radii, f"{purpose}/places", number, seed)
        position[count:] = config.side / 2 * (1 - NORMALS)  # the middles of the walls
        velocity[:count] = config.speed * (2 * draw[2:].T - 1)
        return attributes, upper + upper.T, position, velocity

    def _places(self, radii: np.ndarray, purpose: str, number: int, seed: int) -> np.ndarray:
        """`(n, 2)`, no two overlapping, drawn one after the other."""
        side, found = self.config.side, np.zeros((len(radii), 2))
        placed = 0
        for attempt in range(ATTEMPTS):
            draw = uniform(seed, purpose, number, (2,), attempt).astype(np.float64)
            radius = radii[placed]
            place = radius + (side - 2 * radius) * draw
            gaps = np.linalg.norm(found[:placed] - place, axis=1) - radii[:placed] - radius
            if (gaps > 0).all():
                found[placed] = place
                placed += 1
            if placed == len(radii):
                return found
        raise DataError(
            f"scene {number}: no room for {len(radii)} balls in a box of side {side:g}. Make side "
            "larger or radii smaller."
        )

    def step(self, scenes: Scenes) -> Step:
        config, layout = self.config, scenes.graph
        senders, there = layout.senders, layout.mask > 0
        away = scenes.away
        radius, mass = (attribute(config, scenes, name) for name in ("radius", "mass"))
        wall = scenes.attributes[..., 2:][:, senders].astype(np.float64)
        gaps = gap(np, away, radius[:, :, None], radius[:, senders], wall)
        relative = scenes.velocity[:, :, None] - scenes.velocity[:, senders]
        total = mass[:, :, None] + mass[:, senders]
        share = np.where(layout.static[senders], 1.0, mass[:, senders] / np.maximum(total, 1e-12))
        change, meets = impulses(
            outward(away, wall),
            relative,
            (gaps < 0) & there,
            relation(config, scenes, "restitution"),
            share,
        )
        velocity = scenes.velocity + change.sum(axis=2)
        near = ((gaps < NEAR) & there).any(axis=2)
        return Step(velocity, np.asarray(meets.any(axis=2)), np.asarray(near))

    def potential(self, scenes: Scenes) -> np.ndarray:
        """None: balls have kinetic energy alone."""
        return np.zeros(len(scenes))
