"""Simulations against closed forms and laws of conservation."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from genkit.data.physics.config import BallsConfig, NBodyConfig, StringConfig
from genkit.data.physics.contact import gap
from genkit.data.physics.graph import graph
from genkit.data.physics.scenes import Scenes, kinetic
from genkit.data.physics.simulate import simulate
from genkit.data.physics.systems import system
from tests.data.physics.placing import balls, bodies, cast, drawn, momentum

CONFIGS = [NBodyConfig(bodies=4), BallsConfig(balls=3), StringConfig(masses=5)]


def energies(config: Any, scenes: Scenes, steps: int) -> tuple[np.ndarray, np.ndarray]:
    """Of first and last states."""
    made, found = system(config), simulate(system(config), scenes, steps)
    first, last = (
        kinetic(config, state) + made.potential(state)
        for state in (found.state(0), found.state(steps))
    )
    return first, last


def test_a_light_body_goes_around_a_heavy_one_in_a_circle() -> None:
    config = NBodyConfig(dt=1e-4)
    distance, mass = 50.0, 100.0
    speed = np.sqrt(config.gravity * mass / distance)
    scenes = bodies(config, [mass, 1e-6], [[0, 0], [distance, 0]], [[0, 0], [0, speed]])
    period = 2 * np.pi * distance / speed
    steps = round(period / config.dt)
    found = simulate(system(config), scenes, steps)
    radii = np.linalg.norm(found.position[0, :, 1] - found.position[0, :, 0], axis=-1)
    np.testing.assert_allclose(radii, distance, rtol=2e-3)
    np.testing.assert_allclose(found.position[0, -1, 1], [distance, 0], atol=0.3)
    opposite = found.position[0, steps // 2, 1]
    np.testing.assert_allclose(opposite, [-distance, 0], atol=0.3)


def test_attraction_of_two_bodies() -> None:
    config = NBodyConfig()
    scenes = bodies(config, [3.0, 5.0], [[0, 0], [20, 0]], np.zeros((2, 2)))
    step = system(config).step(scenes)
    pull = config.gravity / 20.0**2 * config.dt
    np.testing.assert_allclose(step.velocity[0], [[5 * pull, 0], [-3 * pull, 0]])
    np.testing.assert_allclose(
        system(config).potential(scenes), -config.gravity * 3 * 5 / 20.0, rtol=1e-6
    )


def test_within_the_least_distance_the_force_is_that_of_the_potential() -> None:
    config, made = NBodyConfig(), system(NBodyConfig())

    def potential(x: float) -> float:
        return float(made.potential(bodies(config, [2, 3], [[0, 0], [x, 0]], np.zeros((2, 2))))[0])

    for x in (2.0, 7.0, 9.99, 10.01, 40.0):
        scenes = bodies(config, [2, 3], [[0, 0], [x, 0]], np.zeros((2, 2)))
        force = 3 * float(made.step(scenes).velocity[0, 1, 0]) / config.dt
        slope = (potential(x + 1e-3) - potential(x - 1e-3)) / 2e-3
        np.testing.assert_allclose(force, -slope, rtol=1e-4)


def test_gravity_conserves_energy_and_momentum() -> None:
    config = NBodyConfig(bodies=4)
    scenes = drawn(config)
    before, after = energies(config, scenes, 500)
    np.testing.assert_allclose(after, before, rtol=0.1)
    assert np.median(np.abs(after / before - 1)) < 0.01
    found = simulate(system(config), scenes, 500)
    moved = momentum(config, found.state(500)) - momentum(config, found.state(0))
    assert np.abs(moved).max() < 1e-2


def test_half_of_the_scenes_are_orbits_about_a_heavy_body() -> None:
    config = NBodyConfig()
    scenes = drawn(config, 8)
    heavy = scenes.attributes[:, 0, 0] == config.central_mass
    assert heavy.sum() == 4
    orbits = scenes.rows(np.flatnonzero(heavy))
    away = orbits.position[:, 1:]
    assert np.abs((away * orbits.velocity[:, 1:]).sum(axis=-1)).max() < 1e-6
    fast = np.square(orbits.velocity[:, 1:]).sum(axis=-1) * np.linalg.norm(away, axis=-1)
    np.testing.assert_allclose(fast, config.gravity * config.central_mass, rtol=1e-9)


@pytest.mark.parametrize("bounce", [1.0, 0.5])
def test_two_balls_meet_head_on(bounce: float) -> None:
    config = BallsConfig()
    scenes = balls(config, [1, 3], [[4, 5], [4.99, 5]], [[2, 0], [-1, 0]], bounce)
    step = system(config).step(scenes)
    u, v = step.velocity[0, :2, 0]
    np.testing.assert_allclose(v - u, bounce * 3.0)  # Newton's law of restitution
    np.testing.assert_allclose(u + 3 * v, 2 - 3)
    assert step.hits[0, :2].all()
    assert not step.velocity[0, :2, 1].any()


def test_balls_that_part_or_do_not_touch_fly_on() -> None:
    config = BallsConfig()
    for places, speeds in (
        ([[4, 5], [4.99, 5]], [[-1, 0], [1, 0]]),
        ([[4, 5], [5.01, 5]], [[2, 0], [-1, 0]]),
    ):
        scenes = balls(config, [1, 1], places, speeds, 1.0)
        step = system(config).step(scenes)
        np.testing.assert_array_equal(step.velocity[0, :2], speeds)
        assert not step.hits.any()
        assert step.near[0, :2].all()


@pytest.mark.parametrize(
    ("place", "speed", "after"),
    [
        ([0.49, 5], [-3, 1], [1.5, 1]),
        ([9.51, 5], [3, 1], [-1.5, 1]),
        ([5, 0.49], [1, -3], [1, 1.5]),
        ([5, 9.51], [1, 3], [1, -1.5]),
    ],
)
def test_a_ball_is_thrown_back_by_each_wall(place: Any, speed: Any, after: Any) -> None:
    config = BallsConfig()
    scenes = balls(config, [2.0], [place], [speed], 0.5)
    step = system(config).step(scenes)
    np.testing.assert_allclose(step.velocity[0, 0], after)
    np.testing.assert_array_equal(step.velocity[0, 1:], 0.0)  # walls stay


def test_elastic_balls_keep_their_energy_and_stay_in_the_box() -> None:
    config = BallsConfig(balls=5, restitutions=[1.0, 1.0])
    scenes = drawn(config)
    before, after = energies(config, scenes, 800)
    np.testing.assert_allclose(after, before, rtol=1e-5)
    found = simulate(system(config), scenes, 800)
    inside = found.position[:, :, scenes.graph.moving]
    assert inside.min() > -0.1
    assert inside.max() < config.side + 0.1
    assert found.hits.any()


def test_balls_begin_apart() -> None:
    config = BallsConfig(balls=9)
    scenes = drawn(config, 12)
    away = scenes.position[:, scenes.graph.senders] - scenes.position[:, :, None]
    radius = scenes.attributes[..., 1].astype(float)
    wall = scenes.attributes[..., 2:].astype(float)[:, scenes.graph.senders]
    gaps = gap(np, away, radius[..., None], radius[:, scenes.graph.senders], wall)
    assert gaps[:, scenes.graph.mask > 0].min() > 0
    np.testing.assert_array_equal(scenes.relations[:, 0, 0], scenes.relations[:, 1, 0])


def test_a_mass_on_a_spring_swings_with_its_period() -> None:
    config = StringConfig(masses=2, dt=1e-4, gravity=0.0)
    scenes = drawn(config, 1)
    stiffness, rest = (float(x) for x in scenes.relations[0, 1, 0, :2])
    mass = float(scenes.attributes[0, 1, 0])
    place, speed = np.zeros_like(scenes.position), np.zeros_like(scenes.velocity)
    place[0, 1, 0], place[0, 2, 1] = 1.1 * rest, -50.0
    found = simulate(system(config), scenes.at(place, speed), 4_000)
    stretch = found.position[0, :, 1, 0] - rest
    times = config.dt * np.arange(4_001)
    wanted = 0.1 * rest * np.cos(np.sqrt(stiffness / mass) * times)
    np.testing.assert_allclose(stretch, wanted, atol=0.004 * rest)


@pytest.mark.parametrize(("pinned", "ends"), [("none", []), ("first", [0]), ("both", [0, 4])])
def test_pinned_ends_stay_and_the_others_fall(pinned: Any, ends: list[int]) -> None:
    config = StringConfig(masses=5, pinned=pinned)
    scenes = drawn(config, 3)
    found = simulate(system(config), scenes, 100)
    moved = np.abs(found.position[:, -1] - found.position[:, 0]).max(axis=(0, 2))
    still = [*ends, 5]
    assert (moved[still] == 0).all()
    assert (np.delete(moved, still) > 0).all()
    np.testing.assert_array_equal(np.flatnonzero(scenes.graph.static), still)


def test_a_free_string_falls_as_a_stone_does() -> None:
    config = StringConfig(masses=4, pinned="none")
    scenes = drawn(config, 3)
    far = scenes.position.copy()
    far[:, 4] = [100.0, 100.0]
    found = simulate(system(config), scenes.at(far, scenes.velocity), 200)
    before, after = (momentum(config, found.state(step)) for step in (0, 200))
    mass = scenes.attributes[:, :4, 0].sum(axis=1)
    np.testing.assert_allclose(after[:, 0], before[:, 0], atol=1e-4)
    np.testing.assert_allclose(after[:, 1] - before[:, 1], -9.8 * 0.2 * mass, rtol=1e-3)


def test_a_string_keeps_its_energy_where_it_meets_nothing() -> None:
    config = StringConfig(masses=6, pinned="first")
    scenes = drawn(config)
    far = scenes.position.copy()
    far[:, 6] = [100.0, 100.0]
    before, after = energies(config, scenes.at(far, scenes.velocity), 500)
    scale = kinetic(config, scenes) + 9.8 * 6 * 0.1  # joules that are about
    assert (np.abs(after - before) / scale).max() < 0.05


def test_masses_are_thrown_back_by_the_disc() -> None:
    config = StringConfig()
    found = simulate(system(config), drawn(config, 12), 1_000)
    assert found.hits.any()
    scenes = found.scenes
    disc, own = scenes.attributes[:, -1, 1], config.radius
    away = np.linalg.norm(found.position[:, :, :-1] - found.position[:, :, -1:], axis=-1)
    deep = (disc[:, None, None] + own) - away
    assert deep.max() < 0.1  # metres, of a disc of 0.3 to 0.6


@pytest.mark.parametrize("config", CONFIGS)
def test_scenes_are_functions_of_seed_and_number(config: Any) -> None:
    made, wanted = system(config), cast(config, 5)
    whole = made.draw(wanted, "test", range(5), 3)
    part = made.draw(wanted, "test", [4, 1], 3)
    for name in ("attributes", "relations", "effects", "position", "velocity"):
        np.testing.assert_array_equal(getattr(part, name), getattr(whole, name)[[4, 1]])
    other = made.draw(wanted, "test", range(5), 4)
    assert not np.array_equal(other.velocity, whole.velocity)


@pytest.mark.parametrize("config", CONFIGS)
def test_many_scenes_at_once_are_what_each_is_alone(config: Any) -> None:
    scenes = drawn(config, 4)
    whole = simulate(system(config), scenes, 30)
    alone = simulate(system(config), scenes.rows(slice(2, 3)), 30)
    np.testing.assert_array_equal(whole.position[2], alone.position[0])
    np.testing.assert_array_equal(whole.hits[2], alone.hits[0])


@pytest.mark.parametrize("config", CONFIGS)
def test_a_step_is_one_of_symplectic_euler(config: Any) -> None:
    found = simulate(system(config), drawn(config, 3), 20)
    moved = np.diff(found.position.astype(float), axis=1)
    np.testing.assert_allclose(moved, config.dt * found.velocity[:, 1:], atol=2e-5)


def test_degrees_of_graphs_are_as_told() -> None:
    for config in CONFIGS:
        layout = system(config).graph(cast(config))
        assert layout.senders.shape[1] == config.degree(config.object_count())
        assert len(layout) == config.object_count() + config.statics


def test_a_graph_lists_relations_by_receiver() -> None:
    found = graph([(0, 2), (2, 1), (0, 1)], [False, False, True])
    np.testing.assert_array_equal(found.senders, [[2, 1], [0, 0], [1, 0]])
    np.testing.assert_array_equal(found.mask, [[1, 1], [0, 0], [1, 0]])
    np.testing.assert_array_equal(found.moving, [0, 1])
