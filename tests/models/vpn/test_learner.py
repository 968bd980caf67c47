"""Likelihood of videos, what steers them, and videos drawn frame by frame."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from genkit.family import EvaluationRequest, Forced, SampleSettings
from genkit.layers.values import centred_array
from genkit.metrics.entropy import soft_entropy
from genkit.progress import SILENT
from genkit.randomness import Noise
from genkit.sampling.driver import sample_tile
from tests import clips
from tests.densities import array, log_softmax

pytestmark = pytest.mark.backends
SOFT: dict[str, Any] = {"model": {"output": "sigmoid"}}
PUSHED: dict[str, Any] = {
    "model": {"condition": ["state", "action"], "context_condition": ["state"]},
    "data": clips.PUSHING,
}
BASELINE: dict[str, Any] = {"model": {"output": "sigmoid", "dependent": False}}


def items(learner: Any, count: int = 2, split: str = "test") -> dict[str, np.ndarray]:
    return learner.split(split).items(np.arange(count))


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


def test_the_evaluation() -> None:
    learner = clips.fresh(**SOFT, eval={"recognise": 3}, randomised=True)
    found = learner.evaluate(EvaluationRequest("test"), SILENT)
    nats = np.concatenate(list(learner.frame_nats(learner.split("test"), SILENT)))
    assert found.metrics["nats_per_frame"] == pytest.approx(nats.mean())
    bound = soft_entropy(items(learner, 6)["video"][:, 2:], 256).mean()
    assert found.metrics["bound_nats_per_frame"] == pytest.approx(bound)
    assert found.metrics["excess_nats_per_frame"] == pytest.approx(nats.mean() - bound)
    assert found.metrics["copy_last_nats_per_frame"] >= bound
    assert {"psnr", "ssim", "copy_last_psnr"} <= set(found.metrics)
    frames = found.tables["frames"]
    assert [row["frame"] for row in frames] == [2, 3]
    np.testing.assert_allclose([row["nats"] for row in frames], nats.mean(axis=0))
    brief = learner.evaluate(EvaluationRequest("test", brief=True), SILENT)
    assert "psnr" not in brief.metrics
    assert found.metrics["real_position_error_px"] < found.metrics["copy_last_position_error_px"]
    assert found.metrics["position_error_px"] > 0.0
    assert 0.0 <= found.metrics["digit_accuracy"] <= 1.0
    assert {"position_error_px", "real_digit_accuracy"} <= set(frames[0])
    assert [picture.name for picture in found.artifacts] == ["horizon", "samples"]


def test_the_evaluation_under_actions() -> None:
    learner = clips.fresh(**PUSHED, eval={"recognise": 2}, randomised=True)
    found = learner.evaluate(EvaluationRequest("test_novel", limit=2), SILENT)
    names = ("position_error_px", "steered_error_px", "copy_last_steered_error_px", "moved_count")
    assert {f"other_{name}" for name in names} | set(names) <= set(found.metrics)
    assert "digit_accuracy" not in found.metrics
    # Arms go somewhere else under other actions, and what stays does not go along.
    arms = [found.metrics[f"{name}copy_last_steered_error_px"] for name in ("", "other_")]
    assert min(arms) > 0.0
    assert arms[0] != arms[1]
    assert [picture.name for picture in found.artifacts] == ["horizon", "samples", "other_actions"]


def test_a_blind_model_draws_the_same_under_other_actions() -> None:
    learner = clips.learner(data=PUSHED["data"])
    split = learner.split("test")
    batch = split.items(np.arange(2))
    other = split.truth.other(0, learner.config.context)
    changed = {**batch, **{name: np.stack([rows] * 2) for name, rows in other.conditions.items()}}
    drawn = [learner.draw(each, 0).samples for each in (batch, changed)]
    np.testing.assert_array_equal(*drawn)
