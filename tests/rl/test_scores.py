"""Returns of finished episodes, against counting them one by one."""

from __future__ import annotations

import numpy as np

from genkit.rl.scores import RECENT, Scores

B, T = 3, 7


def stretches(count: int) -> list[tuple[np.ndarray, np.ndarray]]:
    draw = np.random.default_rng(0)
    return [(draw.normal(size=(T, B)), draw.random((T, B)) < 0.3) for _ in range(count)]


def test_returns_are_those_of_whole_episodes() -> None:
    scores, parts = Scores(B), stretches(40)
    for reward, over in parts:
        scores.add(reward, over)
    rewards = np.concatenate([reward for reward, _ in parts])
    overs = np.concatenate([over for _, over in parts])
    finished = []
    for t in range(len(rewards)):
        for b in np.flatnonzero(overs[t]):
            earlier = np.flatnonzero(overs[:t, b])
            begin = earlier[-1] + 1 if len(earlier) else 0
            finished.append(rewards[begin : t + 1, b].sum())
    found = scores.metrics()
    assert found["episodes"] == len(finished) > RECENT
    assert found["agent_steps"] == rewards.size
    np.testing.assert_allclose(found["mean_return"], np.mean(finished[-RECENT:]))


def test_the_area_is_the_mean_of_the_curve() -> None:
    scores, curve = Scores(B), []
    for reward, over in stretches(10):
        scores.add(reward, over)
        if scores.episodes:
            curve.append(scores.mean())
    np.testing.assert_allclose(scores.metrics()["auc"], np.mean(curve))


def test_no_episode_no_return() -> None:
    scores = Scores(B)
    scores.add(np.ones((T, B)), np.zeros((T, B), bool))
    assert set(scores.metrics()) == {"agent_steps", "episodes"}


def test_what_was_saved_goes_on() -> None:
    parts = stretches(6)
    one, two = Scores(B), Scores(B)
    for part in parts[:3]:
        one.add(*part)
    two.restore({name: np.array(x) for name, x in one.save().items()})
    for part in parts[3:]:
        one.add(*part)
        two.add(*part)
    assert one.metrics() == two.metrics()


def test_what_was_lost_counts_for_nothing() -> None:
    scores = Scores(2)
    reward = np.array([[1.0, 10.0], [2.0, 20.0], [4.0, 40.0]])
    over = np.array([[True, False], [False, True], [True, False]])
    lost = np.array([[False, False], [False, True], [False, False]])
    scores.add(reward, over, lost)
    assert scores.episodes == 2
    assert scores.recent[:2].tolist() == [1.0, 6.0]
    assert scores.running.tolist() == [0.0, 40.0]
    scores.forget(np.array([False, True]))
    assert scores.running.tolist() == [0.0, 0.0]
