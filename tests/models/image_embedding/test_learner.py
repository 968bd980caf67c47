"""The learner of the image embedding: unit vectors, training, scores and proofs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from genkit.building import build_learner
from genkit.conformance.learner import learner_checks
from genkit.errors import UsageError
from genkit.family import EvaluationRequest, SampleSettings
from genkit.models.image_embedding import proofs
from genkit.progress import SILENT
from genkit.randomness import Noise
from genkit.recipe import from_mapping
from genkit.registry import families
from genkit.state import snapshot
from genkit.training import train_recipe
from tests import embeddings
from tests.densities import array

pytestmark = pytest.mark.backends
TINY = families.get("image_embedding").tiny


def images(count: int) -> np.ndarray:
    return embeddings.split(np.zeros(count), "tests/images").images


def test_images_become_unit_vectors() -> None:
    learner = embeddings.learner()
    assert (learner.shape, learner.levels, learner.dimensions) == ((6, 6, 1), 4, 4)
    found = learner.embed(images(9))
    assert found.shape == (9, 4)
    assert found.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), 1.0, atol=1e-5)
    assert np.array_equal(found, learner.embed(images(9)))
    assert learner.embed(images(0)).shape == (0, 4)


@pytest.mark.parametrize("count", [1, 3, 4, 5, 8])
def test_a_batch_that_is_not_full_changes_nothing(count: int) -> None:
    learner = embeddings.learner()
    np.testing.assert_allclose(
        learner.embed(images(9)[:count]), learner.embed(images(9))[:count], atol=1e-6
    )


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        (np.zeros((2, 6, 5, 1), np.uint8), "of shape (count, 6, 6, 1). Received: uint8 (2, 6, 5"),
        (np.zeros((6, 6, 1), np.uint8), "Received: uint8 (6, 6, 1)"),
        (np.zeros((2, 6, 6, 1), np.float32), "takes whole numbers"),
        (np.full((2, 6, 6, 1), 4, np.uint8), "takes values 0 to 3. Received: 4 to 4"),
        (np.full((2, 6, 6, 1), -1), "Received: -1 to -1"),
    ],
)
def test_other_images_are_refused(wrong: np.ndarray, says: str) -> None:
    with pytest.raises(UsageError) as caught:
        embeddings.learner().embed(wrong)
    assert says in caught.value.message


def test_a_few_updates_lower_the_loss_and_part_the_people() -> None:
    learner = embeddings.fresh(
        model={"people": 4, "photographs": 4, "widths": [8, 16], "dense": 32, "dimensions": 8},
        data={"size": 8, "train_count": 64, "test_count": 24},
        train={"batch_size": 16, "learning_rate": 5e-3},
    )
    feed = learner.feed("train", 0)
    losses = [float(learner.update(feed.batch(k), Noise(0, k))["loss"]) for k in range(60)]
    assert np.mean(losses[-10:]) < 0.7 * np.mean(losses[:10])
    found = learner.evaluate(EvaluationRequest("test", brief=True), SILENT).metrics
    assert found["verification_auc"] > 0.8


def test_metrics_of_an_update() -> None:
    learner = embeddings.fresh()
    found = learner.update(learner.feed("train", 0).batch(0), Noise(0, 0))
    assert {"loss", "active_share", "positive_squared_distance", "negative_squared_distance",
            "gradient_norm", "learning_rate"} == set(found)  # fmt: skip
    assert 0 <= float(found["active_share"]) <= 1


def test_dropout_is_drawn_for_each_update_and_never_for_embeddings() -> None:
    settings: dict[str, Any] = {"model": {"dropout": 0.5}}
    batch = embeddings.learner(**settings).feed("train", 0).batch(0)
    losses = []
    for noise in (Noise(0, 0), Noise(0, 0), Noise(0, 1)):
        learner = embeddings.fresh(**settings)
        np.testing.assert_array_equal(
            learner.embed(images(5)), embeddings.learner().embed(images(5))
        )
        losses.append(float(learner.update(batch, noise)["loss"]))
    assert losses[0] == losses[1] != losses[2]


def test_a_run_that_goes_on_ends_with_the_same_weights(tmp_path: Path) -> None:
    def arrays(path: Path, steps: int) -> dict[str, np.ndarray]:
        recipe = embeddings.recipe(
            model={"dropout": 0.3, "shift": 1},
            train={"steps": steps, "average": 0.9, "validate_every": 2},
        )
        run, _ = train_recipe(recipe, path)
        return dict(run.load_checkpoint("last").arrays)

    arrays(tmp_path / "twice", 3)
    again, once = arrays(tmp_path / "twice", 5), arrays(tmp_path / "once", 5)
    assert set(again) == set(once)
    assert all(np.array_equal(again[name], once[name]) for name in once)


def test_pieces_of_a_batch_are_triplets_of_their_own_people() -> None:
    settings = {"model": {"people": 4}, "train": {"batch_size": 8, "accumulate": 2}}
    learner = embeddings.fresh(**settings)
    found = learner.update(learner.feed("train", 0).batch(0), Noise(0, 0))
    assert np.isfinite(float(found["loss"]))


def test_bfloat16_keeps_unit_vectors_in_float32() -> None:
    learner = embeddings.fresh(train={"precision": "bfloat16"})
    assert learner.network.compute_dtype == "bfloat16"
    found = learner.embed(images(4))
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), 1.0, atol=1e-5)
    metrics = learner.update(learner.feed("train", 0).batch(0), Noise(0, 0))
    assert np.isfinite(float(metrics["loss"]))


def test_scores_name_the_nearest_person_of_training() -> None:
    learner = embeddings.learner()
    rows = list(learner.score("test", 5, SILENT))
    assert [row["index"] for row in rows] == [0, 1, 2, 3, 4]
    split = learner.split("test")
    assert [row["label"] for row in rows] == split.labels[:5].tolist()
    points = learner.embed(split.images[:5])
    np.testing.assert_allclose([row["embedding"] for row in rows], points, atol=1e-6)
    assert all(0 <= row["nearest"] < 4 and row["squared_distance"] >= 0 for row in rows)
    json.dumps(rows)


def test_scores_of_images_of_one_s_own(tmp_path: Path) -> None:
    np.savez(tmp_path / "mine.npz", images=images(3))
    rows = list(embeddings.learner().score(str(tmp_path / "mine.npz"), None, SILENT))
    assert len(rows) == 3
    assert "label" not in rows[0]


def test_there_is_nothing_to_sample() -> None:
    assert embeddings.learner().generator(SampleSettings(tile=1)) is None
    assert embeddings.learner().preview(2, 0) == ()


@pytest.mark.parametrize("name", TINY)
def test_every_check_of_tiny_configurations_passes(name: str) -> None:
    values = {"name": name, "family": "image_embedding", **TINY[name]}
    recipe = from_mapping(values, name)
    learner = build_learner(recipe)
    before = snapshot(learner)
    checks = [*learner.checks(), *learner_checks(recipe, learner)]
    names = {check.name for check in checks}
    assert names >= {"unit_length", "neighbour_differences", "inactive_gradient"}
    # The other backend takes a process of its own; one configuration is enough for it.
    chosen = [c for c in checks if name == "grey" or not c.name.startswith("continues_on")]
    found = {check.name: (check.run(), check.limit) for check in chosen}
    assert {key: pair for key, pair in found.items() if not pair[0] <= pair[1]} == {}
    after = snapshot(learner)
    assert all(np.array_equal(before[key], after[key]) for key in before)


def test_a_loss_without_a_gradient_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    from keras import ops

    learner = embeddings.learner()
    monkeypatch.setattr(proofs, "triplet_loss", lambda x, *rest: (0.0 * ops.sum(x), {}))
    assert proofs.inactive_gradient(learner) == float("inf")
    assert proofs.loss_differences(learner) > proofs.LIMIT


def test_an_embedding_that_sees_its_neighbours_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    learner = embeddings.learner()
    whole = learner._embed

    def centred(x: np.ndarray) -> Any:
        found = array(whole(x))
        return found - found.mean(axis=0)

    monkeypatch.setattr(learner, "_embed", centred)
    assert proofs.neighbour_differences(learner) > 100 * proofs.LIMIT
    assert proofs.unit_length(learner) > 100 * proofs.LIMIT
