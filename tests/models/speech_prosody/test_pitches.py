"""How the pitch moves: sizes, causality, steps against one pass, a contour that is learned."""

from __future__ import annotations

import numpy as np
import pytest

from genkit.family import EvaluationRequest
from genkit.models.speech_prosody import proofs
from genkit.models.speech_prosody.config import pitch_parameters
from genkit.models.speech_prosody.pitches import errors, shown
from genkit.progress import SILENT
from genkit.randomness import Noise
from genkit.speech.sizes import FRAME
from tests import speech_runs
from tests.densities import array


@pytest.mark.parametrize("tiny", ["plain", "voices"])
def test_parameters_are_as_many_as_the_closed_form_says(tiny: str) -> None:
    learner = speech_runs.learner("speech_pitch", tiny)
    found = sum(int(np.prod(w.shape)) for w in learner.network.trainable_variables)
    assert found == pitch_parameters(learner.recipe.model, learner.recipe.data)


@pytest.mark.backends
@pytest.mark.parametrize("tiny", ["plain", "voices"])
def test_contours_by_steps_are_those_of_one_pass(tiny: str) -> None:
    assert proofs.parity(speech_runs.learner("speech_pitch", tiny)) < 1e-4


def test_later_frames_change_nothing_and_a_leak_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    learner = speech_runs.learner("speech_pitch")
    assert proofs.leak(learner) == 0.0
    told = learner.told
    monkeypatch.setattr(learner, "told", lambda batch: told(batch) + 1e-3 * batch["contour"])
    assert proofs.leak(learner) > 0.0


def test_a_hidden_past_is_not_known() -> None:
    learner = speech_runs.learner("speech_pitch")
    batch = {
        "features": np.zeros((1, 16, learner.network.features + FRAME), np.float32),
        "contour": np.random.default_rng(0).normal(size=(1, 16, 2)).astype(np.float32),
        "known": np.zeros((1, 16), np.float32),
    }
    nothing = {**batch, "contour": np.zeros_like(batch["contour"])}
    np.testing.assert_array_equal(array(learner.told(batch)), array(learner.told(nothing)))
    shown = {**batch, "known": np.ones((1, 16), np.float32)}
    assert np.abs(array(learner.told(shown)) - array(learner.told(batch))).max() > 1e-3


def test_the_share_of_frames_whose_past_is_hidden() -> None:
    learner = speech_runs.learner("speech_pitch", model={"forget": 0.25})
    known = learner.noisy({"known": np.ones((40, 100), np.float32)}, Noise(0, 0))["known"]
    assert 0.72 < known.mean() < 0.78
    again = learner.noisy({"known": np.ones((40, 100), np.float32)}, Noise(0, 0))["known"]
    np.testing.assert_array_equal(known, again)


def test_the_past_is_seen_as_often_as_in_training() -> None:
    np.testing.assert_array_equal(shown(7, 0.0), np.ones(7))
    found = shown(1_000, 0.9)
    assert found.sum() == 100
    assert set(np.diff(np.flatnonzero(found))) == {10}
    assert 249 <= shown(1_000, 0.75).sum() <= 251


def test_errors_against_hand() -> None:
    true = np.array([[0.0, 1], [0.5, 1], [1.0, 0], [1.0, 1]], np.float32)
    told = np.array([[0.1, 1], [0.6, 1], [1.0, 1], [1.1, 1]], np.float32)
    found = errors(true, told)
    assert found["voicing_error"] == 0.25
    # 0.1 in the scale of networks are 0.04 in natural logarithms.
    assert found["rmse_cents"] == pytest.approx(0.04 * 1200 / np.log(2), rel=1e-4)
    assert found["correlation"] == pytest.approx(1.0)


def test_contours_are_learned() -> None:
    train = {"steps": 120, "batch_size": 6, "learning_rate": 1e-2}
    sizes = {"residual": 12, "skip": 16, "head": 16, "channels": 16}
    learner = speech_runs.learner("speech_pitch", random=False, train=train, model=sizes)
    feed = learner.feed("train", 0)
    losses = [float(learner.update(feed.batch(k), Noise(0, k))["loss"]) for k in range(120)]
    assert np.mean(losses[-10:]) < 0.2 * np.mean(losses[:10])
    found = learner.evaluate(EvaluationRequest("train"), SILENT)
    assert found.metrics["voicing_error"] < 0.15
    assert [figure.name for figure in found.artifacts] == ["contours"]
    spoken = learner.spoken("train")
    utterance, durations = spoken.utterance(0)
    drawn = learner.contour(utterance, durations, None)
    assert drawn.shape == (spoken.frames(0), 2)
    assert set(np.unique(drawn[:, 1])) <= {0.0, 1.0}
    np.testing.assert_allclose(drawn, learner.predicted(spoken, SILENT)[0], atol=1e-4)
