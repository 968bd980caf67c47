"""What an evaluation tells of videos. It reads what learners give: one backend is enough."""

from __future__ import annotations

import numpy as np
import pytest

from genkit.family import EvaluationRequest
from genkit.metrics.entropy import soft_entropy
from genkit.progress import SILENT
from tests import clips
from tests.clips import PUSHED, SOFT, items


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
