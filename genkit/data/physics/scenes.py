"""Scenes of objects, and what becomes of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np

from genkit.data.physics.config import Cast, PhysicsConfig
from genkit.data.physics.graph import Graph


@dataclass(frozen=True)
class Scenes:
    """S scenes with the same relations.

    Args:
        graph: of N objects with up to K relations each.
        attributes: `(S, N, A)` float32, `relations`: `(S, N, K, D)` float32, `effects`:
            `(S, N, X)` float32: what the section names in `attributes`, `relation_attributes` and
            `effects`; zeros where there is no relation.
        position, velocity: `(S, N, 2)`, float64 in simulations.
    """

    graph: Graph
    attributes: np.ndarray
    relations: np.ndarray
    effects: np.ndarray
    position: np.ndarray
    velocity: np.ndarray

    def __len__(self) -> int:
        return len(self.position)

    @property
    def away(self) -> np.ndarray:
        """`(S, N, K, 2)` from each receiver to each of its senders, metres."""
        return self.position[:, self.graph.senders] - self.position[:, :, None]

    def rows(self, chosen: Any) -> Scenes:
        """Some of them."""
        names = ("attributes", "relations", "effects", "position", "velocity")
        return replace(self, **{name: getattr(self, name)[chosen] for name in names})

    def at(self, position: np.ndarray, velocity: np.ndarray) -> Scenes:
        """The same in another state."""
        return replace(self, position=position, velocity=velocity)


@dataclass(frozen=True)
class Step:
    """What a step does.

    Args:
        velocity: `(S, N, 2)` afterwards. hits: `(S, N)` bool, who was hit in it. near: `(S, N)`
            bool, who nearly touches another before it.
    """

    velocity: np.ndarray
    hits: np.ndarray
    near: np.ndarray


class System(Protocol):
    """One kind of scene, in NumPy.

    Args:
        config: its section.
    """

    config: Any

    def graph(self, cast: Cast) -> Graph:
        """Relations of all scenes of a cast; walls and discs come last."""
        ...

    def draw(self, cast: Cast, purpose: str, numbers: Sequence[int], seed: int) -> Scenes:
        """The scenes `numbers` of a seed, in their first states."""
        ...

    def step(self, scenes: Scenes) -> Step:
        """From velocities before to velocities after a step: functions of the state before."""
        ...

    def potential(self, scenes: Scenes) -> np.ndarray:
        """Potential energy `(S,)` in joules."""
        ...


def attribute(config: PhysicsConfig, scenes: Scenes, name: str) -> np.ndarray:
    """`(S, N)` float64 of an attribute by name."""
    return scenes.attributes[..., config.attributes.index(name)].astype(np.float64)


def relation(config: PhysicsConfig, scenes: Scenes, name: str) -> np.ndarray:
    """`(S, N, K)` float64 of an attribute of relations by name."""
    return scenes.relations[..., config.relation_attributes.index(name)].astype(np.float64)


def kinetic(config: PhysicsConfig, scenes: Scenes) -> np.ndarray:
    """Kinetic energy `(S,)` in joules."""
    mass = attribute(config, scenes, "mass")
    return 0.5 * (mass * np.square(scenes.velocity).sum(axis=-1)).sum(axis=1)
