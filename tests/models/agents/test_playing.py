"""Whole episodes: evaluation, samples, films."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from genkit.artifacts import Parts
from genkit.artifacts.episodes import Episodes
from genkit.artifacts.npz import read_npz
from genkit.artifacts.play import END_MS, FRAME_MS, SIDE, film
from genkit.conformance.weights import random_weights
from genkit.errors import UsageError
from genkit.family import EvaluationRequest, SampleSettings
from genkit.models.agents.evaluation import against, interval, played, return_metrics
from genkit.progress import SILENT
from genkit.sampling.driver import sample_tile
from tests.agents import AGENTS

ALL = list(AGENTS.sections)


def episodes(tiny: str, count: int, tile: int, seed: int = 0, **settings: Any) -> Episodes:
    learner = AGENTS.learner(tiny)
    with random_weights(learner.network.trainable_variables, 0):
        generator = learner.generator(SampleSettings(tile, **settings))
        (found,) = sample_tile(generator, seed, range(count), [])
    assert isinstance(found, Episodes)
    return found


@pytest.mark.parametrize(
    "tiny", [pytest.param(t, marks=pytest.mark.backends if t == "maze" else ()) for t in ALL]
)
def test_episodes_end_where_they_are_over(tiny: str) -> None:
    found = episodes(tiny, 3, 4)
    limit = AGENTS.learner(tiny).around.limit
    assert (found.length >= 1).all()
    assert (found.length <= limit).all()
    assert found.action.shape == (3, found.length.max())
    assert found.policy.shape == (*found.action.shape, len(found.actions))
    np.testing.assert_allclose(found.policy.sum(axis=-1), 1, atol=1e-5)
    for row, length in enumerate(found.length):
        chosen = found.policy[row, np.arange(length), found.action[row, :length]]
        np.testing.assert_allclose(found.log_prob[row], np.log(chosen).sum(), rtol=1e-4)


def test_catch_ends_with_its_only_reward() -> None:
    found = episodes("catch", 4, 4)
    assert (found.length == 3).all()  # 4 rows
    assert (np.abs(found.reward[:, -1]) == 1).all()
    assert (found.reward[:, :-1] == 0).all()


def test_an_episode_is_the_same_alone_and_among_others() -> None:
    many, few = episodes("maze", 4, 4), episodes("maze", 2, 4)
    np.testing.assert_array_equal(many.action[:2], few.action)
    other = episodes("maze", 4, 4, seed=1)
    assert not np.array_equal(many.action, other.action)


def test_greedy_play_takes_the_most_probable() -> None:
    found = episodes("pong", 2, 2, temperature=0.0)
    np.testing.assert_array_equal(found.action, found.policy.argmax(axis=-1))


def test_evaluation_plays_the_episodes_that_samples_show() -> None:
    learner = AGENTS.learner("pong")
    with random_weights(learner.network.trainable_variables, 0):
        returns, lengths, failed = played(learner, 6, 0, "test", 1.0)
        others, _, _ = played(learner, 6, 0, "validation", 1.0)
        generator = learner.generator(SampleSettings(4))
        parts = [sample_tile(generator, 0, rows, [])[0] for rows in (range(4), range(4, 6))]
    assert lengths.tolist() == [n for part in parts for n in part.length]
    sums = [
        part.reward[i, : part.length[i]].sum() for part in parts for i in range(len(part.length))
    ]
    np.testing.assert_allclose(returns, sums)
    assert failed == 0
    assert not np.array_equal(returns, others)


def test_an_evaluation_tells_of_random_play() -> None:
    learner = AGENTS.learner("catch")
    found = learner.evaluate(EvaluationRequest("test"), SILENT)
    assert found.count == 5 == len(found.tables["episodes"])
    # A fresh policy is uniform, so it plays as random actions do.
    assert found.metrics["random_mean_return"] == found.metrics["mean_return"]
    assert found.metrics["mean_length"] == 3
    brief = learner.evaluate(EvaluationRequest("validation", limit=2, brief=True), SILENT)
    assert set(brief.metrics) == {"mean_return", "mean_length"}
    with pytest.raises(UsageError, match=r"unknown split 'train'\. Allowed: test, validation"):
        learner.evaluate(EvaluationRequest("train"), SILENT)


def test_figures_of_returns() -> None:
    values = np.array([1.0, 2.0, 3.0, 10.0])
    found = return_metrics(values)
    assert (found["mean_return"], found["median_return"]) == (4.0, 2.5)
    np.testing.assert_allclose(found["return_standard_error"], np.std(values, ddof=1) / 2)
    assert found["mean_return_low"] < 4 < found["mean_return_high"]
    gap = against(values + 5, values)
    np.testing.assert_allclose(
        gap["above_random_errors"], 5 / (np.sqrt(2) * found["return_standard_error"])
    )
    assert against(np.full(3, 5.0), np.ones(3)) == {
        "random_mean_return": 1.0,
        "random_return_standard_error": 0.0,
    }
    assert set(return_metrics(np.ones(1))) == {"mean_return", "median_return"}


def test_an_interval_holds_the_mean_as_often_as_it_says() -> None:
    draw = np.random.default_rng(0)
    held = 0
    for _ in range(60):
        low, high = interval(draw.normal(size=60))
        held += low < 0 < high
    assert 51 <= held <= 60


def test_what_agents_do_not_take() -> None:
    learner = AGENTS.learner("catch")
    for settings in ({"top_k": 2}, {"top_p": 0.5}, {"sampler": "naive"}):
        with pytest.raises(UsageError, match="temperature only"):
            learner.generator(SampleSettings(2, **settings))
    with pytest.raises(UsageError, match="take none"):
        learner.generator(SampleSettings(2)).conditions([{"a": "b"}], 0)


@pytest.mark.parametrize("tiny", ALL)
def test_films_show_every_step(tiny: str, tmp_path: Path) -> None:
    found = episodes(tiny, 3, 4)
    files = found.save(tmp_path)
    assert sorted(p.name for p in tmp_path.iterdir()) == sorted(p.name for p in files)
    for row in range(3):
        with Image.open(tmp_path / f"{row:06d}.gif") as film:
            # Frames that do not differ are joined by the writer, and shown as long as both.
            shown = sum(frame.info["duration"] for frame in _frames(film))
            assert film.height == 240
        assert shown == FRAME_MS * (found.length[row] - 1) + END_MS
    facts = read_npz(tmp_path / "samples.npz")
    inside = np.arange(found.reward.shape[1]) < found.length[:, None]
    np.testing.assert_allclose(facts["return"], (found.reward * inside).sum(axis=1))
    assert (tmp_path / "grid.png").read_bytes().startswith(b"\x89PNG")


def _frames(film: Any) -> Any:
    for number in range(film.n_frames):
        film.seek(number)
        yield film


def test_large_pictures_are_seen_whole() -> None:
    """White corners of a picture that is larger than a film."""
    image = np.zeros((2, 400, 600, 3), np.uint8)
    image[:, :100, :100] = image[:, -100:, -100:] = 255
    episode = {
        "image": image,
        "action": np.zeros(2, np.int32),
        "reward": np.zeros(2, np.float32),
        "values": np.zeros(2, np.float32),
        "policy": np.full((2, 2), 0.5, np.float32),
    }
    with Image.open(io.BytesIO(film(episode, ["a", "b"]))) as found:
        shown = np.asarray(found.convert("L"))
    picture = shown[:, : shown.shape[1] - SIDE]
    assert shown.shape[0] == SIDE
    assert picture.shape[1] <= SIDE + 16
    inner = picture[(SIDE - 134) // 2 : (SIDE + 134) // 2, 8:-8]
    assert inner[0, 0] == inner[-1, -1] == 255
    assert inner[0, -1] == inner[-1, 0] == 0


def test_parts_of_other_lengths_are_put_together(tmp_path: Path) -> None:
    one, two = episodes("pong", 2, 2), episodes("maze", 2, 2)
    assert one.action.shape[1] != two.action.shape[1]
    other = Episodes(
        one.observation, one.action, one.reward, one.values, one.policy, one.length, one.failed,
        one.log_prob, one.index + 2, one.actions,
    )  # fmt: skip
    short = {name: x[:, :1] if x.ndim > 1 else x for name, x in other.arrays().items()}
    short["length"] = np.ones(2, np.int64)
    parts = Parts(4, one.meta(), iter([one.arrays(), short]))
    Episodes.collect(tmp_path, parts)
    facts = read_npz(tmp_path / "samples.npz")
    assert facts["length"].tolist() == [*one.length, 1, 1]
    assert facts["index"].tolist() == [0, 1, 2, 3]
