"""Acting ahead of learning, and by actors in other processes."""

from __future__ import annotations

import importlib.util
from typing import Any

import numpy as np
import pytest

from genkit.conformance.weights import randomise
from genkit.errors import GenkitError, RecipeError
from genkit.randomness import Noise
from tests.agents import AGENTS
from tests.densities import array

RAY = pytest.mark.skipif(
    importlib.util.find_spec("ray") is None,
    reason="ray is not installed (pip install 'genkit-keras[ray]')",
)


def weights(learner: Any) -> list[np.ndarray]:
    return [np.array(array(v)) for v in learner.network.variables]


@pytest.mark.backends
@pytest.mark.parametrize("lag", [1, 3])
def test_a_stretch_is_acted_so_many_updates_before(lag: int) -> None:
    train = {"learning_rate": 0.05}
    learner = AGENTS.fresh("catch-lstm", model={"actors": {"lag": lag}}, train=train)
    randomise(learner.network.trainable_variables, 0)
    feed, history, found = learner.feed("train", 0), [], []
    for k in range(6):
        history.append(weights(learner))
        batch = feed.batch(k)
        found.append(dict(batch["experience"]))
        learner.update(batch, Noise(0, k))
    feed.close()
    other = AGENTS.fresh("catch-lstm")
    for k, one in enumerate(found):
        for variable, value in zip(other.network.variables, history[max(0, k - lag)], strict=True):
            variable.assign(value)
        unrolled = other.unrolled(one)
        np.testing.assert_allclose(array(unrolled.logits)[:-1], array(one["logits"]), atol=1e-4)
    assert not np.allclose(history[0][0], history[-1][0])


@pytest.mark.backends
def test_ratios_are_of_the_policies_that_learn_and_acted() -> None:
    learner = AGENTS.fresh("catch", model={"actors": {"lag": 1}}, train={"learning_rate": 0.05})
    feed = learner.feed("train", 0)
    ratios = [
        float(array(learner.update(feed.batch(k), Noise(0, k))["mean_ratio"])) for k in range(3)
    ]
    feed.close()
    assert ratios[0] == pytest.approx(1, abs=1e-5)
    assert ratios[1] != pytest.approx(1, abs=1e-5)


def test_an_error_of_the_actor_comes_out_where_experience_is_asked_for() -> None:
    learner = AGENTS.fresh("catch", model={"actors": {"lag": 1}})
    feed = learner.feed("train", 0)

    def fails(*given: Any) -> Any:
        raise RuntimeError("no more")

    feed.rollout.run = fails
    with pytest.raises(RuntimeError, match="no more"):
        feed.batch(0)
    feed.close()


@RAY
def test_actors_of_ray_act_as_this_process_does_and_are_replaced() -> None:
    model = {"actors": {"kind": "ray", "workers": 2}}
    learner, local = AGENTS.fresh("pong", model=model), AGENTS.fresh("pong")
    randomise(learner.network.trainable_variables, 0)
    for a, b in zip(local.network.variables, learner.network.variables, strict=True):
        a.assign(b.value)
    said: list[str] = []
    learner.report = said.append
    feed, other = learner.feed("train", 0), local.feed("train", 0)
    for k in range(2):
        one, two = feed.batch(k)["experience"], other.batch(k)["experience"]
        for name in ("action", "reward", "terminated", "truncated", "first"):
            np.testing.assert_array_equal(one[name], array(two[name]), err_msg=name)
        np.testing.assert_allclose(one["logits"], array(two["logits"]), atol=1e-5)
        np.testing.assert_allclose(one["state"], array(two["state"]), atol=1e-5)
    import ray

    ray.kill(feed.rollout._actors[1])
    found = feed.batch(2)["experience"]
    assert len(said) == feed.rollout.restarts == 1
    assert "actor 1 was lost" in said[0]
    first, last = feed.rollout.shares[1]
    assert found["first"][0, first:last].all()
    learner.update(feed.batch(3), Noise(0, 0))
    feed.close()
    ray.shutdown()


@RAY
def test_an_actor_that_cannot_be_made_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    import ray

    model = {"actors": {"kind": "ray", "workers": 1}}
    learner = AGENTS.fresh("catch", model=model)
    feed = learner.feed("train", 0)
    monkeypatch.setattr(type(learner.recipe), "as_dict", lambda self: {"model": {}, "family": "x"})
    with pytest.raises(GenkitError, match="actor 0 cannot be made"):
        feed.batch(0)
    feed.close()
    ray.shutdown()


@pytest.mark.parametrize(
    ("actors", "says"),
    [
        ({"kind": "ray", "workers": 4}, r"4 for 3 environments \(train\.batch_size\)"),
        ({"workers": 2}, "must be 0: 'catch' is a function of arrays"),
    ],
)
def test_actors_that_make_no_sense(actors: Any, says: str) -> None:
    with pytest.raises(RecipeError, match=says):
        AGENTS.recipe("catch", model={"actors": actors})
