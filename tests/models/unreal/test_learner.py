"""Heads in the learner: losses against plain references, what they learn from, and when."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
import pytest
from keras import ops

from genkit import backend
from genkit.conformance.learner import learner_checks
from genkit.conformance.weights import randomise
from genkit.errors import RecipeError
from genkit.models.agents.config import outlook, parameter_count
from genkit.randomness import Noise
from genkit.rl.heads.base import Learned
from genkit.rl.heads.config import CLASSES, FRAMES
from tests.densities import array
from tests.tiny import Tiny

UNREAL = Tiny("unreal", "maze")
# Compilation takes most of the time: on both backends only what has most parts.
ON_BOTH = [
    pytest.param(tiny, marks=pytest.mark.backends if tiny == "maze" else ())
    for tiny in UNREAL.sections
]
BEFORE = 2  # stretches that are kept before any is replayed


@functools.cache
def ready(tiny: str) -> tuple[Any, Any]:
    """A learner with weights that matter, and a batch with everything in it. Tests share it, as
    it takes long to compile: what they compare an update with is of the weights as they are."""
    return made(tiny)


def made(tiny: str, **sections: Any) -> tuple[Any, Any]:
    """The same, of its own."""
    learner = UNREAL.fresh(tiny, **sections)
    for number, network in enumerate(learner.networks.values()):
        randomise(network.trainable_variables, number)
    feed = learner.feed("train", 0)
    return learner, [feed.batch(k) for k in range(BEFORE + 2)][-1]


def updated(learner: Any, batch: Any) -> dict[str, float]:
    return {name: float(array(x)) for name, x in learner.update(batch, Noise(0, 0)).items()}


@pytest.mark.parametrize("tiny", ON_BOTH)
def test_every_check_passes(tiny: str) -> None:
    learner = UNREAL.learner(tiny)
    found = {c.name: (c.run(), c.limit) for c in learner.checks()}
    if tiny == UNREAL.default:  # it has slow networks to be saved as well
        found |= {c.name: (c.run(), c.limit) for c in learner_checks(UNREAL.recipe(), learner)}
    assert found
    assert {name: pair for name, pair in found.items() if not pair[0] <= pair[1]} == {}


@pytest.mark.parametrize("tiny", UNREAL.sections)
def test_parameters_are_counted_in_closed_form(tiny: str) -> None:
    recipe, learner = UNREAL.recipe(tiny), UNREAL.learner(tiny)
    actions = recipe.data.action_count()
    count = sum(int(np.prod(w.shape)) for w in learner.steps["training"].weights)
    assert parameter_count(recipe.model, recipe.data.layout(), actions) == count
    assert outlook(recipe)["parameters"] == count


@pytest.mark.parametrize("tiny", UNREAL.sections)
def test_the_loss_is_the_weighted_sum_of_all_heads(tiny: str) -> None:
    learner, batch = ready(tiny)
    found, config = updated(learner, batch), learner.config
    wanted = found["policy_loss"] + config.value * found["value_loss"]
    wanted -= config.entropy * config.unroll * found["entropy_nats"]
    terms = {
        "pixel-control": ("pixel_control_loss", config.pixel_control.weight),
        "feature-control": ("feature_control_loss", config.feature_control.weight),
        "reward-prediction": ("reward_prediction_nats", config.reward_prediction.weight),
        "value-replay": ("value_replay_loss", config.value_replay.weight),
        "input-change": ("input_change_loss", config.input_change.weight),
    }
    for head in config.heads:
        if head in terms:
            name, weight = terms[head]
            wanted += weight * found[name]
    if "input-reconstruction" in config.heads:
        pixels = config.unroll + 1
        features = np.zeros((1, learner.network.features_width), np.float32)
        for side in learner.networks["input_reconstruction"](features).shape[1:]:
            pixels *= int(side)
        wanted += config.input_reconstruction.weight * found["reconstruction_mse"] * pixels
    assert found["loss"] == pytest.approx(wanted, rel=1e-4)


def test_without_heads_it_is_the_plain_agent() -> None:
    learner = UNREAL.fresh("maze", model={**UNREAL.sections["maze"]["model"], "heads": []})
    batch = learner.feed("train", 0).batch(0)
    assert set(batch) == {"experience", "figures"}
    assert list(learner.networks) == ["network"]
    assert not {name for name in updated(learner, batch) if "control" in name}


def test_nothing_is_replayed_before_the_replay_is_full() -> None:
    learner = UNREAL.fresh("maze")
    feed = learner.feed("train", 0)
    for k in range(BEFORE + 1):
        batch = feed.batch(k)
        found = updated(learner, batch)
        full = k + 1 >= BEFORE
        assert ("replay" in batch) == full
        assert ("pixel_control_loss" in found) == full


@pytest.mark.backends
def test_pixel_control_learns_from_the_unrolled_state() -> None:
    """The stretch begins with the state that was acted with, and ends with the value of what it
    was unrolled to: step by step, environment by environment."""
    learner, batch = ready("maze")
    found, config = batch["replay"], learner.config.pixel_control
    layer, network, steps = learner.networks["pixel_control"], learner.network, 4
    total = 0.0
    for b in range(3):
        state, values = found["state"][b : b + 1], []
        for t in range(steps + 1):
            if found["first"][t, b]:
                state = np.zeros_like(state)
            told = (found["previous_action"][t, b : b + 1], found["previous_reward"][t, b : b + 1])
            seen = {name: x[t, b : b + 1] for name, x in found["observation"].items()}
            state = array(network.step(seen, *told, state)[2])
            values.append(array(layer(state[:, :5]))[0, :, :, 0].astype(np.float64))
        image = found["observation"]["image"][:, b, 1:-1, 1:-1].astype(np.float64) / 255
        change = np.abs(image[1:] - image[:-1]).reshape(steps, 3, 2, 3, 2, 3).mean(axis=(2, 4, 5))
        ahead = values[-1].max(axis=-1)
        for t in reversed(range(steps)):
            ahead = change[t] + config.discount * ahead
            if found["truncated"][t, b]:
                ahead = values[t].max(axis=-1)
                continue
            taken = values[t][..., found["action"][t, b]]
            total += ((ahead - taken) ** 2).sum() / 3
    assert found["truncated"].any()
    assert updated(learner, batch)["pixel_control_loss"] == pytest.approx(total, rel=1e-3)


@pytest.mark.backends
def test_feature_control_is_rewarded_and_valued_by_the_slow_network() -> None:
    learner, batch = made(
        "maze", model={**UNREAL.sections["maze"]["model"], "feature_control": {"rate": 0.25}}
    )
    slow, slow_layer = (learner.networks[n] for n in ("slow_network", "slow_feature_control"))
    found, discount = batch["replay"], learner.config.feature_control.discount
    seen = slow(
        found["observation"],
        found["previous_action"],
        found["previous_reward"],
        found["first"],
        found["state"],
    )
    maps = array(seen.encoded).reshape(5, 3, *slow.maps_shape).astype(np.float64)
    fast = array(learner.unrolled(found).features)
    total = 0.0
    for b in range(3):
        best = array(slow_layer(array(seen.features)[:, b])).max(axis=-1)
        values = array(learner.networks["feature_control"](fast[:, b]))
        ahead = best[-1]
        for t in reversed(range(4)):
            ahead = maps[t + 1, b] + discount * ahead
            if found["truncated"][t, b]:
                ahead = best[t]
                continue
            total += ((ahead - values[t][..., found["action"][t, b]]) ** 2).sum() / 3
    pairs = [
        (slow, learner.network),
        (slow_layer, learner.networks["feature_control"]),
    ]
    before = [array(v) for one, _ in pairs for v in one.variables]
    ahead_of = [array(v) for _, one in pairs for v in one.variables]
    assert updated(learner, batch)["feature_control_loss"] == pytest.approx(total, rel=1e-3)
    after = [array(v) for one, _ in pairs for v in one.variables]
    for old, goal, new in zip(before, ahead_of, after, strict=True):
        np.testing.assert_allclose(new, old + 0.25 * (goal - old), rtol=1e-5, atol=1e-6)


def test_the_slow_network_begins_as_the_other_and_is_not_trained() -> None:
    learner = UNREAL.fresh("maze")
    slow = learner.networks["slow_network"]
    for behind, ahead in zip(slow.variables, learner.network.variables, strict=True):
        np.testing.assert_array_equal(array(behind), array(ahead))
    trained = {id(v) for v in learner.steps["training"].weights}
    assert not trained & {id(v) for v in slow.variables}
    assert trained >= {id(v) for v in learner.network.trainable_variables}
    assert {name.split("/")[0] for name in learner.variables()} == {*learner.networks, "training"}


@pytest.mark.backends
def test_reward_prediction_is_the_cross_entropy_of_windows() -> None:
    learner, batch = ready("maze")
    windows = batch["windows"]
    image, kind = windows["observation"]["image"], windows["class"]
    assert image.shape[:2] == (FRAMES, 3)
    frames = [array(learner.network.encoded({"image": image[i]})) for i in range(FRAMES)]
    logits = array(learner.networks["reward_prediction"](np.concatenate(frames, axis=1)))
    logits = logits.astype(np.float64)
    chances = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    wanted = -np.log(chances[np.arange(3), kind]).mean()
    assert updated(learner, batch)["reward_prediction_nats"] == pytest.approx(wanted, rel=1e-4)


@pytest.mark.parametrize("tiny", UNREAL.sections)
def test_every_head_shapes_what_the_agent_sees_with(tiny: str) -> None:
    learner, batch = ready(tiny)
    learned = Learned(
        batch["experience"],
        learner.unrolled(batch["experience"]),
        batch["replay"],
        learner.unrolled(batch["replay"]),
        batch.get("windows"),
    )
    for head in learner.heads[1:]:

        def loss(head: Any = head) -> Any:
            fresh = learned._replace(replay_unrolled=learner.unrolled(batch["replay"]))
            return head.loss(fresh)

        _, (gradient,) = backend.gradients(loss, [learner.network.convolutions[0].kernel])
        assert np.abs(array(gradient)).max() > 0, head.name


def test_what_films_show_of_heads() -> None:
    learner, batch = ready("maze")
    found, experience = learner.shown(batch["experience"]), batch["experience"]
    assert {name: x.shape for name, x in found.items()} == {
        "pixel-control": (4, 3, 3, 3),
        "pixel-change": (4, 3, 3, 3),
        "feature-control": (4, 3, 3, 3),
        "features": (4, 3, 3, 3),
        "reward-prediction": (4, 3, len(CLASSES)),
    }
    first = array(experience["first"])
    for t in range(4):
        for b in range(3):
            unknown = t < FRAMES - 1 or first[t - 1 : t + 1, b].any()
            chances = found["reward-prediction"][t, b]
            assert (
                np.isnan(chances).all() if unknown else chances.sum() == pytest.approx(1, abs=1e-5)
            )


@pytest.mark.parametrize(
    ("tiny", "model", "says"),
    [
        ("maze", {"heads": ["pixel-contrl"]}, "Did you mean 'pixel-control'"),
        ("maze", {"heads": ["pixel-control"] * 2}, "names something twice"),
        ("maze", {"replay": {"capacity": 3}}, "must hold a stretch of unroll"),
        ("maze", {"pixel_control": {"cell": 4, "crop": 1}}, "cells of 4 pixels do not fill 6 x 6"),
        ("catch", {"convolutions": []}, "reward-prediction needs convolutions"),
        ("maze", {"sees": ["depth"]}, "pixel-control needs a picture"),
    ],
)
def test_recipes_that_make_no_sense(tiny: str, model: Any, says: str) -> None:
    with pytest.raises(RecipeError, match=says):
        UNREAL.recipe(tiny, model=model)


def test_plain_agents_offer_value_replay_only() -> None:
    with pytest.raises(RecipeError, match="unknown head 'pixel-control'"):
        Tiny("agents", "catch").recipe(model={"heads": ["pixel-control"]})


def test_maps_of_the_network_are_what_it_encodes() -> None:
    learner, batch = ready("maze")
    image = {"image": batch["windows"]["observation"]["image"][0]}
    maps = learner.network.maps(image)
    assert tuple(maps.shape[1:]) == learner.network.maps_shape
    flat = ops.reshape(maps, (maps.shape[0], -1))
    np.testing.assert_array_equal(array(flat), array(learner.network.encoded(image)))
