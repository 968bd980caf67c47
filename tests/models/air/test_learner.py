"""The learner of AIR: training, counts, boxes, scores, pictures, proofs."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from keras import ops
from PIL import Image

from genkit.conformance.learner import learner_checks
from genkit.conformance.weights import random_weights
from genkit.data.scenes.dataset import SceneSplit
from genkit.errors import DataError, UsageError
from genkit.family import EvaluationRequest, SampleSettings
from genkit.layers import windows
from genkit.models.air import objective, proofs
from genkit.models.air.explained import Explained
from genkit.progress import SILENT
from genkit.randomness import Noise
from genkit.state import put_back, snapshot
from tests import scenes
from tests.densities import array
from tests.scenes import TINY


@pytest.mark.backends
@pytest.mark.parametrize("tiny", TINY)
def test_every_check_passes(tiny: str) -> None:
    checks = list(scenes.learner(tiny).checks())
    assert len(checks) == (6 if tiny == "solids" else 7)
    found = {check.name: (check.run(), check.limit) for check in checks}
    assert {name: pair for name, pair in found.items() if not pair[0] <= pair[1]} == {}


def test_checks_find_a_window_that_is_drawn_elsewhere(monkeypatch: Any) -> None:
    learner = scenes.fresh()
    monkeypatch.setattr(
        proofs, "draw_windows", lambda p, b, *s: windows.draw_windows(p, b + 1.0, *s)
    )
    assert proofs.window_differences(learner) > 0.1


def test_checks_find_things_that_are_drawn_though_they_are_absent() -> None:
    learner = scenes.fresh()
    call = learner.network.call

    def leaking(*args: Any) -> Any:
        found = call(*args)
        shape = found["canvas"].shape
        extra = ops.mean(found["what"], axis=(1, 2))
        return {**found, "canvas": found["canvas"] + ops.reshape(extra, (shape[0], 1, 1, 1))}

    learner.network.call = leaking
    with random_weights(learner.network.variables, proofs.DRAW):
        assert proofs.absent_differences(learner) > 1e-3


def test_saving_and_the_other_backend() -> None:
    recipe, learner = scenes.recipe("nvil"), scenes.fresh("nvil")
    found = {check.name: (check.run(), check.limit) for check in learner_checks(recipe, learner)}
    assert {name: pair for name, pair in found.items() if not pair[0] <= pair[1]} == {}


def test_updates_are_functions_of_batch_and_step() -> None:
    first, second = scenes.fresh("nvil"), scenes.fresh("nvil")
    feed, before = first.feed("train", 0), snapshot(first)
    for learner in (first, second):
        for k in range(2):
            metrics = learner.update(feed.batch(k), Noise(0, k))
    assert {"elbo_nats_per_image", "mean_count", "loss", "baseline_error"} <= set(metrics)
    assert all(np.ndim(array(value)) == 0 for value in metrics.values())
    ours, theirs = snapshot(first), snapshot(second)
    assert all(np.array_equal(ours[name], theirs[name]) for name in ours)
    moved = {name for name in before if not np.array_equal(before[name], ours[name])}
    assert any(name.startswith("baseline/baseline/memory") for name in moved)
    assert {"statistics/score_mean", "statistics/count_frequencies"} <= moved


@pytest.mark.backends
@pytest.mark.parametrize("tiny", ["nvil", "dair-colour"])
def test_the_bound_rises(tiny: str) -> None:
    learner = scenes.fresh(tiny, train={"learning_rate": 3e-3, "batch_size": 16})
    feed = learner.feed("train", 0)
    bounds = [
        float(array(learner.update(feed.batch(k), Noise(0, k))["elbo_nats_per_image"]))
        for k in range(40)
    ]
    assert np.mean(bounds[-8:]) > np.mean(bounds[:8])


def test_what_is_most_probable_does_not_depend_on_the_batch() -> None:
    learner = scenes.learner()
    images = np.asarray(learner.split("test").images)
    with random_weights(learner.network.variables, 3):
        together = learner.explain(images[:5])
        for row in range(5):
            alone = learner.explain(images[row : row + 1])
            np.testing.assert_allclose(alone.canvas[0], together.canvas[row], atol=1e-5)
            assert alone.counts[0] == together.counts[row]


def test_bounds_are_functions_of_seed_first_image_and_draw() -> None:
    learner = scenes.learner()
    images = np.asarray(learner.split("test").images)[:5]
    found = learner.weigh(images, 4, 10, 2)
    np.testing.assert_array_equal(found, learner.weigh(images, 4, 10, 2))
    for other in ((5, 10, 2), (4, 15, 2), (4, 10, 3)):
        assert (found[0] != learner.weigh(images, *other)[0]).any()
    assert set(found[2]) <= {0.0, 1.0, 2.0}


def test_bounds_do_not_depend_on_the_size_of_batches() -> None:
    """What is drawn for an image is a function of its number."""
    learner, other = scenes.learner(), scenes.learner(eval={"batch_size": 3})
    images = np.asarray(learner.split("test").images)
    whole = learner.weigh(images, 0, 60, 1)
    np.testing.assert_allclose(whole, other.weigh(images, 0, 60, 1), rtol=1e-4)
    np.testing.assert_allclose(whole[:, 4:7], learner.weigh(images[4:7], 0, 64, 1), rtol=1e-4)


def test_pieces_of_a_batch_move_the_prior_of_counts_as_one_batch_does() -> None:
    whole = scenes.fresh(train={"batch_size": 12})
    pieces = scenes.fresh(train={"batch_size": 12, "accumulate": 3})
    feed = whole.feed("train", 0)
    for k in range(2):
        for learner in (whole, pieces):
            learner.update(feed.batch(k), Noise(0, k))
    ours, theirs = (x.statistics.counts.numpy() for x in (whole, pieces))
    np.testing.assert_allclose(ours, theirs, atol=1e-5)


def test_what_eval_asks_for_and_scenes_cannot_give_is_refused_at_once() -> None:
    for tiny, asked, says in (
        ("concrete", {"optimise": 3}, "eval.optimise: is for scenes in 3D"),
        ("dair-colour", {"labels": [10]}, "with scenes of two digits"),
        ("images", {"labels": [10]}, "with scenes of two digits"),
        ("solids", {"labels": [10]}, "are of scenes of digits"),
        ("solids", {"optimise": 3}, "a camera that stands still"),
    ):
        with pytest.raises(UsageError, match=says):
            scenes.learner(tiny, eval=asked).evaluate(EvaluationRequest("test"), SILENT)


def test_bounds_average_below_importance_weighted_ones() -> None:
    metrics = scenes.learner().evaluate(EvaluationRequest("test"), SILENT).metrics
    assert metrics["elbo_nats_per_image"] < metrics["iwae_nats_per_image"]


def test_an_evaluation_counts_right() -> None:
    """Of a learner that finds exactly what there is, and of one that finds nothing."""
    learner = scenes.fresh()
    split: SceneSplit = learner.split("test")
    every = split.scenes(np.arange(len(split)))
    calls = []

    def perfect(images: np.ndarray) -> Explained:
        start = sum(calls) % len(split)
        calls.append(len(images))
        rows, slots = slice(start, start + len(images)), learner.config.slots
        count, boxes = every["count"][rows], np.zeros((len(images), slots, 4), np.float32)
        boxes[:, : every["box"].shape[1]] = every["box"][rows]
        return Explained(
            chances=np.ones((len(images), slots)),
            counts=count,
            canvas=images / np.float32(255),
            boxes=boxes,
            where=boxes[..., :3],
            what=boxes,
            patches=np.ones((len(images), slots, 6, 6, 1), np.float32),
        )

    learner.explain = perfect
    metrics = learner.evaluate(EvaluationRequest("test", brief=True), SILENT).metrics
    assert metrics["count_accuracy"] == 1.0
    assert metrics["window_iou"] == pytest.approx(1.0)
    assert metrics["box_iou"] == pytest.approx(1.0)
    assert metrics["mean_count"] == pytest.approx(every["count"].mean())


def test_a_whole_evaluation() -> None:
    found = scenes.learner().evaluate(EvaluationRequest("test"), SILENT)
    rows = found.tables["per_count"]
    assert [row["count"] for row in rows] == [0, 1, 2]
    assert sum(row["scenes"] for row in rows) == found.count == 9
    share = sum(row["count_accuracy"] * row["scenes"] for row in rows) / 9
    assert share == pytest.approx(found.metrics["count_accuracy"])
    assert [artifact.name for artifact in found.artifacts] == [
        "reconstructions",
        "counts",
    ]
    assert "prior of counts 0:" in found.notes["likelihood"]


def test_images_without_a_truth_have_bounds_only() -> None:
    found = scenes.learner("images").evaluate(EvaluationRequest("test", 5), SILENT)
    assert set(found.metrics) == {
        "elbo_nats_per_image",
        "elbo_nats_per_image_standard_error",
        "iwae_nats_per_image",
        "mean_count",
    }
    assert found.tables == {}


def test_scores_of_a_split_and_of_own_images(tmp_path: Path) -> None:
    learner = scenes.learner()
    rows = list(learner.score("test", 7, SILENT))
    assert [row["index"] for row in rows] == list(range(7))
    assert all(len(row["boxes"]) == row["count"] for row in rows)
    np.savez(tmp_path / "mine.npz", images=np.asarray(learner.split("test").images)[:7])
    own = list(learner.score(str(tmp_path / "mine.npz"), None, SILENT))
    assert own == rows
    files = list(learner.item_files("test", 3, SILENT))
    assert [file.name for file in files] == ["000000", "000001", "000002"]
    with Image.open(io.BytesIO(files[0].preview() or b"")) as picture:
        assert picture.height > 1.5 * picture.width  # the image above what is drawn of it


@pytest.mark.parametrize(
    ("images", "says"),
    [
        (np.zeros((2, 16, 15, 1), np.uint8), "must have shape (count, 16, 16, 1)"),
        (np.full((2, 16, 16, 1), 256, np.int32), "must hold values 0 to 255"),
        (np.zeros((2, 16, 16, 1), np.float32), "must be integers"),
        (np.zeros((0, 16, 16, 1), np.uint8), "holds no images"),
    ],
)
def test_images_that_do_not_fit(images: np.ndarray, says: str, tmp_path: Path) -> None:
    np.savez(tmp_path / "mine.npz", images=images)
    with pytest.raises(DataError) as caught:
        list(scenes.learner().score(str(tmp_path / "mine.npz"), None, SILENT))
    assert says in caught.value.message


def draw(learner: Any, rows: Any, seed: int = 0, **settings: Any) -> Any:
    from genkit.sampling.driver import sample_tile

    generator = learner.generator(SampleSettings(tile=4, **settings))
    (found,) = sample_tile(generator, seed, range(4), rows)
    return found


def test_samples_have_the_count_that_was_asked_for() -> None:
    learner = scenes.learner()
    with random_weights(learner.network.variables, 2):
        found = draw(learner, [{"count": str(n)} for n in (0, 1, 2, 2)])
    np.testing.assert_array_equal(found.count, [0, 1, 2, 2])
    assert found.samples.shape == (4, 16, 16, 1)
    assert found.samples.dtype == np.uint8
    assert found.samples[0].max() == 0
    assert found.log_prob[0] == 0.0
    assert (found.box[1, 1:] == 0).all()
    assert (found.box[3, :, 2:] > 0).all()
    assert (np.diff(found.log_prob[:3]) < 0).all()


def test_counts_are_drawn_as_they_were_inferred() -> None:
    learner = scenes.fresh()
    learner.statistics.counts.assign(np.array([0.0, 0.75, 0.25], np.float32))
    generator = learner.generator(SampleSettings(tile=500))
    arrays = generator.conditions([{}] * 500, 0)
    chunk = generator.advance((), generator.noise(1, range(500), 0), None, arrays)
    counts = np.bincount(chunk.extras["count"], minlength=3) / 500
    np.testing.assert_allclose(counts, [0, 0.75, 0.25], atol=0.06)


def test_temperature_zero_draws_the_middle_of_the_prior() -> None:
    learner = scenes.learner()
    with random_weights(learner.network.variables, 2):
        found = draw(learner, [{"count": "1"}] * 4, temperature=0.0)
    assert (found.samples == found.samples[0]).all()
    np.testing.assert_allclose(found.box[0, 0], [4, 4, 8, 8], atol=1e-5)


@pytest.mark.parametrize(
    ("row", "settings", "says"),
    [
        ({"count": "4"}, {}, "a whole number from 0 to 2, the slots of the model. Received: '4'"),
        ({"count": "two"}, {}, "Received: 'two'"),
        ({"class": "1"}, {}, "unknown condition 'class'"),
        ({}, {"top_k": 3}, "--top-k is for values drawn one by one"),
        ({}, {"sampler": "naive"}, "--sampler naive is for values drawn one by one"),
    ],
)
def test_what_cannot_be_drawn(row: Any, settings: Any, says: str) -> None:
    with pytest.raises(UsageError) as caught:
        draw(scenes.learner(), [row] * 4, **settings)
    assert says.lower() in caught.value.message.lower()


def test_drawn_boxes_are_cut_to_the_ink() -> None:
    patch = np.zeros((1, 1, 8, 8, 1), np.float32)
    patch[0, 0, 2:4, 1:7] = 0.9
    boxes = np.array([[[10.0, 20.0, 16.0, 8.0]]], np.float32)
    zeros = np.zeros((1, 1, 3), np.float32)
    found = Explained(
        chances=np.ones((1, 1)),
        counts=np.ones(1, int),
        canvas=np.zeros((1, 4, 4, 1), np.float32),
        boxes=boxes,
        where=zeros,
        what=zeros,
        patches=patch,
    )
    np.testing.assert_allclose(found.drawn_boxes()[0, 0], [14, 21, 4, 6])


def test_a_preview_shows_images_above_what_is_drawn_of_them() -> None:
    (figure,) = scenes.learner().preview(6, 0)
    assert figure.name == "reconstructions"
    with Image.open(io.BytesIO(figure.png)) as picture:
        assert min(picture.size) > 100


def test_likelihood_of_a_dark_image_on_a_dark_canvas() -> None:
    dark = np.zeros((1, 3, 2, 1), np.float32)
    value = array(objective.log_likelihood(dark, dark, 0.3))[0]
    assert value == pytest.approx(-6 * 0.5 * np.log(2 * np.pi * 0.09), rel=1e-5)


def test_greed_weighs_less_and_less() -> None:
    """An update's loss is the usual one, less what first things explain; from `greed.steps` on it
    is the usual one."""
    plain = scenes.fresh("concrete")
    greedy = scenes.fresh("concrete", model={"greed": {"start": 0.5, "steps": 4}})
    batch = plain.feed("train", 0).batch(0)
    for step, weight in ((0, 0.5), (2, 0.25), (4, 0.0), (9, 0.0)):
        losses = [first_loss(learner, batch, step) for learner in (plain, greedy)]
        found = greedy.schedule(len(batch["image"]), step)["greed"]
        np.testing.assert_allclose(found, weight)
        assert (losses[0] == losses[1]) == (weight == 0.0)


def first_loss(learner: Any, batch: Any, step: int) -> float:
    """Loss of an update, after which the learner is as it was."""
    kept = snapshot(learner)
    loss = float(array(learner.update(batch, Noise(0, step))["loss"]))
    put_back(learner, kept)
    return loss
