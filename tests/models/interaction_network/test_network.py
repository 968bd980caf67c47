"""The functions of the paper, element by element, and what its recipe may say."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from keras import ops

from genkit.conformance.weights import random_weights
from genkit.errors import RecipeError
from genkit.models.interaction_network.config import outlook, parameter_count
from genkit.models.interaction_network.feed import constants, told
from genkit.models.interaction_network.network import Layers
from genkit.models.interaction_network.normalisation import measured, percentiles
from genkit.models.interaction_network.proofs import drawn
from genkit.recipe import from_mapping
from tests.densities import array
from tests.physics import NETWORKS


@pytest.mark.parametrize("tiny", NETWORKS.sections)
def test_parameters_are_counted_in_closed_form(tiny: str) -> None:
    recipe, learner = NETWORKS.recipe(tiny), NETWORKS.learner(tiny)
    built = sum(int(np.prod(w.shape)) for w in learner.network.trainable_variables)
    assert parameter_count(recipe.model, recipe.data) == built
    assert outlook(recipe)["parameters"] == built


@pytest.mark.parametrize(
    ("tiny", "sections", "says"),
    [
        ("mlp", {"data": {"other_counts": [5]}}, "an mlp knows scenes of one size only"),
        ("dynamics", {"model": {"task": "energy"}}, "task energy is for kind"),
        ("balls", {"model": {"task": "energy"}}, "'balls' has no potential energy"),
        ("nbody", {"train": {"precision": "bfloat16"}}, "must be float32"),
        ("nbody", {"data": {"masses": [2.0, 1.0]}}, "smaller number first"),
    ],
)
def test_recipes_that_make_no_sense(tiny: str, sections: Any, says: str) -> None:
    with pytest.raises(RecipeError, match=says):
        NETWORKS.recipe(tiny, **sections)


def test_pictures_are_no_physics() -> None:
    with pytest.raises(RecipeError, match="needs physics; 'digits' has none"):
        from_mapping({"family": "interaction_network", "data": {"name": "digits"}}, "x")


def by_hand(layers: Layers, x: np.ndarray) -> np.ndarray:
    """Dense layers in NumPy."""
    for layer in layers.hidden:
        x = np.maximum(x @ array(layer.kernel) + array(layer.bias), 0.0)
    return x @ array(layers.last.kernel) + array(layers.last.bias)


@pytest.mark.backends
@pytest.mark.parametrize("marshal", ["difference", "concatenation"])
def test_velocities_are_those_of_the_paper_edge_by_edge(marshal: str) -> None:
    learner = NETWORKS.fresh("nbody", model={"marshal": marshal})
    network, scenes = learner.network, drawn(learner)
    rough = np.random.default_rng(0)
    scale = {name: (rough.normal(size=2), rough.random(2) + 0.5) for name in
             ("away", "approach", "position", "velocity")}  # fmt: skip
    scale |= {"attributes": (np.array([3.0]), np.array([2.0])),
              "change": (np.zeros(1), np.array([0.7]))}  # fmt: skip
    with random_weights(network.trainable_variables, 0):
        network.normalise(scale)
        found = learner.predict(told(scenes), scenes.graph.senders)["velocity"]

        def norm(name: str, values: Any) -> np.ndarray:
            return np.atleast_1d((values - scale[name][0]) / scale[name][1])

        for b, i in np.ndindex(len(scenes), 3):
            x, v, m = scenes.position[b], scenes.velocity[b], scenes.attributes[b]
            total: Any = 0.0
            for j in range(3):
                if j == i:
                    continue
                masses = [norm("attributes", m[i]), norm("attributes", m[j])]
                if marshal == "difference":
                    state = [norm("away", x[j] - x[i]), norm("approach", v[j] - v[i])]
                else:
                    state = [norm("position", x[i]), norm("position", x[j]),
                             norm("velocity", v[i]), norm("velocity", v[j])]  # fmt: skip
                total = total + by_hand(network.relation, np.concatenate([*masses, *state]))
            own = [norm("velocity", v[i]), norm("attributes", m[i]), total]
            if marshal == "concatenation":
                own.insert(0, norm("position", x[i]))
            change = by_hand(network.object, np.concatenate(own))
            np.testing.assert_allclose(found[b, i], v[i] + 0.7 * change, rtol=1e-3, atol=1e-3)


@pytest.mark.backends
def test_energies_are_of_the_sum_over_objects() -> None:
    learner = NETWORKS.fresh("energy")
    scenes = drawn(learner)
    with random_weights(learner.network.trainable_variables, 0):
        kept: list[Any] = []
        call = learner.network.object.call
        learner.network.object.call = lambda x: kept.append(call(x)) or kept[-1]
        tensors = {name: ops.convert_to_tensor(x) for name, x in told(scenes).items()}
        found = learner._scene_outputs(tensors, scenes.graph.senders)
        wanted = by_hand(learner.network.abstract, array(kept[-1]).sum(axis=1))[:, 0]
        np.testing.assert_allclose(array(found["energy"]), wanted, rtol=1e-4)


def test_difference_inputs_do_not_see_where_a_scene_is() -> None:
    learner = NETWORKS.learner("nbody")
    scenes = drawn(learner)
    moved = scenes.at(scenes.position + np.array([300.0, -20.0]), scenes.velocity)
    first, second = (learner.predict(told(s), s.graph.senders)["out"] for s in (scenes, moved))
    np.testing.assert_allclose(first, second, atol=1e-3)


def test_gaps_are_told_only_where_things_touch() -> None:
    with_gap, without = (NETWORKS.learner("balls", model={"gap": gap}) for gap in (True, False))
    widths = [learner.network.relation.inputs for learner in (with_gap, without)]
    assert widths[0] == widths[1] + 1
    assert NETWORKS.learner("nbody").network.relation.inputs == 6


def test_medians_go_to_nothing_and_percentiles_to_one() -> None:
    values = np.linspace(-3.0, 7.0, 2_001)[:, None]
    (centre,), (scale,) = percentiles(values)
    np.testing.assert_allclose([centre, scale], [2.0, 4.5])
    assert percentiles(np.ones((9, 2)))[1].tolist() == [1.0, 1.0]


def test_scales_are_measured_once_and_kept() -> None:
    learner = NETWORKS.fresh("balls")
    feed = learner.feed("train", 0)
    first = {name: array(x).copy() for name, x in learner.network.scales.items()}
    told = {name: np.asarray(x) for name, x in feed.batch(0).items()}
    found = measured(told, learner.config, learner.section)
    assert {"away", "gap", "attributes", "relations", "change"} <= set(found)
    assert (first["away"] > 1.0).all()
    learner.network.scales["away"].assign([0.25, 0.5])
    learner.feed("train", 1)
    np.testing.assert_allclose(array(learner.network.scales["away"]), [0.25, 0.5])


def test_constants_of_scenes() -> None:
    scenes = drawn(NETWORKS.learner("string"))
    found = constants(scenes)
    assert found["mask"].shape == (3, 4, 3)
    assert found["relations"].shape == (3, 4, 3, 4)
    np.testing.assert_array_equal(found["effects"][:, 1:3, 1], np.float32(-9.8))
