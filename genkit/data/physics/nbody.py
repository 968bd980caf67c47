"""Bodies under gravity."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from genkit.data.physics.config import Cast, NBodyConfig
from genkit.data.physics.drawing import between, spread
from genkit.data.physics.graph import Graph, all_pairs, graph
from genkit.data.physics.scenes import Scenes, Step, attribute
from genkit.randomness import uniform


class NBody:
    """Gravity between all pairs; see `NBodyConfig`."""

    def __init__(self, config: NBodyConfig) -> None:
        self.config = config

    def graph(self, cast: Cast) -> Graph:
        return graph(all_pairs(cast.count), [False] * cast.count)

    def draw(self, cast: Cast, purpose: str, numbers: Sequence[int], seed: int) -> Scenes:
        made = [self._one(cast.count, purpose, number, seed) for number in numbers]
        mass, position, velocity = (np.stack([one[i] for one in made]) for i in range(3))
        layout, count = self.graph(cast), len(made)
        return Scenes(
            layout,
            mass[..., None].astype(np.float32),
            np.zeros((count, *layout.senders.shape, 0), np.float32),
            np.zeros((count, cast.count, 0), np.float32),
            position,
            velocity,
        )

    def _one(
        self, count: int, purpose: str, number: int, seed: int
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        config = self.config
        draw = uniform(seed, purpose, number, (6, count)).astype(np.float64)
        mass = between(config.masses, draw[0])
        distance, angle = between(config.distances, draw[1]), 2 * np.pi * draw[2]
        outward = np.stack([np.cos(angle), np.sin(angle)], axis=-1)
        position = distance[:, None] * outward
        # A share of scenes, spread evenly, so that every part of a split has it.
        if not spread(number, config.orbits):
            return mass, position, config.speed * (2 * draw[3:5].T - 1)
        mass[0], position[0] = config.central_mass, 0.0
        # Circular about the central mass alone, both ways round.
        speed = np.sqrt(config.gravity * config.central_mass / distance)
        way = np.where(draw[5] < 0.5, -1.0, 1.0)
        around = np.stack([-outward[:, 1], outward[:, 0]], axis=-1) * way[:, None]
        velocity = speed[:, None] * around
        velocity[0] = 0.0
        return mass, position, velocity

    def step(self, scenes: Scenes) -> Step:
        senders, mask = scenes.graph.senders, scenes.graph.mask
        away = scenes.away
        distance = np.linalg.norm(away, axis=-1)
        mass = attribute(self.config, scenes, "mass")[:, senders]
        least = self.config.least_distance
        pull = self.config.gravity * mass * mask / np.maximum(distance, least) ** 3
        acceleration = (pull[..., None] * away).sum(axis=2)
        nobody = np.zeros(scenes.position.shape[:2], bool)
        close = ((distance < 2 * least) & (mask > 0)).any(axis=2)
        return Step(scenes.velocity + self.config.dt * acceleration, nobody, close)

    def potential(self, scenes: Scenes) -> np.ndarray:
        """Of all pairs; within the least distance that of the force there."""
        config, senders = self.config, scenes.graph.senders
        away = scenes.away
        distance, least = np.linalg.norm(away, axis=-1), config.least_distance
        outside = 1.0 / np.maximum(distance, least)
        inside = (3 * least**2 - distance**2) / (2 * least**3)
        mass = attribute(config, scenes, "mass")
        pairs = mass[:, :, None] * mass[:, senders] * np.where(distance < least, inside, outside)
        return -0.5 * config.gravity * (pairs * scenes.graph.mask).sum(axis=(1, 2))
