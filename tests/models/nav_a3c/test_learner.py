"""Nav A3C in the learner: memory, targets that stay out of acting, labels, what is measured."""

from __future__ import annotations

from contextlib import closing
from typing import Any

import numpy as np
import pytest

from genkit.conformance.learner import learner_checks
from genkit.conformance.weights import randomise
from genkit.errors import RecipeError
from genkit.family import EvaluationRequest
from genkit.models.agents.config import outlook, parameter_count
from genkit.progress import SILENT
from genkit.randomness import Noise
from genkit.recipe import from_mapping
from genkit.rl.loops import LoopLabels
from tests.densities import array
from tests.tiny import Tiny

NAV = Tiny("nav_a3c", "stacked")
ON_BOTH = [
    pytest.param(tiny, marks=pytest.mark.backends if tiny == "stacked" else ())
    for tiny in NAV.sections
]


@pytest.mark.parametrize("tiny", ON_BOTH)
def test_every_check_passes(tiny: str) -> None:
    learner = NAV.learner(tiny)
    found = {c.name: (c.run(), c.limit) for c in learner.checks()}
    if tiny == NAV.default:
        found |= {c.name: (c.run(), c.limit) for c in learner_checks(NAV.recipe(), learner)}
    assert found
    assert {name: pair for name, pair in found.items() if not pair[0] <= pair[1]} == {}


@pytest.mark.parametrize("tiny", NAV.sections)
def test_parameters_are_counted_in_closed_form(tiny: str) -> None:
    recipe, learner = NAV.recipe(tiny), NAV.learner(tiny)
    count = sum(int(np.prod(w.shape)) for w in learner.steps["training"].weights)
    assert parameter_count(recipe.model, recipe.data.layout(), recipe.data.action_count()) == count
    assert outlook(recipe)["parameters"] == count


@pytest.mark.backends
def test_auxiliary_targets_stay_out_of_acting() -> None:
    """Policy, value and memory are the same whatever depth, place and loops are."""
    learner = NAV.fresh()
    randomise(learner.network.trainable_variables, 0)
    with closing(learner.feed("train", 0)) as feed:
        found = feed.batch(0)["experience"]
    draw = np.random.default_rng(0)
    seen = {name: array(x) for name, x in found["observation"].items()}
    other = {name: draw.permuted(x.reshape(-1)).reshape(x.shape) for name, x in seen.items()}
    kept = {name: seen[name] for name in learner.config.inputs()}
    assert set(kept) == {"image", "velocity"}
    one = learner.unrolled({**found, "observation": seen})
    two = learner.unrolled({**found, "observation": {**other, **kept}, "loop": 1 - found["loop"]})
    for name in ("logits", "values", "state", "features"):
        np.testing.assert_array_equal(array(getattr(one, name)), array(getattr(two, name)))
    # And what does go in counts.
    for name in kept:
        changed = learner.unrolled({**found, "observation": {**seen, name: other[name]}})
        assert np.abs(array(changed.logits) - array(one.logits)).max() > 0


def test_the_first_lstm_is_told_the_reward_and_the_second_action_and_velocity() -> None:
    learner = NAV.fresh()
    randomise(learner.network.trainable_variables, 0)
    network, draw = learner.network, np.random.default_rng(0)
    frames = draw.normal(size=(3, network.frames_width)).astype(np.float32)
    state = draw.normal(size=(3, network.state_width)).astype(np.float32)
    told = {
        "velocity": draw.normal(size=(3, 6)).astype(np.float32),
        "action": np.array([0, 1, 2], np.int32),
        "reward": np.zeros(3, np.float32),
    }

    def after(**changed: Any) -> np.ndarray:
        now = {**told, **changed}
        seen = {"velocity": now["velocity"]}
        return array(network.remember_step(frames, seen, now["action"], now["reward"], state)[1])

    own, early = after(), 2 * learner.config.stacked
    assert own.shape == (3, 2 * (3 + 5))
    assert np.any(after(reward=np.ones(3, np.float32))[:, :early] != own[:, :early])
    for name, value in (("velocity", told["velocity"] + 1), ("action", told["action"] + 1)):
        changed = after(**{name: value})
        np.testing.assert_array_equal(changed[:, :early], own[:, :early])
        assert np.any(changed[:, early:] != own[:, early:])


def test_bins_of_depth_are_of_what_random_play_sees() -> None:
    learner = NAV.fresh()
    depth = next(head for head in learner.heads if head.name == "depth-1")
    with closing(learner.feed("train", 0)) as feed:
        assert not depth.calibrated  # a run that goes on brings its own
        seen = [feed.batch(k)["experience"]["observation"]["depth"] for k in range(8)]
    assert depth.calibrated
    edges = array(learner.networks["depth_1"].edges)
    cells = np.concatenate([array(depth.reduced(x)).ravel() for x in seen])
    shares = np.bincount(np.digitize(cells, edges), minlength=3) / cells.size
    assert (shares > 0.15).all()  # evenly spaced edges leave two of three bins all but empty
    even = np.bincount(np.digitize(cells, [1 / 3, 2 / 3]), minlength=3) / cells.size
    assert even.max() > 0.9
    with closing(learner.feed("train", 1)) as feed:
        feed.batch(0)
    np.testing.assert_array_equal(array(learner.networks["depth_1"].edges), edges)


@pytest.mark.parametrize("tiny", ["stacked", "lstm"])
def test_labels_of_loops_go_on_from_stretch_to_stretch(tiny: str) -> None:
    learner = NAV.fresh(tiny)
    settings = learner.config.loop_closure
    with closing(learner.feed("train", 0)) as feed:
        every = [feed.batch(k)["experience"] for k in range(16)]
    seen = np.concatenate([array(e["observation"][settings.source])[:-1] for e in every])
    first = np.concatenate([array(e["first"])[:-1] for e in every]).astype(bool)
    reward = np.concatenate([array(e["reward"]) for e in every])
    moved = np.concatenate([np.zeros((1, 3), bool), reward[:-1] >= 10]) & ~first
    labels = LoopLabels(3, settings.near, settings.far, settings.source)
    wanted = labels.add(seen, first, moved)
    found = np.concatenate([e["loop"] for e in every])
    np.testing.assert_array_equal(found, wanted)
    assert 0 < wanted.mean() < 1
    assert first[1:].any()


def test_reading_positions_changes_nothing_of_the_agent() -> None:
    """Also where gradients are clipped: those of the decoder are no part of their norm."""
    after = []
    for heads in (["loop-closure"], ["loop-closure", "position"]):
        learner = NAV.fresh(
            model={**NAV.sections["stacked"]["model"], "heads": heads},
            train={"batch_size": 3, "clip_norm": 0.01},
        )
        randomise(learner.network.trainable_variables, 0)
        with closing(learner.feed("train", 0)) as feed:
            batch = feed.batch(0)
        learner.update(batch, Noise(0, 0))
        after.append([array(v) for v in learner.network.variables])
        if "position" in heads:
            moved = array(learner.networks["position"].trainable_variables[0])
            assert np.abs(moved).max() > 0
    for one, two in zip(*after, strict=True):
        np.testing.assert_allclose(one, two, rtol=1e-5, atol=1e-7)


@pytest.mark.backends
def test_an_update_tells_what_every_head_learned() -> None:
    learner = NAV.fresh()
    with closing(learner.feed("train", 0)) as feed:
        found = learner.update(feed.batch(0), Noise(0, 0))
    names = {"depth_1_nats", "depth_1_percent", "depth_2_mse", "loop_nats", "position_nats"}
    assert names <= set(found)
    assert all(np.isfinite(float(array(found[name]))) for name in names)


def test_an_evaluation_tells_latency_loops_and_positions() -> None:
    learner = NAV.fresh()
    found = learner.evaluate(EvaluationRequest(limit=5), SILENT).metrics
    assert {"goal_episodes_percent", "position_percent", "loop_positive_rate"} <= set(found)
    assert 0 <= found["position_percent"] <= 100
    brief = learner.evaluate(EvaluationRequest(limit=3, brief=True), SILENT).metrics
    assert set(brief) == {"mean_return", "mean_length"}


@pytest.mark.parametrize(
    ("tiny", "sections", "says"),
    [
        ("stacked", {"model": {"lstm": 0}}, "needs a second LSTM"),
        ("stacked", {"model": {"previous": ["action"]}}, "are told both, each in its place"),
        ("lstm", {"model": {"convolutions": []}}, "reward-prediction needs convolutions"),
        ("lstm", {"model": {"action_repeat": 2}}, "must be 1 with loop_closure.source velocity"),
    ],
)
def test_recipes_that_make_no_sense(tiny: str, sections: Any, says: str) -> None:
    with pytest.raises(RecipeError, match=says):
        NAV.recipe(tiny, **sections)


def test_an_environment_without_depth_or_rooms() -> None:
    values = {"family": "nav_a3c", "data": {"name": "catch"}, "model": {"heads": ["position"]}}
    with pytest.raises(RecipeError, match="unknown part of the observation 'position'"):
        from_mapping(values, "x")
    with pytest.raises(RecipeError, match="the environment has no rooms"):
        from_mapping(values, "x")
