"""A string of masses and springs that falls onto a disc."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from genkit.data.physics.config import Cast, StringConfig
from genkit.data.physics.contact import gap, impulses, outward
from genkit.data.physics.drawing import between
from genkit.data.physics.graph import Graph, graph
from genkit.data.physics.scenes import Scenes, Step, attribute, relation
from genkit.randomness import normal, uniform

NEAR = 0.1  # metres between surfaces
JITTER = 0.1  # of the springs' rest length, by which masses begin beside the line
SPEED = 0.5  # deviation of each component of velocity at the beginning, metres a second
# Where the disc's middle lies: part of the string's length from its first end, and below it.
ACROSS, BELOW = (0.2, 0.9), (0.2, 0.5)


class String:
    """Springs, gravity and impulses off the disc; see `StringConfig`."""

    def __init__(self, config: StringConfig) -> None:
        self.config = config

    def graph(self, cast: Cast) -> Graph:
        count = cast.count
        springs = [
            (i, j) for i in range(count) for j in (i - 1, i + 1) if 0 <= j < count
        ]  # fmt: skip
        ends = {"none": [], "first": [0], "both": [0, count - 1]}[cast.pinned]
        static = [i in ends for i in range(count)] + [True]
        pairs = springs + [(i, count) for i in range(count)]
        return graph(pairs, static, self.config.degree(count))

    def draw(self, cast: Cast, purpose: str, numbers: Sequence[int], seed: int) -> Scenes:
        layout = self.graph(cast)
        made = [self._one(layout, purpose, number, seed) for number in numbers]
        attributes, relations, effects, position, velocity = (
            np.stack([one[i] for one in made]) for i in range(5)
        )
        return Scenes(
            layout,
            attributes.astype(np.float32),
            relations.astype(np.float32),
            effects.astype(np.float32),
            position,
            velocity,
        )

    def _one(self, layout: Graph, purpose: str, number: int, seed: int) -> tuple[np.ndarray, ...]:
        config, every = self.config, len(layout)
        count = every - 1
        draw = uniform(seed, purpose, number, (4, every)).astype(np.float64)
        rough = normal(seed, f"{purpose}/start", number, (4, count)).astype(np.float64)
        rest = between(config.rest, draw[1, : count - 1])
        attributes = np.zeros((every, 3))
        attributes[:, 0] = between(config.mass, draw[0])
        attributes[:, 1] = config.radius
        attributes[:, 2] = layout.static
        relations = self._relations(layout, draw[2], rest, draw[3])
        position, velocity = np.zeros((every, 2)), np.zeros((every, 2))
        position[1:count, 0] = np.cumsum(rest)
        position[:count] += JITTER * np.mean(config.rest) * rough[:2].T
        velocity[:count] = np.where(layout.static[:count, None], 0.0, SPEED * rough[2:].T)
        chances = uniform(seed, f"{purpose}/disc", number, (3,)).astype(np.float64)
        length = max(float(rest.sum()), float(np.mean(config.rest)))
        attributes[count] = 0.0, between(config.disc, chances[0]), 1.0
        low = attributes[count, 1] + config.radius + BELOW[0] * length
        position[count] = (
            between(ACROSS, chances[1]) * length,
            -between((low, low + (BELOW[1] - BELOW[0]) * length), chances[2]),
        )
        effects = np.zeros((every, 2))
        effects[:count, 1] = np.where(layout.static[:count], 0.0, -config.gravity)
        return attributes, relations, effects, position, velocity

    def _relations(
        self, layout: Graph, stiff: np.ndarray, rest: np.ndarray, bounce: np.ndarray
    ) -> np.ndarray:
        """`(N, K, 4)`: springs have stiffness and rest length, the disc contact and restitution."""
        count = len(layout) - 1
        found = np.zeros((*layout.senders.shape, 4))
        for i, k in zip(*np.nonzero(layout.mask), strict=True):
            other = int(layout.senders[i, k])
            if other == count:
                found[i, k, 2:] = 1.0, between(self.config.restitutions, bounce[i])
            else:
                spring = min(i, other)
                found[i, k, :2] = between(self.config.stiffness, stiff[spring]), rest[spring]
        return found

    def step(self, scenes: Scenes) -> Step:
        config, layout = self.config, scenes.graph
        away = scenes.away
        contact = relation(config, scenes, "contact") > 0.5
        mass = attribute(config, scenes, "mass")
        pull = self._springs(scenes, away).sum(axis=2) / np.maximum(mass, 1e-12)[..., None]
        radius = attribute(config, scenes, "radius")
        gaps = gap(np, away, radius[:, :, None], radius[:, layout.senders])
        relative = scenes.velocity[:, :, None] - scenes.velocity[:, layout.senders]
        share = np.ones_like(gaps)  # the disc is fixed
        bounce = relation(config, scenes, "restitution")
        change, meets = impulses(outward(away), relative, (gaps < 0) & contact, bounce, share)
        moves = ~layout.static[:, None]
        velocity = scenes.velocity + config.dt * (pull + scenes.effects) + change.sum(axis=2)
        near = ((gaps < NEAR) & contact).any(axis=2)
        return Step(velocity * moves, (meets.any(axis=2)) & moves[:, 0], near & moves[:, 0])

    def _springs(self, scenes: Scenes, away: np.ndarray) -> np.ndarray:
        """Forces `(S, N, K, 2)` by Hooke's law."""
        length = np.linalg.norm(away, axis=-1)
        stiffness = relation(self.config, scenes, "stiffness")
        stretch = length - relation(self.config, scenes, "rest")
        size = stiffness * stretch / np.where(length > 0, length, 1.0)
        return size[..., None] * away

    def potential(self, scenes: Scenes) -> np.ndarray:
        """Of springs, and of masses in gravity above height 0."""
        away = scenes.away
        stretch = np.linalg.norm(away, axis=-1) - relation(self.config, scenes, "rest")
        stiffness = relation(self.config, scenes, "stiffness")
        springs = 0.25 * (stiffness * np.square(stretch)).sum(axis=(1, 2))  # each is listed twice
        mass = attribute(self.config, scenes, "mass")
        height = mass * scenes.position[..., 1]
        return springs + self.config.gravity * height.sum(axis=1)
