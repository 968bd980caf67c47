"""Likelihood of videos, what steers them, and videos drawn frame by frame."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from genkit.family import Forced, SampleSettings
from genkit.layers.values import centred_array
from genkit.metrics.entropy import soft_entropy
from genkit.progress import SILENT
from genkit.randomness import Noise
from genkit.sampling.driver import sample_tile
from tests import clips
from tests.clips import PUSHED, SOFT, items
from tests.densities import array, log_softmax

pytestmark = pytest.mark.backends
BASELINE: dict[str, Any] = {"model": {"output": "sigmoid", "dependent": False}}


@pytest.mark.parametrize("settings", [SOFT, {}, PUSHED, BASELINE])
def test_an_update_changes_every_weight(settings: dict[str, Any]) -> None:
    learner = clips.fresh(**settings)
    variables = learner.networks["network"].variables
    before = {v.path: array(v.value).copy() for v in variables}
    for k in range(3):
        metrics = learner.update(learner.feed("train", 0).batch(k), Noise(0, k))
        assert np.isfinite(float(metrics["loss"]))
    still = [v.path for v in variables if np.array_equal(before[v.path], array(v.value))]
    assert still == []


def test_grey_targets_are_soft() -> None:
    """-(z ln y + (1 - z) ln(1 - y)), z the grey value, y the sigmoid."""
    learner = clips.learner(**SOFT)
    video = items(learner)["video"]
    scores = array(learner.networks["network"](centred_array(video, 256)))[..., 1].astype(float)
    z, y = video[:, 2:] / 255.0, 1 / (1 + np.exp(-scores))
    wanted = -(z * np.log(y) + (1 - z) * np.log(1 - y)).sum(axis=(2, 3, 4))
    (found,) = learner.frame_nats(learner.split("test").first(2), SILENT)
    np.testing.assert_allclose(found, wanted, rtol=1e-4)
    assert (wanted > soft_entropy(video[:, 2:], 256)).all()


def test_values_have_a_softmax_each() -> None:
    learner = clips.learner(**PUSHED)
    batch = items(learner)
    network = learner.networks["network"]
    logits = log_softmax(array(network(centred_array(batch["video"], 4), learner.vectors(batch))))
    targets = batch["video"][:, 2:].astype(int)
    wanted = -np.take_along_axis(logits, targets[..., None], -1).sum(axis=(2, 3, 4, 5))
    (found,) = learner.frame_nats(learner.split("test").first(2), SILENT)
    np.testing.assert_allclose(found, wanted, rtol=1e-5)


def test_what_is_known_during_the_context_only_is_zero_behind_it() -> None:
    learner = clips.learner(**PUSHED)
    batch = items(learner)
    vectors = learner.vectors(batch)
    width = batch["condition/state"].shape[-1]
    np.testing.assert_array_equal(vectors[:, :2, :width], batch["condition/state"][:, :2])
    np.testing.assert_array_equal(vectors[:, 2:, :width], 0)
    np.testing.assert_array_equal(vectors[..., width:], batch["condition/action"])


def test_an_action_steers_the_frames_behind_it() -> None:
    learner = clips.learner(**PUSHED)
    batch = items(learner)
    network, x = learner.networks["network"], centred_array(batch["video"], 4)
    vectors = learner.vectors(batch)
    plain = array(network(x, vectors))
    for t in range(4):
        other = vectors.copy()
        other[:, t, -1] += 1.0
        moved = np.abs(array(network(x, other)) - plain).max(axis=(0, 2, 3, 4, 5)) > 0
        # Frames 2 and 3 are predicted; the action of the last frame has no frame behind it.
        np.testing.assert_array_equal(moved, [t < 2, t < 3])


@pytest.mark.parametrize("settings", [SOFT, PUSHED, BASELINE])
def test_samples_have_the_likelihood_that_they_say(settings: dict[str, Any]) -> None:
    """The drawn video through the whole network, as values that were drawn."""
    learner = clips.learner(**settings)
    batch = items(learner)
    found = learner.draw(batch, 3)
    np.testing.assert_array_equal(found.samples[:, :2], batch["video"][:, :2])
    x, levels = centred_array(found.samples, learner.levels), learner.view.levels
    vectors = learner.vectors(batch) if learner.config.condition else None
    logits = log_softmax(array(learner.networks["network"](x, vectors)))
    drawn = (found.samples[:, 2:] // ((learner.levels - 1) // (levels - 1))).astype(int)
    wanted = np.take_along_axis(logits, drawn[..., None], -1).sum(axis=(1, 2, 3, 4, 5))
    np.testing.assert_allclose(found.log_prob, wanted, rtol=1e-4)


@pytest.mark.parametrize("settings", [SOFT, PUSHED])
def test_all_samplers_draw_the_same_videos(settings: dict[str, Any]) -> None:
    learner = clips.learner(**settings)
    arrays = {"vector": learner.flat(items(learner))}
    drawn = {}
    for sampler in ("incremental", "naive", "fixed-point"):
        generator = learner.generator(SampleSettings(2, sampler=sampler))
        (videos,) = sample_tile(generator, 1, range(2), [], arrays=arrays)
        drawn[sampler] = videos.samples
    np.testing.assert_array_equal(drawn["naive"], drawn["incremental"])
    np.testing.assert_array_equal(drawn["fixed-point"], drawn["incremental"])


def test_given_frames_are_kept() -> None:
    learner = clips.learner(**PUSHED)
    batch = items(learner)
    values = batch["video"][:, 2:].astype(np.int32)
    mask = np.zeros_like(values)
    mask[:, 0] = 1
    generator = learner.generator(SampleSettings(2))
    arrays = {"vector": learner.flat(batch)}
    (found,) = sample_tile(generator, 1, range(2), [], Forced(values, mask), arrays=arrays)
    np.testing.assert_array_equal(found.samples[:, 2], values[:, 0])


def test_conditions_follow_the_clip_that_is_gone_on_from(tmp_path: Any) -> None:
    learner = clips.learner(**PUSHED)
    generator = learner.generator(SampleSettings(2))
    found = generator.conditions([{"video": "test"}] * 2, 1)["vector"]
    np.testing.assert_allclose(found, learner.flat(items(learner, 3))[1:], rtol=1e-6)
    np.savez(tmp_path / "still.npz", action=np.zeros((1, 4, 2), np.float32))
    row = {"video": "test:2", "action": f"{tmp_path}/still.npz"}
    other = generator.conditions([row] * 2, 0)["vector"]
    np.testing.assert_array_equal(other[0, -8:], 0)
    np.testing.assert_allclose(other[0, :-8], learner.flat(items(learner, 3))[2, :-8], rtol=1e-6)
