"""Any vector, several at once, and maps: trained from an npz, checked, and drawn from files."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from genkit.building import build_learner
from genkit.errors import DataError, RecipeError, UsageError
from genkit.family import SampleSettings
from genkit.progress import SILENT
from genkit.randomness import Noise
from genkit.recipe import from_mapping
from genkit.sampling.driver import sample_tile
from tests import densities
from tests.densities import array

pytestmark = pytest.mark.backends
COUNT = 40
VECTORS = {"pose": 3, "layout": [2, 2, 2]}
STEERED: dict[str, Any] = {
    **densities.MODEL,
    "condition": ["class", "pose", "layout"],
    "spatial": {"maps": 3, "factor": 2},
}


def arrays(count: int = COUNT) -> dict[str, np.ndarray]:
    draw = np.random.default_rng(1)
    return {
        "images": draw.integers(0, 3, (count, 4, 4)).astype(np.uint8),
        "labels": draw.integers(0, 2, count),
        "pose": draw.normal(size=(count, 3)),
        "layout": draw.normal(size=(count, 2, 2, 2)).astype(np.float32),
    }


def recipe(path: Path, model: Any = STEERED, **data: Any) -> Any:
    sections = {
        "family": "gated_pixelcnn",
        "model": model,
        "data": {
            "name": "npz",
            "path": str(path),
            "height": 4,
            "width": 4,
            "channels": 1,
            "values": 3,
            "classes": 2,
            "vectors": VECTORS,
            **data,
        },
        "train": {"batch_size": 4},
        "eval": {"batch_size": 4},
    }
    return from_mapping(sections, "test")


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("npz") / "own.npz"
    np.savez(file, **arrays())
    return file


@cache
def learner(path: Path) -> Any:
    found: Any = build_learner(recipe(path))
    densities.randomise(found)
    return found


def test_an_update_changes_all_that_steers(path: Path) -> None:
    fresh: Any = build_learner(recipe(path))
    before = {v.path: array(v.value).copy() for v in fresh.networks["network"].variables}
    for k in range(2):
        metrics = fresh.update(fresh.feed("train", 0).batch(k), Noise(0, k))
        assert np.isfinite(float(metrics["loss"]))
    still = [v.path for v in fresh.networks["network"].variables
             if np.array_equal(before[v.path], array(v.value))]  # fmt: skip
    assert still == []


def test_every_part_of_the_conditions_moves_the_logits_from_the_first_pixel_on(path: Path) -> None:
    view = learner(path).view
    images, plain = np.zeros((1, 4, 4, 1), np.int32), view.examples(1)
    logits = array(view.logits(images, plain))
    assert plain.shape == (1, 2 + 3 + 8)
    for number in range(plain.shape[1]):
        other = plain.copy()
        other[0, number] += 1.0
        assert np.abs(array(view.logits(images, other)) - logits)[0, 0, 0].max() > 1e-5, number


def test_a_map_acts_where_it_is(path: Path) -> None:
    """The corner of the layout that changes is felt in that corner's first pixel the most."""
    found: Any = build_learner(recipe(path, {**STEERED, "spatial": {"maps": 3, "factor": 2}}))
    densities.randomise(found, 3)
    spatial = found.networks["network"].spatial
    vector = found.view.examples(1)
    other = vector.copy()
    other[0, 5:7] += 1.0  # both channels of the upper left entry
    change = np.abs(array(spatial(other)) - array(spatial(vector)))[0].max(axis=-1)
    assert change[0, 0] > 0
    assert change.shape == (4, 4)


def test_the_batch_s_own_conditions_make_the_likelihood(path: Path) -> None:
    found = learner(path)
    split = found.split("train")
    (first, *_) = found.log_probabilities(split, SILENT)
    part = {key: value[:4] for key, value in split.conditions(slice(None)).items()}
    vector = np.concatenate(
        [
            np.eye(2, dtype=np.float32)[part["label"]],
            part["vector/pose"],
            part["vector/layout"].reshape(4, 8),
        ],
        axis=-1,
    )
    images = split.images[:4].astype(np.int32)
    logits = densities.log_softmax(array(found.view.logits(images, vector)))
    wanted = np.take_along_axis(logits, images[..., None], -1).sum(axis=(1, 2, 3, 4))
    np.testing.assert_allclose(first, wanted, rtol=1e-5)


def test_samples_from_files_are_those_of_their_vectors(path: Path, tmp_path: Path) -> None:
    found = learner(path)
    generator = found.generator(SampleSettings(4))
    whole = arrays()
    np.savez(tmp_path / "poses.npz", pose=whole["pose"][:5])
    np.savez(tmp_path / "layouts.npz", layout=whole["layout"][:5])
    rows = [{"class": "1", "pose": f"{tmp_path}/poses.npz:{i}", "layout": f"{tmp_path}/layouts.npz"}
            for i in (4, 3, 2, 1)]  # fmt: skip
    vector = generator.conditions(rows, 0)["vector"]
    np.testing.assert_allclose(vector[:, 2:5], whole["pose"][[4, 3, 2, 1]], rtol=1e-6)
    np.testing.assert_array_equal(vector[:, 5:], whole["layout"][:4].reshape(4, 8))
    (asked,) = sample_tile(generator, 0, range(4), rows)
    (same,) = sample_tile(generator, 0, range(4), [], arrays={"vector": vector})
    np.testing.assert_array_equal(asked.samples, same.samples)


def test_without_conditions_samples_are_steered_as_the_validation_images(path: Path) -> None:
    found = learner(path)
    vector = found.generator(SampleSettings(4)).conditions([{}] * 4, 0)["vector"]
    np.testing.assert_array_equal(vector[:, 2:5], found.split("validation").vectors["pose"][:4])


@pytest.mark.parametrize(
    ("model", "data", "says"),
    [
        ({"condition": ["pse"]}, {}, "unknown condition 'pse'. Did you mean 'pose'?"),
        (
            {"condition": ["layout"]},
            {},
            "model.spatial: is needed: 'layout' is a map, 2x2x2",
        ),
        (
            {"condition": ["layout"], "spatial": {"factor": 1}},
            {},
            "model.spatial.factor: makes the first maps 4x4, but 'layout' is 2x2x2",
        ),
        ({"condition": ["class"]}, {"classes": None}, "class needs labels"),
        ({}, {"vectors": {"image": 3}}, "vectors: 'image' means something else"),
        ({}, {"vectors": {"pose": [2, 2]}}, "vectors.pose"),
        (
            {"condition": ["embedding"], "autoencoder": {}},
            {"vectors": {"embedding": 2}},
            "is the code of the auto-encoder already",
        ),
    ],
)
def test_recipes_that_cannot_be_are_refused(
    path: Path, model: dict[str, Any], data: dict[str, Any], says: str
) -> None:
    with pytest.raises(RecipeError) as caught:
        recipe(path, {**densities.MODEL, **model}, **data)
    assert says in str(caught.value)


@pytest.mark.parametrize(
    ("name", "array_", "says"),
    [
        ("pose", np.ones((COUNT, 4)), r"array pose: must be numbers of shape \(40, 3\), as data"),
        ("pose", np.full((COUNT, 3), np.nan), "pose must be finite. Received: row 0 is not"),
        ("layout", np.ones((3, 2, 2, 2)), r"array layout: must be numbers of shape \(40, 2, 2, 2"),
        ("pose", None, "no array 'pose'|pose"),
    ],
)
def test_files_with_wrong_vectors_are_refused(
    tmp_path: Path, name: str, array_: Any, says: str
) -> None:
    content = {**arrays(), name: array_}
    file = tmp_path / "wrong.npz"
    np.savez(file, **{key: value for key, value in content.items() if value is not None})
    wrong: Any = build_learner(recipe(file))
    with pytest.raises(DataError, match=says):
        wrong.feed("train", 0)


def test_images_without_vectors_cannot_be_scored(path: Path, tmp_path: Path) -> None:
    np.savez(tmp_path / "bare.npz", images=arrays()["images"][:2, ..., None])
    with pytest.raises(UsageError, match=r"no labels|which these images do not have"):
        list(learner(path).score(str(tmp_path / "bare.npz"), None, SILENT))


def test_images_are_completed_as_steered_by_themselves(path: Path) -> None:
    forced = learner(path).primes("test", "top")
    label = int(learner(path).split("test").labels[2])
    wanted = {"class": str(label), "pose": "test:2", "layout": "test:2"}
    assert dict(forced.conditions[2]) == wanted
