"""Evaluation of a WaveNet: means by hand, what is left out, and everything at once."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from genkit.data.audio.dataset import AudioSplit
from genkit.data.audio.mulaw import encode
from genkit.family import EvaluationRequest
from genkit.metrics.linear_prediction import linear_prediction_bits
from genkit.models.wavenet.evaluation import by_attribute, likelihood, warm_up_note
from genkit.progress import SILENT
from tests import sounds

BIT = float(np.log(2.0))


def test_means_are_over_samples_behind_the_warm_up() -> None:
    scores = [np.array([-9.0, -1.0, -2.0]) * BIT, np.array([-5.0]) * BIT, np.full(4, -3.0) * BIT]
    found = likelihood(scores, 1)
    assert found["samples"] == 5
    assert found["bits_per_sample"] == pytest.approx((1 + 2 + 3 * 3) / 5)
    assert found["bits_per_sample_with_warm_up"] == pytest.approx((12 + 5 + 12) / 8)
    assert likelihood(scores, 9)["samples"] == 8  # nothing is left, so all count


def test_what_is_left_out_is_told() -> None:
    edges = np.cumsum([0, 3, 1, 4])
    split = AudioSplit(np.zeros(8, np.int16), edges, {}, 1000, ["a", "b", "c"])
    assert warm_up_note(split, 0) == "the first 0 samples of each recording"
    assert warm_up_note(split, 3) == "the first 3 samples of each recording, which is all of 2 of 3"
    assert warm_up_note(split, 4).startswith("none: no recording is longer than 4 samples")


def test_rows_by_attribute() -> None:
    tags = np.array([[1, 0, 0], [1, 1, 0]], np.uint8)
    edges = np.array([0, 1, 2])
    attributes = {"tags": tags, "speaker": np.array([1, 0])}
    split = AudioSplit(np.zeros(2, np.int16), edges, attributes, 1000, ["a", "b"])
    names = {"tags": ("x", "y", "z"), "speaker": ("p", "q")}
    rows = by_attribute([np.array([-1.0]) * BIT, np.array([-3.0]) * BIT], split, names, 0)
    found = {row["value"]: (row["count"], round(row["bits_per_sample"], 6)) for row in rows}
    assert found == {"x": (2, 2.0), "y": (1, 3.0), "p": (1, 3.0), "q": (1, 1.0)}


def test_a_whole_evaluation() -> None:
    data = {"sample_rate": 2_000, "seconds": 0.2, "train_count": 32, "crop": 64}
    learner = sounds.learner(
        "tags", data=data, sample={"tile": 4, "seconds": 0.2}, eval={"recognise": 4, "warm_up": 20}
    )
    found = learner.evaluate(EvaluationRequest("test", 4), SILENT)
    split = learner.split("test")
    metrics: dict[str, Any] = found.metrics
    assert metrics["uniform_bits_per_sample"] == 4.0
    assert metrics["samples"] == 4 * (400 - 20)
    codes = [encode(split.recording(i), 16) for i in range(4)]
    expected = linear_prediction_bits(codes, 16, warm_up=20).bits_per_sample
    assert metrics["linear_prediction_bits_per_sample"] == pytest.approx(expected)
    for name in ("sample_accuracy_tags", "real_accuracy_tags"):
        assert 0 <= metrics[name] <= 1
    assert metrics["frechet_log_mel"] > metrics["frechet_log_mel_real_split"]  # it is untrained
    assert {row["kind"] for row in found.tables["statistics"]} == {"real", "samples"}
    assert found.notes["warm_up"] == "the first 20 samples of each recording"
    assert {"samples", "real"} <= {artifact.name for artifact in found.artifacts}
    brief = learner.evaluate(EvaluationRequest("test", 4, brief=True), SILENT)
    assert brief.metrics["bits_per_sample"] == metrics["bits_per_sample"]
    assert not brief.artifacts


def test_what_a_condition_tells() -> None:
    plain = sounds.learner("tags")
    assert plain.told(plain.split("test")) == {}

    learner = sounds.learner("local", eval={"batch_size": 2})
    split = learner.split("test")
    kernels = [layer.local_kernel for layer in learner.network.stack.layers]
    for kernel in kernels:
        kernel.assign(np.zeros(kernel.shape, np.float32))
    deaf = learner.told(split)
    assert deaf == pytest.approx(
        {"bits_saved_by_condition": 0.0, "bits_saved_against_none": 0.0}, abs=1e-6
    )
    for kernel in kernels:
        kernel.assign(np.full(kernel.shape, 0.5, np.float32))
    # Without biases, frames of zeros are upsampled to zeros, as if no kernel read them.
    for layer in (learner.network.upsampling.mix, *learner.network.upsampling.maps):
        layer.bias.assign(np.zeros(layer.bias.shape, np.float32))
    hears = learner.told(split)
    assert abs(hears["bits_saved_by_condition"]) > 1e-4
    own = np.concatenate([scores for _, scores in learner.log_probabilities(split, SILENT)])
    for kernel in kernels:
        kernel.assign(np.zeros(kernel.shape, np.float32))
    none = np.concatenate([scores for _, scores in learner.log_probabilities(split, SILENT)])
    saved = (own.mean() - none.mean()) / np.log(2)
    assert abs(saved) > 1e-4
    assert hears["bits_saved_against_none"] == pytest.approx(saved, abs=1e-4)
