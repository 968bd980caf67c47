"""Scenes with objects where a test wants them."""

from __future__ import annotations

from typing import Any

import numpy as np

from genkit.data.physics.config import BallsConfig, Cast, NBodyConfig
from genkit.data.physics.scenes import Scenes, attribute
from genkit.data.physics.systems import system


def cast(config: Any, scenes: int = 6, **changed: Any) -> Cast:
    values = {"count": config.object_count(), "pinned": config.pins(), "scenes": scenes, **changed}
    return Cast(**values)


def drawn(config: Any, scenes: int = 6, **changed: Any) -> Scenes:
    wanted = cast(config, scenes, **changed)
    return system(config).draw(wanted, "test", range(scenes), 0)


def bodies(config: NBodyConfig, mass: Any, position: Any, velocity: Any) -> Scenes:
    """One scene of bodies."""
    scenes = drawn(config, 1, count=len(mass))
    placed = scenes.at(np.array([position], float), np.array([velocity], float))
    return Scenes(
        placed.graph, np.array(mass, np.float32)[None, :, None], placed.relations, placed.effects,
        placed.position, placed.velocity,
    )  # fmt: skip


def balls(config: BallsConfig, mass: Any, position: Any, velocity: Any, bounce: float) -> Scenes:
    """One scene of balls of radius 0.5."""
    scenes, count = drawn(config, 1, count=len(mass)), len(mass)
    attributes, place, speed = (
        x.copy() for x in (scenes.attributes, scenes.position, scenes.velocity)
    )
    attributes[0, :count, 0], attributes[0, :count, 1] = mass, 0.5
    place[0, :count], speed[0, :count] = position, velocity
    relations = np.full_like(scenes.relations, bounce) * scenes.graph.mask[None, ..., None]
    return Scenes(scenes.graph, attributes, relations, scenes.effects, place, speed)


def momentum(config: Any, scenes: Scenes) -> np.ndarray:
    """`(S, 2)` of all that moves."""
    mass = attribute(config, scenes, "mass")
    return (mass[..., None] * scenes.velocity).sum(axis=1)
