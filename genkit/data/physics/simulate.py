"""Trajectories by symplectic Euler steps: x' = x + dt v', and v' follows from the state before."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from genkit.data.physics.scenes import Scenes, System
from genkit.errors import DataError

TOGETHER = 256  # scenes stepped at a time: more do not fit into a processor's cache


@dataclass(frozen=True)
class Trajectories:
    """What becomes of S scenes in T steps.

    Args:
        scenes: in their first states.
        position, velocity: `(S, T + 1, N, 2)` float32.
        hits, near: `(S, T, N)` bool: who is hit in a step, and who nearly touches before it.
    """

    scenes: Scenes
    position: np.ndarray
    velocity: np.ndarray
    hits: np.ndarray
    near: np.ndarray

    def __len__(self) -> int:
        return len(self.position)

    @property
    def steps(self) -> int:
        """T."""
        return self.position.shape[1] - 1

    def first(self, limit: int | None) -> Trajectories:
        """The first `limit` of them, or all."""
        return self.rows(slice(0, limit))

    def rows(self, chosen: Any) -> Trajectories:
        """Some of them."""
        arrays = (self.position, self.velocity, self.hits, self.near)
        return Trajectories(self.scenes.rows(chosen), *(array[chosen] for array in arrays))

    def state(self, step: int) -> Scenes:
        """All scenes after `step` steps, float64."""
        position, velocity = self.position[:, step], self.velocity[:, step]
        return self.scenes.at(position.astype(np.float64), velocity.astype(np.float64))


def advance(system: System, scenes: Scenes) -> tuple[Scenes, np.ndarray, np.ndarray]:
    """Scenes one step later, and `hits` and `near` of the step."""
    step = system.step(scenes)
    velocity = np.where(scenes.graph.static[:, None], 0.0, step.velocity)
    position = scenes.position + system.config.dt * velocity
    return scenes.at(position, velocity), step.hits, step.near


def simulate(system: System, scenes: Scenes, steps: int) -> Trajectories:
    """`steps` steps of all scenes, some of them at a time.

    Raises:
        DataError: if positions grow beyond all bounds: a step is too long.
    """
    shape = (len(scenes), steps + 1, len(scenes.graph), 2)
    position, velocity = np.empty(shape, np.float32), np.empty(shape, np.float32)
    hits, near = np.zeros((2, shape[0], steps, shape[2]), bool)
    for start in range(0, len(scenes), TOGETHER):
        own = slice(start, start + TOGETHER)
        now = scenes.rows(own)
        position[own, 0], velocity[own, 0] = now.position, now.velocity
        for step in range(steps):
            now, hits[own, step], near[own, step] = advance(system, now)
            position[own, step + 1], velocity[own, step + 1] = now.position, now.velocity
    if not (np.isfinite(position[:, -1]).all() and np.isfinite(velocity[:, -1]).all()):
        raise DataError(f"data.dt: steps of {system.config.dt:g} s are too long for these scenes")
    return Trajectories(scenes, position, velocity, hits, near)
