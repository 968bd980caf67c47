"""Learning: the update against plain references, exact resume, and that agents learn."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from keras import ops

from genkit import backend
from genkit.conformance.learner import learner_checks
from genkit.conformance.weights import randomise
from genkit.errors import RecipeError
from genkit.learning import GradientStep
from genkit.models.agents.config import outlook, parameter_count
from genkit.randomness import Noise
from genkit.recipe import from_mapping
from genkit.state import put_back, snapshot
from tests.agents import AGENTS
from tests.densities import array

# Compilation takes most of the time: on both backends only what has all parts.
ON_BOTH = [
    pytest.param(tiny, marks=pytest.mark.backends if tiny == "maze" else ())
    for tiny in AGENTS.sections
]
LINEAR = {"dense": [], "unroll": 4, "discount": 0.9, "entropy": 0.05, "value": 0.7}


@pytest.mark.parametrize("tiny", ON_BOTH)
def test_every_check_passes(tiny: str) -> None:
    found = {c.name: (c.run(), c.limit) for c in AGENTS.learner(tiny).checks()}
    assert found
    assert {name: pair for name, pair in found.items() if not pair[0] <= pair[1]} == {}


def test_saving_and_the_other_backend() -> None:
    recipe, learner = AGENTS.recipe("catch-lstm"), AGENTS.fresh("catch-lstm")
    found = {c.name: (c.run(), c.limit) for c in learner_checks(recipe, learner)}
    assert {name: pair for name, pair in found.items() if not pair[0] <= pair[1]} == {}


@pytest.mark.parametrize("tiny", AGENTS.sections)
def test_parameters_are_counted_in_closed_form(tiny: str) -> None:
    recipe, learner = AGENTS.recipe(tiny), AGENTS.learner(tiny)
    built = sum(int(np.prod(w.shape)) for w in learner.network.trainable_variables)
    layout = {name: space.shape for name, space in learner.around.observation.items()}
    assert recipe.data.layout() == layout
    assert recipe.data.action_count() == len(learner.actions)
    assert parameter_count(recipe.model, layout, len(learner.actions)) == built
    assert outlook(recipe)["parameters"] == built


@pytest.mark.parametrize(
    ("sections", "says"),
    [
        ({"model": {"sees": ["depth"]}}, "unknown part of the observation 'depth'"),
        ({"model": {"sees": ["image", "image"]}}, "sees names something twice"),
        ({"model": {"previous": ["action", "action"]}}, "previous names something twice"),
        (
            {"model": {"convolutions": [{"filters": 1, "kernel": 9}]}},
            "number 0 is larger than what it sees",
        ),
        (
            {"model": {"replay": {"capacity": 3}, "heads": ["value-replay"]}},
            "must hold a stretch of unroll",
        ),
        ({"train": {"accumulate": 3}}, "must be 1: a stretch of experience"),
        ({"train": {"precision": "bfloat16"}}, "must be float32"),
        ({"train": {"schedule": {"name": "linear"}}}, "a linear schedule needs decay_steps"),
    ],
)
def test_recipes_that_make_no_sense(sections: Any, says: str) -> None:
    with pytest.raises(RecipeError, match=says):
        AGENTS.recipe("catch", **sections)


def test_an_environment_that_does_not_exist() -> None:
    with pytest.raises(RecipeError, match=r"unknown environment 'cacth'. Did you mean 'catch'\?"):
        from_mapping({"family": "agents", "data": {"name": "cacth"}}, "x")
    with pytest.raises(RecipeError, match="unknown environment 'digits'"):
        from_mapping({"family": "agents", "data": {"name": "digits"}}, "x")


def experience(learner: Any, k: int = 2) -> Any:
    """A stretch in which an episode ends."""
    feed = learner.feed("train", 0)
    found = [feed.batch(i)["experience"] for i in range(k + 1)][-1]
    assert array(found["terminated"]).any()
    return found


def batch_of(found: Any) -> Any:
    return {"experience": found, "figures": {"acting_seconds": 1.0, "waiting_seconds": 0.0}}


@pytest.mark.backends
def test_an_update_is_that_of_plain_numbers() -> None:
    """Gradient and RMSProp of a linear agent, written out number by number in float64."""
    rmsprop = {"name": "rmsprop", "rho": 0.9, "epsilon": 1e-3}
    train = {"optimizer": rmsprop, "learning_rate": 0.01, "clip_norm": None}
    learner = AGENTS.fresh("catch", model=LINEAR, train=train)
    randomise(learner.network.trainable_variables, 0)
    found = experience(learner)
    weights = {
        name: array(v).astype(np.float64)
        for name, v in (
            ("policy", learner.network.policy.kernel),
            ("policy_bias", learner.network.policy.bias),
            ("value", learner.network.value.kernel),
            ("value_bias", learner.network.value.bias),
        )
    }
    learner.update(batch_of(found), Noise(0, 0))

    x = array(found["observation"]["image"]).astype(np.float64) / 255
    x = x.reshape(*x.shape[:2], -1)
    steps, batch = array(found["action"]).shape
    grads = {name: np.zeros_like(w) for name, w in weights.items()}
    for b in range(batch):
        ahead = float(x[steps, b] @ weights["value"][:, 0] + weights["value_bias"][0])
        for t in reversed(range(steps)):
            over = bool(array(found["terminated"])[t, b] or array(found["truncated"])[t, b])
            beyond = 0.9 * float(array(found["bootstrap"])[t, b])
            ahead = float(array(found["reward"])[t, b]) + beyond + (0.0 if over else 0.9 * ahead)
            value = float(x[t, b] @ weights["value"][:, 0] + weights["value_bias"][0])
            logits = x[t, b] @ weights["policy"] + weights["policy_bias"]
            p = np.exp(logits - logits.max())
            p /= p.sum()
            taken = np.eye(len(p))[int(array(found["action"])[t, b])]
            # d/dlogits of -advantage log p(a), and of 0.05 sum p log p.
            entropy = -(p * np.log(p)).sum()
            pull = (ahead - value) * (p - taken) + 0.05 * p * (np.log(p) + entropy)
            grads["policy"] += np.outer(x[t, b], pull) / batch
            grads["policy_bias"] += pull / batch
            grads["value"][:, 0] += 0.7 * (value - ahead) * x[t, b] / batch
            grads["value_bias"] += 0.7 * (value - ahead) / batch
    for name, layer in (("policy", learner.network.policy), ("value", learner.network.value)):
        for part, variable in ((name, layer.kernel), (f"{name}_bias", layer.bias)):
            square = 0.1 * grads[part] ** 2
            wanted = weights[part] - 0.01 * grads[part] / np.sqrt(square + 1e-3)
            np.testing.assert_allclose(array(variable), wanted, atol=2e-6, err_msg=part)


@pytest.mark.parametrize("tiny", [pytest.param("catch", marks=pytest.mark.backends), "pong"])
def test_without_a_lag_it_is_a2c_to_the_last_bit(tiny: str) -> None:
    """The loss of synchronous A2C in its own words, operation by operation: XLA would round the
    two programs in ways of their own."""
    with backend.eager():
        learner, other = updated_as_a2c(tiny)
    for one, two in zip(learner.network.variables, other.network.variables, strict=True):
        np.testing.assert_array_equal(array(one), array(two), err_msg=one.path)


def updated_as_a2c(tiny: str) -> tuple[Any, Any]:
    """Two learners after the same experience: by its own update, and by a plain one."""
    learner, other = AGENTS.fresh(tiny), AGENTS.fresh(tiny)
    randomise(learner.network.trainable_variables, 0)
    put_back(other, snapshot(learner))
    config = learner.config

    def a2c(found: Any) -> tuple[Any, dict[str, Any]]:
        unrolled = other.unrolled(found)
        logits, values = unrolled.logits[:-1], unrolled.values[:-1]
        rewards = found["reward"]
        if config.reward_clip is not None:
            rewards = ops.clip(rewards, -config.reward_clip, config.reward_clip)
        rewards = rewards + config.discount * found["bootstrap"]
        over = ops.logical_or(found["terminated"], found["truncated"])
        going = config.discount * (1.0 - ops.cast(over, "float32"))
        ahead, returns = ops.stop_gradient(unrolled.values[-1]), []
        for t in reversed(range(config.unroll)):
            ahead = rewards[t] + going[t] * ahead
            returns.append(ahead)
        returns = ops.stop_gradient(ops.stack(returns[::-1]))
        log_policy = ops.log_softmax(logits, axis=-1)
        taken = ops.one_hot(found["action"], len(other.actions), dtype="float32")
        # Once more, as gradients that are summed in another order round in another way.
        chosen = ops.sum(ops.where(taken > 0, ops.log_softmax(logits, axis=-1), 0.0), axis=-1)
        advantage = returns - ops.stop_gradient(values)
        policy = ops.mean(ops.sum(-chosen * advantage, axis=0))
        value = 0.5 * ops.mean(ops.sum(ops.square(returns - values), axis=0))
        entropy = ops.mean(ops.sum(-ops.sum(ops.exp(log_policy) * log_policy, -1), axis=0))
        return policy + config.value * value - config.entropy * entropy, {}

    plain = GradientStep(other.network, a2c, other.recipe.train)
    feed = learner.feed("train", 0)
    for k in range(4):
        found = feed.batch(k)["experience"]
        learner.update(batch_of(found), Noise(0, k))
        plain({**found, "observation": {n: found["observation"][n] for n in config.sees}})
    return learner, other


@pytest.mark.backends
def test_a_run_that_goes_on_is_the_same_to_the_last_bit() -> None:
    whole, half = AGENTS.fresh("catch-lstm"), AGENTS.fresh("catch-lstm")
    put_back(half, snapshot(whole))
    feed = whole.feed("train", 0)
    for k in range(4):
        whole.update(feed.batch(k), Noise(0, k))
    feed = half.feed("train", 0)
    for k in range(2):
        half.update(feed.batch(k), Noise(0, k))
    state = {name: np.array(x) for name, x in feed.save().items()}
    other = AGENTS.fresh("catch-lstm")
    put_back(other, snapshot(half))
    feed = other.feed("train", 0)
    feed.restore(state)
    for k in range(2, 4):
        other.update(feed.batch(k), Noise(0, k))
    for name, value in snapshot(whole).items():
        np.testing.assert_array_equal(snapshot(other)[name], value, err_msg=name)


@pytest.mark.backends
@pytest.mark.parametrize("tiny", ["catch", "catch-lstm"])
def test_agents_learn_to_catch(tiny: str) -> None:
    train = {"batch_size": 16, "learning_rate": 1e-2}
    model = {"dense": [16], "unroll": 6, "replay": {"capacity": 6}}
    learner = AGENTS.fresh(tiny, train=train, model=model)
    feed = learner.feed("train", 0)
    for k in range(200):
        metrics = learner.update(feed.batch(k), Noise(0, k))
    assert float(metrics["mean_return"]) > 0.9


@pytest.mark.backends
def test_replayed_values_aim_at_n_step_returns() -> None:
    learner = AGENTS.fresh("catch-lstm")
    randomise(learner.network.trainable_variables, 0)
    feed = learner.feed("train", 0)
    batch = [feed.batch(k) for k in range(4)][-1]
    found, config = batch["replay"], learner.config
    values = array(learner.unrolled(found).values).astype(np.float64)
    total = 0.0
    for b in range(values.shape[1]):
        ahead = values[-1, b]
        for t in reversed(range(config.unroll)):
            over = found["terminated"][t, b] or found["truncated"][t, b]
            ahead = found["reward"][t, b] + (0 if over else config.discount * ahead)
            total += 0.5 * (ahead - values[t, b]) ** 2 / values.shape[1]
    metrics = learner.update(batch, Noise(0, 0))
    np.testing.assert_allclose(float(array(metrics["value_replay_loss"])), total, rtol=1e-4)
    plain = float(array(metrics["policy_loss"])) + config.value * float(
        array(metrics["value_loss"])
    )
    plain -= config.entropy * config.unroll * float(array(metrics["entropy_nats"]))
    np.testing.assert_allclose(float(array(metrics["loss"])), plain + 0.3 * total, rtol=1e-4)


def test_figures_of_an_update() -> None:
    learner = AGENTS.fresh("catch")
    feed = learner.feed("train", 0)
    for k in range(3):
        found = learner.update(feed.batch(k), Noise(0, k))
    shares = [found[f"{name}_percent"] for name in ("acting", "learning", "waiting")]
    assert sum(shares) == pytest.approx(100)
    assert min(shares[:2]) > 0
    assert found["agent_steps"] == 3 * 4 * 3
    assert found["agent_steps_per_second"] > 0
