"""What is said of roll-outs, where it is known what must be said."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from genkit.data.physics.contact import gap
from genkit.models.interaction_network import rollouts
from genkit.models.interaction_network.feed import told
from genkit.models.interaction_network.marshalling import gaps, gathered
from genkit.models.interaction_network.proofs import drawn
from genkit.models.interaction_network.rollouts import Rolled
from tests.densities import array
from tests.physics import NETWORKS


def perfect(tiny: str) -> tuple[Any, Rolled]:
    """A learner, and roll-outs that are what happens."""
    learner = NETWORKS.learner(tiny)
    truth = learner.split("test")
    times = learner.section.dt * np.arange(truth.steps + 1)[:, None, None]
    constant = truth.position[:, :1] + times * truth.velocity[:, :1]
    return learner, Rolled(truth, truth.position.copy(), truth.velocity.copy(), constant)


@pytest.mark.parametrize("tiny", ["nbody", "balls", "string"])
def test_what_happens_has_no_error(tiny: str) -> None:
    learner, found = perfect(tiny)
    rows = rollouts.horizon(learner, found)
    assert all(row["position_error"] == 0 and row["diverged"] == 0 for row in rows)
    assert all(row["energy_change"] == row["true_energy_change"] for row in rows)
    first = found.truth.velocity[:, 1] - found.truth.velocity[:, 0]
    moving = found.truth.scenes.graph.moving
    wanted = learner.section.dt * np.linalg.norm(first[:, moving].astype(float), axis=-1).mean()
    np.testing.assert_allclose(rows[0]["constant"], wanted, rtol=0.2, atol=2e-6)


def test_errors_are_distances() -> None:
    learner, found = perfect("nbody")
    moved = replace(found, position=found.position + np.float32([3.0, 4.0]))
    rows = rollouts.horizon(learner, moved)
    np.testing.assert_allclose([row["position_error"] for row in rows], 5.0, rtol=1e-5)
    names = rollouts.metrics(rows)
    assert names["position_error_10"] == pytest.approx(5.0)


def test_scenes_that_are_lost_are_counted_and_left_out() -> None:
    learner, found = perfect("nbody")
    position = found.position.copy()
    position[0, 5:] = np.nan
    position[1, 5:] += 1e6
    lost = replace(found, position=position)
    np.testing.assert_array_equal(rollouts.diverged(lost, 12), [True, True, False])
    last = rollouts.horizon(learner, lost)[-1]
    assert last["diverged"] == pytest.approx(2 / 3)
    assert last["position_error"] == 0.0
    position[2, 5:] = np.inf
    names = rollouts.metrics(rollouts.horizon(learner, lost))
    assert "position_error_10" not in names
    assert names["diverged_share"] == 1.0


def test_twice_the_speed_is_four_times_the_energy() -> None:
    learner, found = perfect("balls")
    fast = replace(found, velocity=2 * found.velocity)
    change = rollouts.energy_change(learner, fast, 0, own=True)
    np.testing.assert_allclose(change, 3.0, rtol=1e-5)


def test_balls_in_walls_are_measured() -> None:
    learner, found = perfect("balls")
    position = found.position.copy()
    radius = found.truth.scenes.attributes[:, 0, 1]
    position[:, :, 0] = 5.0
    position[:, :, 0, 0] = (radius - 0.2)[:, None]
    position[:, :, 1] = [5.0, 2.5]
    deep = rollouts.penetration(learner, replace(found, position=position))
    np.testing.assert_allclose(deep["wall_penetration"], 0.1, rtol=1e-4)  # one ball of two
    assert deep["wall_penetration_share"] == 0.5
    assert deep["true_wall_penetration"] < 0.01


@pytest.mark.backends
@pytest.mark.parametrize("tiny", ["balls", "string"])
def test_gaps_are_those_of_the_simulation(tiny: str) -> None:
    learner = NETWORKS.learner(tiny)
    scenes = drawn(learner)
    section, graph = learner.section, scenes.graph
    given = gathered(told(scenes), graph.senders)
    away = given["sender_position"] - given["position"][..., None, :]
    found = array(gaps(given, away, section))
    x, r = scenes.position, scenes.attributes[..., section.attributes.index("radius")]
    for b, i, k in np.ndindex(found.shape):
        j = graph.senders[i, k]
        wanted = np.linalg.norm(x[b, j] - x[b, i]) - r[b, i] - r[b, j]
        if tiny == "balls" and j >= 2:
            normal = scenes.attributes[b, j, 2:]
            wanted = (x[b, i] - x[b, j]) @ normal - r[b, i]
        touches = tiny == "balls" or scenes.relations[b, i, k, 2] > 0
        wanted = wanted * graph.mask[i, k] if touches else 0.0
        np.testing.assert_allclose(found[b, i, k], wanted, rtol=1e-4, atol=1e-4)


def test_a_wall_goes_on_beyond_its_middle() -> None:
    away, wall = np.array([-3.0, 40.0]), np.array([1.0, 0.0])
    assert gap(np, away, 0.5, 0.0, wall) == pytest.approx(2.5)


@pytest.mark.parametrize("tiny", ["nbody", "balls"])
def test_previews_show_scenes(tiny: str) -> None:
    (found,) = NETWORKS.learner(tiny).preview(2, 0)
    assert found.samples.shape[:2] == (2, 13)
    assert found.preview().startswith(b"\x89PNG")
    assert NETWORKS.learner("energy").preview(2, 0) == []
