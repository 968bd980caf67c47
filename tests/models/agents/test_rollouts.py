"""Acting, compiled, against one step after the other."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from keras import ops

from genkit.conformance.weights import random_weights
from genkit.models.agents.feed import ACT, BEGIN
from genkit.randomness import uniform
from genkit.rl.environments.base import where
from genkit.rl.policy import UNIFORM, choose_action
from tests.agents import AGENTS
from tests.densities import array

pytestmark = pytest.mark.backends
SEED = 3
STRETCHES = 4


def by_hand(learner: Any, stretches: int) -> dict[str, np.ndarray]:
    """`(stretches T, B, ...)` of each array of experience, in a loop without compilation."""
    env, network, config = learner.around.arrays, learner.network, learner.config
    batch, steps = learner.recipe.train.batch_size, config.unroll
    draws = 1 + config.action_repeat * env.draws
    begin = uniform(SEED, BEGIN, 0, (batch, draws))[:, : env.draws]
    state = env.begin(ops.convert_to_tensor(begin))
    memory = np.zeros((batch, network.state_width), np.float32)
    last, told = np.full(batch, -1, np.int32), np.zeros(batch, np.float32)
    kept: dict[str, list[np.ndarray]] = {}
    for k in range(stretches):
        for noise in uniform(SEED, ACT, k, (steps, batch, draws)):
            seen = env.observe(state)
            logits, values, after = network.step(
                seen, *(ops.convert_to_tensor(x) for x in (last, told, memory))
            )
            action = choose_action(logits, ops.convert_to_tensor(noise[:, 0]), 1.0)
            found = {"previous_action": last, "previous_reward": told, "state": memory}
            found |= {"action": array(action), "logits": array(logits), "values": array(values)}
            reward, terminated = np.zeros(batch, np.float32), np.zeros(batch, bool)
            truncated = np.zeros(batch, bool)
            for n in range(config.action_repeat):
                own = noise[:, 1 + n * env.draws : 1 + (n + 1) * env.draws]
                step = env.step(state, action, ops.convert_to_tensor(own))
                going = ~(terminated | truncated)
                reward = reward + np.where(going, array(step.reward), 0)
                terminated = np.where(going, array(step.terminated), terminated)
                truncated = np.where(going, array(step.truncated), truncated)
                state = where(ops.convert_to_tensor(going), step.state, state)
            over = terminated | truncated
            told = reward
            if config.reward_clip is not None:
                told = np.clip(reward, -config.reward_clip, config.reward_clip)
            beyond = network.step(env.observe(state), action, ops.convert_to_tensor(told), after)[1]
            found |= {"reward": reward, "terminated": terminated, "truncated": truncated}
            found["bootstrap"] = np.where(truncated, array(beyond), 0)
            fresh = env.begin(ops.convert_to_tensor(noise[:, 1:]))
            state = where(ops.convert_to_tensor(over), fresh, state)
            memory = np.where(over[:, None], 0, array(after)).astype(np.float32)
            last = np.where(over, -1, array(action)).astype(np.int32)
            told = np.where(over, 0, told).astype(np.float32)
            for name, value in found.items():
                kept.setdefault(name, []).append(value)
    return {name: np.stack(values) for name, values in kept.items()}


@pytest.mark.parametrize("tiny", AGENTS.sections)
def test_a_stretch_is_one_step_after_the_other(tiny: str) -> None:
    learner = AGENTS.learner(tiny)
    steps = learner.config.unroll
    with random_weights(learner.network.trainable_variables, 0):
        wanted = by_hand(learner, STRETCHES)
        feed = learner.feed("train", SEED)
        found = [feed.batch(k)["experience"] for k in range(STRETCHES)]
    for name in ("action", "reward", "terminated", "truncated"):
        together = np.concatenate([array(one[name]) for one in found])
        np.testing.assert_array_equal(together, wanted[name], err_msg=name)
    for name in ("logits", "values", "bootstrap"):
        together = np.concatenate([array(one[name]) for one in found])
        np.testing.assert_allclose(together, wanted[name], atol=1e-4, err_msg=name)
    for name in ("previous_action", "previous_reward"):
        together = np.concatenate([array(one[name])[:-1] for one in found])
        np.testing.assert_allclose(together, wanted[name], atol=1e-6, err_msg=name)
    for k, one in enumerate(found):
        np.testing.assert_allclose(array(one["state"]), wanted["state"][k * steps], atol=1e-4)
    assert (wanted["terminated"] | wanted["truncated"]).any()


def test_stretches_join() -> None:
    """The last observation of a stretch is the first one of the next."""
    feed = AGENTS.learner("maze").feed("train", 0)
    one, two = (feed.batch(k)["experience"] for k in range(2))
    for part in one["observation"]:
        np.testing.assert_array_equal(
            array(one["observation"][part])[-1], array(two["observation"][part])[0]
        )
    for name in ("previous_action", "previous_reward", "first"):
        np.testing.assert_array_equal(array(one[name])[-1], array(two[name])[0])


def test_values_beyond_are_of_what_was_cut_off_alone() -> None:
    learner = AGENTS.learner("key-door")
    with random_weights(learner.network.trainable_variables, 1):
        feed = learner.feed("train", 0)
        found = [feed.batch(k)["experience"] for k in range(4)]
    cut = np.concatenate([array(one["truncated"]) for one in found])
    beyond = np.concatenate([array(one["bootstrap"]) for one in found])
    assert cut.any()
    assert (beyond[cut] != 0).all()
    assert (beyond[~cut] == 0).all()


def test_policies_that_do_not_look() -> None:
    """Greedy and uniform actions."""
    logits = ops.convert_to_tensor(np.array([[0.0, 3.0, 0.0]] * 300, np.float32))
    noise = ops.convert_to_tensor(((np.arange(300) + 0.5) / 300).astype(np.float32))
    assert (array(choose_action(logits, noise, 0.0)) == 1).all()
    assert np.bincount(array(choose_action(logits, noise, UNIFORM))).tolist() == [100, 100, 100]
    drawn = np.bincount(array(choose_action(logits, noise, 1.0)))
    assert abs(drawn[1] - 300 * np.exp(3) / (np.exp(3) + 2)) <= 1
