"""Which envelopes frames have: sizes, closed forms, what is learned, told and scored."""

from __future__ import annotations

import numpy as np
import pytest

from genkit.family import EvaluationRequest
from genkit.models.speech_prosody.config import envelope_parameters
from genkit.models.speech_prosody.envelopes import distances, own, predictor_distances
from genkit.progress import SILENT
from genkit.randomness import Noise
from genkit.speech.sizes import CENTRE, SPREAD
from tests import speech_runs


@pytest.mark.parametrize("tiny", ["plain", "voices"])
def test_parameters_are_as_many_as_the_closed_form_says(tiny: str) -> None:
    learner = speech_runs.learner("speech_envelope", tiny)
    found = sum(int(np.prod(w.shape)) for w in learner.network.trainable_variables)
    assert found == envelope_parameters(learner.recipe.model, learner.recipe.data)


def test_distances_in_closed_form() -> None:
    """The best predictor of white noise is none; twice its power is log 2 - 1/2 too much."""
    white = np.array([[0.25, 0.0, 0.0]])
    told = np.array([[0.0, 0.0, (np.log(0.5) - CENTRE) / SPREAD]])
    same = distances(white, told)
    assert same["itakura_saito"] == pytest.approx(0.0, abs=1e-6)
    assert same["log_spectral_distortion_db"] == pytest.approx(0.0, abs=1e-4)
    twice = (np.zeros((1, 2)), np.array([np.log(np.sqrt(0.5))]))
    loud = predictor_distances(white, own(white), twice)
    assert loud["itakura_saito"] == pytest.approx(np.log(2) - 0.5)
    assert loud["log_spectral_distortion_db"] == pytest.approx(10 * np.log10(2))


def test_the_loss_is_the_likelihood_of_the_predictor() -> None:
    learner = speech_runs.learner("speech_envelope")
    spoken = learner.spoken("test")
    batch = learner.arrays(spoken, [0])
    told = np.asarray(learner.told(batch))[0]
    nats = float(learner.loss(batch)[0])
    own_rows = learner._correlation(spoken, 0)
    best, deviation = own(own_rows)
    count = len(own_rows)
    half = 0.5 * distances(own_rows, told[:count])["itakura_saito"]
    bound = float(np.mean(deviation + 0.5 + 0.5 * np.log(2 * np.pi)))
    assert nats == pytest.approx(bound + half, rel=1e-3)
    assert best.shape == (count, 3)


def test_envelopes_are_learned_and_better_than_the_means_of_phones() -> None:
    train = {"steps": 150, "batch_size": 6, "learning_rate": 1e-2}
    sizes = {"units": 32, "order": 8}
    learner = speech_runs.learner("speech_envelope", random=False, train=train, model=sizes)
    feed = learner.feed("train", 0)
    losses = [float(learner.update(feed.batch(k), Noise(0, k))["loss"]) for k in range(150)]
    assert losses[-1] < losses[0] - 1.0
    found = learner.evaluate(EvaluationRequest("train"), SILENT)
    assert found.metrics["itakura_saito"] < found.metrics["phone_mean_itakura_saito"]
    assert (
        found.metrics["log_spectral_distortion_db"]
        < found.metrics["phone_mean_log_spectral_distortion_db"]
    )
    assert [figure.name for figure in found.artifacts] == ["envelopes"]


def test_one_recording_is_told_as_in_a_batch() -> None:
    learner = speech_runs.learner("speech_envelope", "voices")
    spoken = learner.spoken("test")
    vectors = learner.vector(spoken, [0, 1])["vector"]
    told = learner.predicted(spoken, SILENT)
    for i in range(2):
        found = learner.envelope(spoken.features(i, pitch=False), vectors[i])
        np.testing.assert_allclose(found, told[i], atol=1e-6)
        assert (np.abs(found[:, :-1]) <= 1).all()
    other = learner.envelope(spoken.features(0, pitch=False), 5 * vectors[1])
    assert np.abs(other - told[0]).max() > 1e-3


def test_a_frame_sees_its_halo_and_no_further() -> None:
    learner = speech_runs.learner("speech_envelope")
    features = learner.spoken("test").features(0, pitch=False)[:9].copy()
    before = learner.envelope(features, None)
    features[4] += 1.0
    changed = np.abs(learner.envelope(features, None) - before).max(axis=1) > 0
    assert np.flatnonzero(changed).tolist() == [3, 4, 5]


def test_scores_are_a_row_a_recording() -> None:
    learner = speech_runs.learner("speech_envelope")
    rows = list(learner.score("test", 1, SILENT))
    assert len(rows) == 1
    assert rows[0]["frames"] == learner.spoken("test").frames(0)
    assert rows[0]["itakura_saito"] > 0
