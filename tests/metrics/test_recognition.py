"""Whether samples are recognised, by a classifier that knows real images."""

from __future__ import annotations

import numpy as np
import pytest

from genkit.artifacts import Images
from genkit.data.images.dataset import ImageSplit
from genkit.errors import UsageError
from genkit.family import EvaluationRequest
from genkit.metrics.recognition import recognise
from genkit.progress import SILENT
from tests import densities
from tests.image_files import read

DIGITS = read(name="digits")


def as_samples(split: ImageSplit, labels: np.ndarray | None) -> Images:
    count = len(split)
    return Images(split.images, np.zeros(count), np.arange(count), split.levels, labels)


def test_real_images_are_recognised_and_wrong_ones_are_not() -> None:
    train, test = DIGITS.split("train"), DIGITS.split("test")
    found = recognise(train, test, as_samples(test, test.labels))
    assert found.metrics["real_accuracy"] > 0.97
    assert found.metrics["sample_accuracy"] == found.metrics["real_accuracy"]
    assert [row["class"] for row in found.rows] == list(range(10))
    assert sum(row["count"] for row in found.rows) == 400
    mean = np.average([r["sample_accuracy"] for r in found.rows], weights=[
        r["count"] for r in found.rows])  # fmt: skip
    assert mean == pytest.approx(found.metrics["sample_accuracy"])
    assert found.figure.name == "confusion"
    assert found.figure.png.startswith(b"\x89PNG")

    asked = (test.labels + 1) % 10
    wrong = recognise(train, test, as_samples(test, asked))
    assert wrong.metrics["sample_accuracy"] < 0.05
    assert wrong.metrics["real_accuracy"] == found.metrics["real_accuracy"]


def test_only_asked_classes_have_a_row() -> None:
    train, test = DIGITS.split("train").first(300), DIGITS.split("test").first(40)
    chosen = test.labels == 7
    seven = ImageSplit(test.images[chosen], test.labels[chosen], test.levels)
    found = recognise(train, test, as_samples(seven, seven.labels))
    assert [row["class"] for row in found.rows] == [7]


def test_labels_are_needed() -> None:
    train, test = DIGITS.split("train").first(50), DIGITS.split("test").first(10)
    bare = ImageSplit(test.images, None, test.levels)
    for arguments in (
        (train, bare, as_samples(test, test.labels)),
        (train, test, as_samples(test, None)),
    ):
        with pytest.raises(UsageError, match="recognition needs labels on images and samples"):
            recognise(*arguments)


def test_evaluation_draws_samples_and_lets_them_be_named() -> None:
    """Untrained: the samples look like none of the classes they were asked to be."""
    settings = {
        "model": {"condition": "class"},
        "data": {"test_count": 12, "train_count": 40},
        "eval": {"recognise": 12},
        "sample": {"tile": 4},
    }
    learner = densities.learner(**settings)
    found = learner.evaluate(EvaluationRequest("test"), SILENT)
    assert {"sample_accuracy", "real_accuracy", "bits_per_dim"} <= set(found.metrics)
    assert sum(row["count"] for row in found.tables["recognition"]) == 12
    assert [artifact.name for artifact in found.artifacts] == ["confusion"]
    again = learner.evaluate(EvaluationRequest("test"), SILENT)
    assert again.metrics == found.metrics
    brief = learner.evaluate(EvaluationRequest("test", brief=True), SILENT)
    assert "sample_accuracy" not in brief.metrics


def test_unconditional_samples_cannot_be_recognised_and_are_not_drawn() -> None:
    learner = densities.learner(eval={"recognise": 12})
    found = learner.evaluate(EvaluationRequest("test"), SILENT)
    assert "sample_accuracy" not in found.metrics
    assert found.artifacts == []
