"""Likelihood, scores and evaluation, against sums over every image and plain NumPy."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import pytest

from genkit.data.images.dataset import ImageSplit
from genkit.errors import UsageError
from genkit.family import EvaluationRequest
from genkit.progress import SILENT
from tests import densities
from tests.densities import array, log_softmax

pytestmark = pytest.mark.backends
LN2 = np.log(2.0)
TINY = {"model": {"condition": "class"}, "data": {"size": 2, "levels": 2}}


def reference(learner: Any, images: np.ndarray, labels: np.ndarray | None) -> np.ndarray:
    """Log-probability of each image in float64, from one forward pass of all of them."""
    vector = learner.vector({"image": images, "label": labels})
    chances = log_softmax(array(learner.view.logits(images.astype(np.int32), vector)))
    chosen = np.take_along_axis(chances, images[..., None].astype(np.int64), -1)[..., 0]
    return chosen.sum(axis=(1, 2, 3))


def scored(learner: Any, split: ImageSplit) -> np.ndarray:
    return np.concatenate(list(learner.log_probabilities(split, SILENT)))


def every_image(shape: tuple[int, int, int], levels: int) -> np.ndarray:
    size = int(np.prod(shape))
    return np.array(list(product(range(levels), repeat=size)), np.uint8).reshape(-1, *shape)


@pytest.mark.parametrize("label", range(4))
def test_probabilities_of_all_sixteen_binary_images_add_up_to_one(label: int) -> None:
    learner = densities.learner(**TINY)
    images = every_image((2, 2, 1), 2)
    assert len(images) == 16
    found = scored(learner, ImageSplit(images, np.full(16, label), 2))
    assert np.exp(found).sum() == pytest.approx(1.0, abs=1e-5)
    assert np.ptp(found) > 0.2  # far from the uniform distribution


def test_probabilities_of_all_colour_images_add_up_to_one() -> None:
    """12 binary values: every one of the 4,096 images, colours conditioned on each other."""
    learner = densities.learner(
        model={"width": 5, "head": 7},
        data={"size": 2, "levels": 2, "channels": 3},
        eval={"batch_size": 1024},
    )
    images = every_image((2, 2, 3), 2)
    assert np.exp(scored(learner, ImageSplit(images, None, 2))).sum() == pytest.approx(1, abs=1e-4)


@pytest.mark.parametrize("count", [1, 4, 10])
def test_padding_of_the_last_batch_changes_nothing(count: int) -> None:
    """Batches hold 4 images: 1 and 10 leave a short one."""
    learner = densities.learner(model={"condition": "class"})
    split = learner.split("test").first(count)
    wanted = reference(learner, split.images, split.labels)
    np.testing.assert_allclose(scored(learner, split), wanted, rtol=1e-5)


def test_evaluation_equals_the_reference() -> None:
    learner = densities.learner(model={"condition": "class"})
    split = learner.split("test")
    found = learner.evaluate(EvaluationRequest("test"), SILENT)
    log_prob = reference(learner, split.images, split.labels)
    nats = -log_prob.mean()
    assert found.count == 10
    assert found.metrics["nats_per_image"] == pytest.approx(nats, rel=1e-5)
    assert found.metrics["nats_per_dim"] == pytest.approx(nats / 16, rel=1e-5)
    assert found.metrics["bits_per_dim"] == pytest.approx(nats / (16 * LN2), rel=1e-5)
    error = log_prob.std() / np.sqrt(10)
    assert found.metrics["nats_per_image_standard_error"] == pytest.approx(error, rel=1e-4)

    rows = found.tables["per_class"]
    assert [row["class"] for row in rows] == sorted(set(split.labels.tolist()))
    assert sum(row["count"] for row in rows) == 10
    for row in rows:
        chosen = -log_prob[split.labels == row["class"]].mean()
        assert row["count"] == np.sum(split.labels == row["class"])
        assert row["nats_per_image"] == pytest.approx(chosen, rel=1e-5)
        assert row["bits_per_dim"] == pytest.approx(chosen / (16 * LN2), rel=1e-5)


def test_scores_of_images_add_up_to_the_evaluation() -> None:
    learner = densities.learner(model={"condition": "class"})
    rows = list(learner.score("test", None, SILENT))
    metrics = learner.evaluate(EvaluationRequest("test", brief=True), SILENT).metrics
    assert [row["index"] for row in rows] == list(range(10))
    assert [row["label"] for row in rows] == learner.split("test").labels.tolist()
    assert -np.mean([r["log_prob"] for r in rows]) == pytest.approx(metrics["nats_per_image"])
    assert np.mean([r["bits_per_dim"] for r in rows]) == pytest.approx(metrics["bits_per_dim"])
    assert len(list(learner.score("test", 3, SILENT))) == 3
    assert list(learner.score("test", 3, SILENT)) == rows[:3]


def test_a_limit_takes_the_first_images() -> None:
    learner = densities.learner(model={"condition": "class"})
    found = learner.evaluate(EvaluationRequest("test", limit=3), SILENT)
    split = learner.split("test").first(3)
    wanted = -reference(learner, split.images, split.labels).mean()
    assert found.count == 3
    assert found.metrics["nats_per_image"] == pytest.approx(wanted, rel=1e-5)


def test_brief_evaluation_leaves_tables_out() -> None:
    learner = densities.learner(model={"condition": "class"})
    assert learner.evaluate(EvaluationRequest("test", brief=True), SILENT).tables == {}


def test_unconditional_scores_do_not_depend_on_labels() -> None:
    learner = densities.learner()
    split = learner.split("test").first(4)
    bare = ImageSplit(split.images, None, split.levels)
    np.testing.assert_array_equal(scored(learner, split), scored(learner, bare))


def test_a_conditional_model_says_that_labels_are_missing() -> None:
    learner = densities.learner(model={"condition": "class"})
    images = learner.split("test").images
    with pytest.raises(UsageError) as caught:
        scored(learner, ImageSplit(images, None, 3))
    assert caught.value.message == (
        "this model is conditioned on classes, but the images have no labels"
    )


def test_labels_that_the_model_does_not_know_are_told() -> None:
    learner = densities.learner(model={"condition": "class"})
    images = learner.split("test").images[:2]
    for label in (4, -1):
        with pytest.raises(UsageError) as caught:
            scored(learner, ImageSplit(images, np.array([1, label]), 3))
        assert caught.value.message == (
            f"a label must be a class of this model, 0 to 3. Received: {label}"
        )


def test_a_wrong_split_is_told_with_the_nearest_name() -> None:
    learner = densities.learner()
    with pytest.raises(UsageError) as caught:
        learner.evaluate(EvaluationRequest("tset"), SILENT)
    assert caught.value.message == (
        "data set textures: unknown split 'tset'. Did you mean 'test'? "
        "Allowed: test, train, validation."
    )
