"""How long phones last: sizes, a rule that is learned, what is told and scored."""

from __future__ import annotations

import numpy as np
import pytest

from genkit.family import EvaluationRequest
from genkit.models.speech_prosody.config import duration_parameters
from genkit.models.speech_prosody.durations import errors, frames, scaled
from genkit.progress import SILENT
from genkit.randomness import Noise
from genkit.speech.utterance import written
from tests import speech_runs


@pytest.mark.parametrize("tiny", ["plain", "voices"])
def test_parameters_are_as_many_as_the_closed_form_says(tiny: str) -> None:
    learner = speech_runs.learner("speech_durations", tiny)
    found = sum(int(np.prod(w.shape)) for w in learner.network.trainable_variables)
    assert found == duration_parameters(learner.recipe.model, learner.recipe.data)


def test_the_scale_of_durations() -> None:
    durations = np.array([1, 7, 60, 800])
    np.testing.assert_array_equal(frames(scaled(durations)), durations)
    np.testing.assert_array_equal(frames(np.array([-20.0, 20.0])), [1, 2_000])
    assert scaled(np.array([0]))[0] < scaled(np.array([1]))[0]


def test_errors_against_hand() -> None:
    found = errors(np.array([2, 4, 9]), np.array([3, 4, 7]), 5.0)
    assert found["rmse_milliseconds"] == pytest.approx(5 * np.sqrt(5 / 3))
    assert found["correlation"] == pytest.approx(np.corrcoef([2, 4, 9], [3, 4, 7])[0, 1])
    assert "correlation" not in errors(np.array([2, 2]), np.array([1, 3]), 5.0)


def test_durations_are_learned_and_better_than_the_means_of_phones() -> None:
    train = {"steps": 150, "batch_size": 6, "learning_rate": 1e-2}
    learner = speech_runs.learner("speech_durations", random=False, train=train,
                                  model={"dense": 16, "units": 16})  # fmt: skip
    feed = learner.feed("train", 0)
    losses = [float(learner.update(feed.batch(k), Noise(0, k))["loss"]) for k in range(150)]
    assert losses[-1] < 0.1 * losses[0]
    found = learner.evaluate(EvaluationRequest("train"), SILENT).metrics
    assert found["rmse_milliseconds"] < 0.7 * found["phone_mean_rmse_milliseconds"]
    assert found["correlation"] > 0.9


def test_one_utterance_is_told_as_in_a_batch() -> None:
    learner = speech_runs.learner("speech_durations", "voices")
    spoken = learner.spoken("test")
    vectors = learner.vector(spoken, [0, 1])["vector"]
    told = learner.predicted(spoken, SILENT)
    for i in range(2):
        own = learner.durations(spoken.utterance(i)[0], vectors[i])
        np.testing.assert_array_equal(own, told[i])
    # Who speaks counts, and what is said.
    other = learner.durations(spoken.utterance(0)[0], 5 * vectors[1])
    assert not np.array_equal(other, told[0])


def test_what_comes_later_is_known_by_the_features_alone() -> None:
    """An LSTM in the order of time: the same phones to the end of a word last the same, once the
    features look no further."""
    learner = speech_runs.learner("speech_durations")
    first = written("t 'i: t | s 'u: n | t 'i: t _.", learner.phones)
    table = learner.network.features
    assert learner.durations(first, None).shape == (len(first),)
    x = np.random.default_rng(0).normal(size=(1, 8, table)).astype(np.float32)
    changed = x.copy()
    changed[:, 5:] += 1
    outputs = [np.asarray(learner.told({"features": one})) for one in (x, changed)]
    np.testing.assert_array_equal(outputs[0][:, :5], outputs[1][:, :5])
    assert np.abs(outputs[0][:, 5:] - outputs[1][:, 5:]).min() > 0


def test_scores_are_a_row_a_recording() -> None:
    learner = speech_runs.learner("speech_durations")
    rows = list(learner.score("test", 1, SILENT))
    assert len(rows) == 1
    assert rows[0]["seconds"] == pytest.approx(learner.spoken("test").frames(0) * 0.005)
