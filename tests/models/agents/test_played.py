"""Agents in environments of others: acting step by step, what is lost, and wrong input."""

from __future__ import annotations

import importlib.util
from typing import Any

import numpy as np
import pytest

from genkit.conformance.weights import random_weights
from genkit.errors import UsageError
from genkit.family import EvaluationRequest, SampleSettings
from genkit.models.agents.evaluation import played
from genkit.progress import SILENT
from genkit.randomness import Noise
from genkit.sampling.driver import sample_tile
from tests.agents import AGENTS
from tests.densities import array

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("gymnasium") is None,
    reason="gymnasium is not installed (pip install 'genkit-keras[rl]')",
)
CART = {"name": "gymnasium", "id": "CartPole-v1", "limit": 12}
MODEL = {"sees": ["vector"], "lstm": 5, "previous": ["action", "reward"]}


def cart(**model: Any) -> Any:
    from genkit.building import build_learner
    from genkit.recipe import from_mapping

    values = {
        "family": "agents",
        "model": {"dense": [8], "unroll": 4, **MODEL, **model},
        "data": CART,
        "train": {"batch_size": 3},
        "eval": {"episodes": 5, "batch_size": 4},
    }
    return build_learner(from_mapping(values, "cart"))


def stretches(learner: Any, count: int) -> list[Any]:
    feed = learner.feed("train", 0)
    try:
        return [feed.batch(k)["experience"] for k in range(count)]
    finally:
        feed.close()


def test_experience_is_what_environments_did() -> None:
    """Each environment played again by its actions, and the network unrolled over what it saw."""
    import gymnasium

    from genkit.models.agents.feed import BEGIN
    from genkit.randomness import uniform
    from genkit.rl.played_rollout import SEEDS
    from genkit.rl.players.seat import episode_seed

    learner = cart()
    with random_weights(learner.network.trainable_variables, 0):
        found = stretches(learner, 8)
        for one in found:
            unrolled = learner.unrolled(one)
            np.testing.assert_allclose(array(unrolled.logits)[:-1], one["logits"], atol=1e-4)
            np.testing.assert_allclose(array(unrolled.values)[:-1], one["values"], atol=1e-4)
    whole = {
        name: np.concatenate([one[name] for one in found])
        for name in ("action", "reward", "terminated", "truncated", "bootstrap")
    }
    seen = np.concatenate([one["observation"]["vector"][:-1] for one in found])
    seed = int(uniform(0, BEGIN, 0, (3, 1))[0, 0] * SEEDS)
    ended = cut = 0
    for place in range(3):
        env, episode = gymnasium.make("CartPole-v1", max_episode_steps=12), 0
        state, _ = env.reset(seed=episode_seed(seed, place, episode))
        for t, action in enumerate(whole["action"][:, place]):
            np.testing.assert_array_equal(seen[t, place], state)
            state, reward, terminated, truncated, _ = env.step(int(action))
            assert reward == whole["reward"][t, place]
            assert terminated == whole["terminated"][t, place]
            assert (truncated and not terminated) == whole["truncated"][t, place]
            assert (whole["bootstrap"][t, place] != 0) == (truncated and not terminated)
            ended, cut = ended + terminated, cut + (truncated and not terminated)
            if terminated or truncated:
                episode += 1
                state, _ = env.reset(seed=episode_seed(seed, place, episode))
    assert ended
    assert cut


def test_workers_give_the_same_experience() -> None:
    one, two = cart(), cart(actors={"workers": 2})
    for a, b in zip(stretches(one, 3), stretches(two, 3), strict=True):
        for name in ("action", "reward", "terminated", "truncated", "logits"):
            np.testing.assert_array_equal(a[name], b[name])


def test_learning_and_playing() -> None:
    learner = cart()
    feed = learner.feed("train", 0)
    for k in range(3):
        metrics = learner.update(feed.batch(k), Noise(0, k))
    feed.close()
    assert np.isfinite(float(array(metrics["loss"])))
    found = learner.evaluate(EvaluationRequest("test"), SILENT)
    assert 1 <= found.metrics["mean_length"] <= 12
    assert found.metrics["mean_return"] == found.metrics["mean_length"]
    returns, _ = played(learner, 5, 0, 1.0)
    np.testing.assert_array_equal(returns, [r["return"] for r in found.tables["episodes"]])
    (episodes,) = sample_tile(learner.generator(SampleSettings(2)), 0, range(2), [])
    assert episodes.observation["vector"].shape == (*episodes.action.shape, 4)
    assert len(episodes.films()) == 2


def test_a_run_that_goes_on_begins_new_episodes_and_keeps_its_scores() -> None:
    learner = cart()
    feed = learner.feed("train", 0)
    for k in range(6):
        feed.batch(k)
    state = {name: np.array(x) for name, x in feed.save().items()}
    other = learner.feed("train", 0)
    other.restore(state)
    first = other.batch(6)["experience"]
    assert array(first["first"])[0].all()
    assert other.scores.episodes >= feed.scores.episodes
    fresh = learner.feed("train", 0)
    again = fresh.batch(0)["experience"]
    assert not np.array_equal(first["observation"]["vector"][0], again["observation"]["vector"][0])
    for each in (feed, other, fresh):
        each.close()


def test_parts_that_an_environment_does_not_show() -> None:
    with pytest.raises(UsageError, match=r"model\.sees: unknown part of the observation 'image'"):
        cart(sees=["image"])


def test_an_extra_that_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    find = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name == "gymnasium" else find(name)
    )
    with pytest.raises(UsageError, match=r"pip install 'genkit-keras\[rl\]'"):
        cart()
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name == "ray" else find(name)
    )
    with pytest.raises(UsageError, match=r"pip install 'genkit-keras\[ray\]'"):
        AGENTS.fresh("catch", model={"actors": {"kind": "ray"}}).feed("train", 0)
