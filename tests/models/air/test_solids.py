"""AIR with a renderer: choices, poses, comparisons with the truth, labels."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import pytest
from keras import ops

from genkit import backend
from genkit.data.scenes.solids import AZIMUTH, POSES
from genkit.errors import RecipeError
from genkit.family import EvaluationRequest, SampleSettings
from genkit.models.air import objective
from genkit.models.air.solids import objective as choices
from genkit.models.air.solids.comparing import compare, summary
from genkit.models.air.solids.explained import ExplainedSolids, turn_errors
from genkit.progress import SILENT
from genkit.randomness import Noise
from genkit.recipe import from_mapping
from genkit.rendering.solids import CUBE, CYLINDER, SPHERE
from genkit.sampling.driver import sample_tile
from tests import scenes
from tests.densities import array
from tests.scenes import TINY

ONE = {
    "model": {"slots": 1, "renderer": {"supervised": True, "camera": False}},
    "data": {"counts": [1], "turn": 0.0},
}


def tensor(x: Any) -> Any:
    return ops.convert_to_tensor(np.asarray(x, np.float32))


def test_turns_are_compared_modulo_the_symmetry_of_the_shape() -> None:
    shapes = np.array([CUBE, CUBE, CYLINDER, CYLINDER, SPHERE])
    found = np.deg2rad([100.0, 45.0, 170.0, 90.0, 10.0])
    errors = turn_errors(found, np.zeros(5), shapes)
    np.testing.assert_allclose(errors, [10, 45, 10, 90, np.nan], atol=1e-6)


def explained(poses: Any, shapes: Any, counts: Any) -> ExplainedSolids:
    poses, shapes, counts = np.asarray(poses, float), np.asarray(shapes), np.asarray(counts)
    return ExplainedSolids(
        chances=np.ones(shapes.shape),
        counts=counts,
        canvas=np.zeros((len(counts), 4, 4, 1)),
        shapes=shapes,
        shape_chances=np.ones((*shapes.shape, 3)) / 3,
        poses=poses,
        azimuth=np.deg2rad(np.full(len(counts), 359.0)),
    )


def test_solids_are_paired_by_place() -> None:
    truth = {
        "count": np.array([2, 1]),
        "label": np.array([[SPHERE, CUBE], [CYLINDER, -1]]),
        POSES: np.array([[[0.5, 0.5, 0], [-0.5, 0, 0.2]], [[0, 0, 1.0], [0, 0, 0]]]),
        AZIMUTH: np.deg2rad([2.0, 2.0]),
    }
    # The first picture in another order, a wrong shape; the second far away.
    poses = [[[-0.5, 0.1, 0.2 + np.pi / 2], [0.5, 0.5, 1]], [[0.9, 0.9, 1], [0, 0, 0]]]
    found = compare(truth, explained(poses, [[CUBE, CUBE], [CYLINDER, 0]], [2, 1]))
    np.testing.assert_allclose(np.sort(found["place"])[:2], [0, 0.1], atol=1e-6)
    metrics = summary(found, camera=True)
    assert metrics["shape_accuracy"] == pytest.approx(1 / 3)
    assert metrics["found_share"] == pytest.approx(2 / 3)
    assert metrics["invented_per_image"] == 0.5
    assert metrics["turn_error_degrees"] == pytest.approx(0.0, abs=1e-4)
    assert metrics["camera_error_degrees"] == pytest.approx(3.0, abs=1e-4)


def test_a_far_solid_keeps_no_two_near_ones_apart() -> None:
    truth = {
        "count": np.array([2]),
        "label": np.array([[CUBE, CUBE]]),
        POSES: np.array([[[0.0, 0, 0], [0.9, 0, 0]]]),
        AZIMUTH: np.zeros(1),
    }
    found = compare(truth, explained([[[0.1, 0, 0], [-0.9, 0, 0]]], [[CUBE, CUBE]], [2]))
    assert summary(found, False)["found_share"] == 0.5
    assert summary(found, False)["invented_per_image"] == 1.0


def test_nothing_there_and_nothing_found() -> None:
    truth = {
        "count": np.array([0]), "label": np.full((1, 1), -1), POSES: np.zeros((1, 1, 3)),
        AZIMUTH: np.zeros(1),
    }  # fmt: skip
    found = compare(truth, explained(np.zeros((1, 1, 3)), [[0]], [0]))
    assert summary(found, False) == {"invented_per_image": 0.0}


@pytest.mark.backends
@pytest.mark.parametrize("temperature", [1.0, 5.0])
def test_the_mean_gradient_of_choices_is_the_exact_one(temperature: float) -> None:
    """One solid, whose presence and shape decide a table of likelihoods: over all outcomes."""
    presence, shapes = np.array([0.3], np.float32), np.array([0.5, -0.2, 0.1], np.float32)
    table = {None: -2.0, 0: 1.0, 1: -0.5, 2: 0.4}
    pose_costs = np.array([0.2, 0.7, 0.1], np.float32)
    prior = tensor([-0.4])
    theta = np.concatenate([presence, shapes])

    def parts_of(logits: Any, there: int, shape: int) -> tuple[dict[str, Any], dict[str, Any]]:
        found = {
            "presence_logits": logits[None, :1],
            "presence": tensor([[there]]),
            "alive": tensor([[there]]),
            "shape_logits": logits[None, None, 1:],
            "shape": ops.convert_to_tensor(np.array([[shape]], np.int32)),
        }
        known = table[shape if there else None]
        kl = objective.bernoulli_kl(found["presence_logits"], prior)
        parts = {
            "log_likelihood": tensor([known]),
            "presence_kl": kl,
            "where_kl": tensor([[there * pose_costs[shape]]]),
            "what_kl": found["alive"] * choices.shape_kl(found["shape_logits"]),
        }
        return found, choices.tempered(parts, temperature)

    def chance(there: int, shape: int, at: np.ndarray) -> float:
        q = 1 / (1 + np.exp(-at[0]))
        p = np.exp(at[1:]) / np.exp(at[1:]).sum()
        return float((q if there else 1 - q) * p[shape])

    def expected(at: np.ndarray) -> float:
        total = 0.0
        for there, shape in product((0, 1), range(3)):
            _, found = parts_of(tensor(at), there, shape)
            total += chance(there, shape, at) * float(array(objective.bound(found))[0])
        return total

    total = np.zeros(4)
    for there, shape in product((0, 1), range(3)):

        def gain(logits: Any, there: int = there, shape: int = shape) -> Any:
            found, parts = parts_of(logits, there, shape)
            presences = objective.scores(parts) - 0.3  # whatever is subtracted
            shape_scores = choices.shape_scores(parts) + 0.8
            surrogate = choices.surrogate(found, presences, shape_scores)
            return ops.sum(objective.bound(parts) + surrogate)

        total += chance(there, shape, theta.astype(float)) * array(
            backend.input_gradient(gain, theta)
        )
    steps = 1e-2 * np.eye(4)
    wanted = [(expected(theta + s) - expected(theta - s)) / 2e-2 for s in steps]
    np.testing.assert_allclose(total, wanted, atol=2e-3)


def test_what_choices_cost_weighs_more_while_it_is_hot() -> None:
    """At chances proportional to exp(gain / temperature) the tempered bound is at its highest."""
    gains, heat = np.array([30.0, -10.0, 5.0]), 20.0
    logits = gains / heat

    def bound(at: np.ndarray) -> float:
        q = np.exp(at) / np.exp(at).sum()
        cost = float(array(choices.shape_kl(tensor(at[None].astype(np.float32))))[0])
        parts = {"presence_kl": 0.0, "what_kl": cost, "where_kl": 0.0}
        return float(q @ gains) - choices.tempered(parts, heat)["what_kl"]

    steps = 1e-1 * np.eye(3)
    slopes = [(bound(logits + s) - bound(logits - s)) / 2e-1 for s in steps]
    np.testing.assert_allclose(slopes, 0.0, atol=2e-2)


@pytest.mark.backends
def test_the_baseline_of_a_draw_is_the_mean_of_the_others() -> None:
    scores = np.arange(12, dtype=np.float32).reshape(6, 2) ** 2  # 3 draws of 2 pictures
    found = array(choices.less_the_others(tensor(scores), 3))
    for draw, picture in product(range(3), range(2)):
        others = [scores[k * 2 + picture] for k in range(3) if k != draw]
        row = draw * 2 + picture
        np.testing.assert_allclose(found[row], scores[row] - np.mean(others, axis=0))


def test_draws_of_a_picture_lie_in_the_rows_that_the_baseline_expects() -> None:
    learner = scenes.learner("solids")
    count, slots = 3, 2
    batch = {
        "presence": np.arange(2 * count * slots, dtype=np.float32).reshape(2, -1),
        "shape": np.zeros((2, count * slots), np.float32),
        "pose": np.zeros((2, count * slots * 3), np.float32),
        "azimuth": np.arange(2 * count, dtype=np.float32).reshape(2, -1),
    }
    found = {name: array(x) for name, x in learner._several(batch).items()}
    np.testing.assert_array_equal(found["azimuth"], [0, 3, 1, 4, 2, 5])
    np.testing.assert_array_equal(found["presence"][:2], [[0, 1], [6, 7]])
    assert found["pose"].shape == (6, 2, 3)


def test_labels_teach_shapes_and_poses() -> None:
    learner = scenes.fresh(
        "solids", **ONE, train={"learning_rate": 5e-3, "batch_size": 32}
    )  # fmt: skip
    feed = learner.feed("train", 0)
    losses = [float(array(learner.update(feed.batch(k), Noise(0, k))["loss"])) for k in range(60)]
    assert np.mean(losses[-10:]) < 0.9 * np.mean(losses[:10])
    metrics = learner.evaluate(EvaluationRequest("test"), SILENT).metrics
    assert metrics["count_accuracy"] == 1.0  # of one solid it is certain that it is there
    assert learner.monitor.metric == "label_loss"
    assert "elbo_nats_per_image" not in metrics
    assert 0 < metrics["label_loss"] < np.mean(losses[:10])


def test_scores_and_samples_of_solids() -> None:
    learner = scenes.learner("solids")
    rows = list(learner.score("test", 3, SILENT))
    assert {"index", "count", "chances", "solids", "azimuth", "elbo_nats"} == set(rows[0])
    assert all(len(row["solids"]) == row["count"] for row in rows)
    generator = learner.generator(SampleSettings(tile=3))
    (found,) = sample_tile(generator, 0, range(3), [{"count": str(n)} for n in (0, 1, 2)])
    assert found.samples.shape == (3, 10, 10, 1)
    assert (found.samples[0] == found.samples[0].max()).any()
    assert found.box[1, 1:].max() == 0
    (figure,) = learner.preview(4, 0)
    assert figure.png[:4] == b"\x89PNG"


@pytest.mark.parametrize(
    ("sections", "says"),
    [
        ({"data": {"name": "multi_digits"}}, "a renderer needs the scenes 'solids'"),
        ({"model": {"estimator": "nvil"}}, "takes neither the estimator nvil"),
        ({"model": {"renderer": {"supervised": True}}}, "learns of scenes with one solid"),
        ({"model": {"renderer": {"particles": 1}}}, "model.renderer.particles"),
        ({"model": {"renderer": {"camera": False}}}, "must be true where data.turn turns it"),
        ({"data": {"turn": 0.0}}, "must be true where data.turn turns it"),
        ({"model": {"presence": {"name": "certain"}}}, "certain needs data.counts"),
        ({"train": {"precision": "bfloat16"}}, "must be float32"),
    ],
)
def test_recipes_that_make_no_sense(sections: dict[str, Any], says: str) -> None:
    elsewhere = "name" in sections.get("data", {})
    given = {**TINY["solids"], **sections}
    whole = {"family": "air", "model": {"renderer": {}}, **sections}
    values = whole if elsewhere else {
        "family": "air",
        **{key: {**TINY["solids"].get(key, {}), **given[key]} for key in given},
    }  # fmt: skip
    with pytest.raises(RecipeError) as caught:
        from_mapping(values, "x")
    assert says in str(caught.value)


def test_poses_are_found_by_search_too() -> None:
    learner = scenes.learner("solids", **ONE, eval={"optimise": 2})
    found = learner.evaluate(EvaluationRequest("test", 4), SILENT).tables["optimised"][0]
    assert found["images"] == 2
    assert found["place_error"] < 0.1
    assert found["seconds_per_image"] > 0
