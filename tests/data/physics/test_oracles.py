"""Our simulations beside those of others: pymunk for balls, REBOUND for bodies."""

from __future__ import annotations

from typing import Any

import numpy as np
import pymunk
import pytest

from genkit.data.physics.config import BallsConfig, NBodyConfig
from genkit.data.physics.scenes import Scenes
from genkit.data.physics.simulate import simulate
from genkit.data.physics.systems import system
from tests.data.physics.placing import balls, bodies

SIDE = 10.0


def pymunk_velocities(scenes: Scenes, steps: int, dt: float) -> np.ndarray:
    """Velocities `(n, 2)` of the balls of one scene after some steps in a box."""
    space = pymunk.Space()
    space.iterations = 50
    corners = [(0, 0), (SIDE, 0), (SIDE, SIDE), (0, SIDE)]
    for a, b in zip(corners, [*corners[1:], corners[0]], strict=True):
        wall = pymunk.Segment(space.static_body, a, b, 0.0)
        wall.elasticity, wall.friction = 1.0, 0.0
        space.add(wall)
    found = []
    for i in scenes.graph.moving:
        mass, radius = (float(x) for x in scenes.attributes[0, i, :2])
        # Friction is nothing, so that what a ball's moment is does not matter.
        body = pymunk.Body(mass, 1.0)
        body.position = tuple(scenes.position[0, i])
        body.velocity = tuple(scenes.velocity[0, i])
        shape = pymunk.Circle(body, radius)
        # The restitution of a pair is the product of both.
        shape.elasticity, shape.friction = float(scenes.relations[0, i, 0, 0]) ** 0.5, 0.0
        space.add(body, shape)
        found.append(body)
    for _ in range(steps):
        space.step(dt)
    return np.array([tuple(body.velocity) for body in found])


@pytest.mark.parametrize("bounce", [1.0, 0.6])
@pytest.mark.parametrize(
    ("mass", "places", "speeds"),
    [
        ([1.0, 3.0], [[3, 5], [6, 5]], [[4, 0], [-2, 0]]),
        ([1.0, 3.0], [[3, 5], [6, 5.4]], [[4, 0.3], [-2, -0.2]]),
        ([2.0, 0.5], [[4, 3], [4.6, 6]], [[0.5, 3], [-0.4, -2]]),
    ],
)
def test_balls_part_as_those_of_pymunk(bounce: float, mass: Any, places: Any, speeds: Any) -> None:
    config = BallsConfig(side=SIDE, dt=1e-4)
    scenes = balls(config, mass, places, speeds, bounce)
    ours = simulate(system(config), scenes, 8_000)
    assert ours.hits[0, :, :2].any(axis=0).all()
    theirs = pymunk_velocities(scenes, 8_000, config.dt)
    np.testing.assert_allclose(ours.velocity[0, -1, :2], theirs, atol=0.05)


def test_bodies_move_as_those_of_rebound() -> None:
    rebound = pytest.importorskip("rebound", reason="needs the extra `oracles`: rebound")
    config = NBodyConfig(gravity=1e3, dt=1e-4)
    mass = [5.0, 2.0, 8.0]
    places = np.array([[0.0, 0.0], [60.0, 5.0], [-20.0, 70.0]])
    speeds = np.array([[1.0, 2.0], [-8.0, 3.0], [4.0, -6.0]])
    ours = simulate(system(config), bodies(config, mass, places, speeds), 20_000)
    sim = rebound.Simulation()
    sim.G = config.gravity
    for m, (x, y), (vx, vy) in zip(mass, places, speeds, strict=True):
        sim.add(m=m, x=x, y=y, vx=vx, vy=vy)
    sim.integrate(20_000 * config.dt)
    theirs = np.array([[p.x, p.y] for p in sim.particles])
    assert np.linalg.norm(theirs - places, axis=1).min() > 2.0
    np.testing.assert_allclose(ours.position[0, -1], theirs, atol=5e-3)
