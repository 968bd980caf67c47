"""Agents in environments of others: acting step by step, what is lost, and wrong input."""

from __future__ import annotations

import importlib.util
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from multiprocessing import active_children
from typing import Any

import numpy as np
import pytest

from genkit.conformance.weights import random_weights, randomise
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


def cart(environment: str = "CartPole-v1", **model: Any) -> Any:
    from genkit.building import build_learner
    from genkit.recipe import from_mapping

    values = {
        "family": "agents",
        "model": {"dense": [8], "unroll": 4, **MODEL, **model},
        "data": {**CART, "id": environment},
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
    from genkit.rl.played_rollout import seeds
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
    own = [int(seed) for seed in seeds(uniform(0, BEGIN, 0, (3, 1)))]
    assert len(set(own)) == 3
    ended = cut = 0
    for place in range(3):
        env, episode = gymnasium.make("CartPole-v1", max_episode_steps=12), 0
        state, _ = env.reset(seed=episode_seed(own[place], 0, episode))
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
                state, _ = env.reset(seed=episode_seed(own[place], 0, episode))
    assert ended
    assert cut


def test_workers_give_the_same_experience() -> None:
    one, two = cart(), cart(actors={"workers": 2})
    for learner in (one, two):
        randomise(learner.network.trainable_variables, 0)
    for a, b in zip(stretches(one, 3), stretches(two, 3), strict=True):
        for name in ("action", "reward", "terminated", "truncated", "bootstrap", "values"):
            np.testing.assert_array_equal(a[name], b[name])
        np.testing.assert_array_equal(a["observation"]["vector"], b["observation"]["vector"])
    assert a["values"].any()


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
    for tile in (2, 5):  # whatever other episodes are played beside
        with closing(learner.generator(SampleSettings(tile))) as generator:
            (episodes,) = sample_tile(generator, 0, range(2), [])
        assert list(episodes.length) == [r["length"] for r in found.tables["episodes"][:2]]
    assert episodes.observation["vector"].shape == (*episodes.action.shape, 4)
    assert len(episodes.films()) == 2


def test_tiles_are_drawn_side_by_side() -> None:
    learner = cart()
    with closing(learner.generator(SampleSettings(2))) as generator:
        alone = [sample_tile(generator, 0, rows, [])[0] for rows in (range(2), range(2, 4))]
        with ThreadPoolExecutor(2) as pool:
            coming = [
                pool.submit(sample_tile, generator, 0, rows, []) for rows in (range(2), range(2, 4))
            ]
            together = [future.result()[0] for future in coming]
    for one, two in zip(alone, together, strict=True):
        np.testing.assert_array_equal(one.action, two.action)


def test_episodes_that_failed_are_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    from gymnasium.envs.classic_control import CartPoleEnv

    step, calls = CartPoleEnv.step, []

    def falls(self: Any, action: Any) -> Any:
        calls.append(1)
        if len(calls) == 3:
            raise RuntimeError("lost")
        return step(self, action)

    monkeypatch.setattr(CartPoleEnv, "step", falls)
    learner = cart()
    returns, lengths, failed = played(learner, 5, 0, "test", 1.0)
    assert failed == 1
    assert len(returns) == len(lengths) == 4


def test_nothing_runs_on_behind_a_preview() -> None:
    learner = cart(actors={"workers": 1})
    assert learner.preview(2, 0)
    assert not [child for child in active_children() if "Spawn" in type(child).__name__]


def test_checks_of_a_run_that_cannot_be_exact() -> None:
    for learner in (cart(), AGENTS.fresh("catch", model={"actors": {"lag": 1}})):
        assert [check.name for check in learner.checks()] == ["acting_and_unrolled_logits"]
        assert all(check.run() <= check.limit for check in learner.checks())


def test_convolutions_that_are_too_large() -> None:
    import gymnasium
    from gymnasium.envs.classic_control import CartPoleEnv

    class Small(CartPoleEnv):
        """Cart-pole with a picture of 4 x 4 pixels."""

        def __init__(self) -> None:
            super().__init__()
            self.observation_space = gymnasium.spaces.Box(0, 255, (4, 4, 3), np.uint8)

    gymnasium.register("GenkitSmall-v0", Small)
    try:
        with pytest.raises(UsageError, match=r"model\.convolutions: number 0 is larger"):
            cart(
                sees=["image"],
                convolutions=[{"filters": 2, "kernel": 8}],
                environment="GenkitSmall-v0",
            )
    finally:
        del gymnasium.registry["GenkitSmall-v0"]


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
