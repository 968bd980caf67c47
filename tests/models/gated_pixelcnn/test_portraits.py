"""Portraits: a run that embeds images is an input of the density that its embedding steers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from genkit.building import build_learner, run_signature
from genkit.errors import RecipeError, UsageError
from genkit.family import EvaluationRequest, SampleSettings
from genkit.metrics.nearest import nearest_accuracy
from genkit.opening import open_run
from genkit.progress import SILENT
from genkit.randomness import Noise
from genkit.recipe import from_mapping
from genkit.registry import families
from genkit.sampling.driver import sample_tile
from genkit.training import train_recipe
from tests import densities
from tests.densities import array

pytestmark = pytest.mark.backends
FACES = families.get("image_embedding").tiny["grey"]


def embedding_run(folder: Path, seed: int) -> Path:
    sections = {**FACES, "train": {**FACES["train"], "steps": 3, "seed": seed}}
    recipe = from_mapping({"family": "image_embedding", **sections}, "faces")
    return train_recipe(recipe, folder / f"faces-{seed}")[0].path


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> dict[int, Path]:
    folder = tmp_path_factory.mktemp("runs")
    return {seed: embedding_run(folder, seed) for seed in (0, 1)}


def recipe(run: Path, condition: Any = ("embedding",), **data: Any) -> Any:
    return from_mapping(
        {
            "family": "gated_pixelcnn",
            "inputs": {"embedding": str(run)},
            "model": {**densities.MODEL, "condition": list(condition)},
            "data": {**FACES["data"], **data},
            "train": {"batch_size": 4},
            "eval": {"batch_size": 4, "recognise": 9},
        },
        "portraits",
    )


@pytest.fixture(scope="module")
def learner(runs: dict[int, Path]) -> Any:
    found = build_learner(recipe(runs[0]))
    densities.randomise(found)
    return found


def embed(run: Path, images: np.ndarray) -> np.ndarray:
    opened: Any = open_run(str(run), "best").learner
    return np.asarray(opened.embed(images))


def test_batches_hold_the_embedding_of_their_own_images(
    learner: Any, runs: dict[int, Path]
) -> None:
    batch = learner.feed("train", 0).batch(1)
    wanted = embed(runs[0], batch["image"])
    np.testing.assert_allclose(learner.vector(batch), wanted, atol=1e-6)


def test_an_update_leaves_the_embedding_as_it_is(runs: dict[int, Path]) -> None:
    own: Any = build_learner(recipe(runs[0]))
    images = own.split("train").images[:3]
    before = own.sources.embedders["embedding"].embed(images)
    for k in range(2):
        assert np.isfinite(float(own.update(own.feed("train", 0).batch(k), Noise(0, k))["loss"]))
    np.testing.assert_array_equal(own.sources.embedders["embedding"].embed(images), before)
    assert not any("image_embedding" in name for name in own.variables())


def test_initial_weights_are_the_recipe_s_own(runs: dict[int, Path]) -> None:
    """They do not depend on which run is opened, nor on when."""
    one, other = (build_learner(recipe(runs[seed])) for seed in (0, 1))
    for name, variable in one.variables().items():
        np.testing.assert_array_equal(array(variable.value), array(other.variables()[name].value))


def test_the_signature_covers_the_embedding(runs: dict[int, Path]) -> None:
    assert run_signature(recipe(runs[0])) != run_signature(recipe(runs[1]))


def test_an_image_or_its_embedding_steer_alike(
    learner: Any, runs: dict[int, Path], tmp_path: Path
) -> None:
    images = learner.split("test").images[:4]
    np.savez(tmp_path / "faces.npz", images=images)
    np.savez(tmp_path / "codes.npz", embedding=embed(runs[0], images))
    generator = learner.generator(SampleSettings(4))
    drawn = [
        sample_tile(generator, 0, range(4), [row] * 4)[0].samples
        for row in (
            {"image": str(tmp_path / "faces.npz")},
            {"embedding": str(tmp_path / "codes.npz")},
            {"image": "test"},
        )
    ]
    np.testing.assert_array_equal(drawn[0], drawn[1])
    np.testing.assert_array_equal(drawn[0], drawn[2])


def test_the_evaluation_asks_the_embedding_who_is_shown(
    learner: Any, runs: dict[int, Path]
) -> None:
    found = learner.evaluate(EvaluationRequest("test"), SILENT)
    split = learner.split("test")
    gallery, labels = embed(runs[0], split.images), split.labels
    people, counts = np.unique(labels, return_counts=True)
    chosen = np.flatnonzero(np.isin(labels, people[counts > 1]))
    steered = np.resize(chosen, 9)
    samples = learner.draw(9, 0, SILENT, gallery[steered]).samples
    hits = nearest_accuracy(embed(runs[0], samples), labels[steered], gallery, labels, steered)
    assert found.metrics["portrait_accuracy"] == pytest.approx(hits.mean())
    real = nearest_accuracy(gallery[chosen], labels[chosen], gallery, labels, chosen)
    assert found.metrics["real_accuracy"] == pytest.approx(real.mean())
    assert found.metrics["chance"] == pytest.approx(1 / len(people))
    assert sum(row["count"] for row in found.tables["people"]) == 9
    assert "portraits" in [artifact.name for artifact in found.artifacts]
    assert "given their own code" in found.notes["likelihood"]


def test_scores_are_those_of_each_image_s_own_embedding(learner: Any) -> None:
    rows = list(learner.score("test", 3, SILENT))
    split = learner.split("test").first(3)
    (wanted,) = learner.log_probabilities(split, SILENT)
    np.testing.assert_allclose([row["log_prob"] for row in rows], wanted, rtol=1e-6)


def test_inputs_that_do_not_fit_are_refused(runs: dict[int, Path], tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match=r"embeds images of 6x6x1, 4 levels, but .* of 6x6x1, 3"):
        recipe(runs[0], levels=3)
    with pytest.raises(RecipeError, match=r"unknown condition 'face'"):
        recipe(runs[0], ("face",))
    with pytest.raises(UsageError, match="depends on runs that are not there"):
        build_learner(recipe(tmp_path / "nowhere", ("class",)))


def test_a_photograph_is_completed_as_steered_by_itself(learner: Any, tmp_path: Path) -> None:
    images = learner.split("test").images[:2]
    np.savez(tmp_path / "faces.npz", images=images)
    for reference in ("test", str(tmp_path / "faces.npz")):
        forced = learner.primes(reference, "top")
        assert dict(forced.conditions[1]) == {"image": f"{reference}:1"}
