"""Two scales: the small image, its network, the likelihood of both, and completion."""

from __future__ import annotations

from functools import cache
from typing import Any

import keras
import numpy as np
import pytest
from keras import ops

from genkit.building import build_learner
from genkit.family import EvaluationRequest, Forced, SampleSettings
from genkit.layers.map_upsampling import MapUpsampling
from genkit.models.pixelrnn.config import MultiScaleConfig
from genkit.models.pixelrnn.multiscale import (
    MultiScale,
    MultiScaleLearner,
    reduced,
)
from genkit.progress import SILENT
from genkit.randomness import Noise, normal
from genkit.recipe import from_mapping
from genkit.registry import families
from genkit.sampling.driver import sample_tile
from tests.densities import array, log_softmax, randomise

pytestmark = pytest.mark.backends


@cache
def learner(dropout: float = 0.0) -> MultiScaleLearner:
    """Rows of 6x6 images with small ones of 3x3; random weights, which no test changes."""
    tiny = families.get("pixelrnn").tiny["row-multiscale"]
    sections = {
        **tiny,
        "model": {**tiny["model"], "dropout": dropout, "layers": 2},
        "data": {**tiny["data"], "size": 6},
    }
    sections = {**sections, "train": {"batch_size": 4}, "eval": {"batch_size": 4}}
    recipe = from_mapping({"name": "t", "family": "pixelrnn", **sections}, "t")
    found: Any = build_learner(recipe)
    randomise(found)
    return found


def images(count: int) -> np.ndarray:
    return np.array(learner().split("train").images[:count])


def test_the_small_image_is_every_other_pixel() -> None:
    x = np.arange(32).reshape(1, 4, 8, 1)
    assert reduced(x, 2)[0, ..., 0].tolist() == [[0, 2, 4, 6], [16, 18, 20, 22]]


@pytest.mark.parametrize(("factor", "strides"), [(2, [2]), (4, [2, 2]), (6, [2, 3]), (7, [7])])
def test_strides_multiply_to_the_factor(factor: int, strides: list[int]) -> None:
    assert MultiScaleConfig(factor=factor).strides() == strides
    layer = MapUpsampling(3, strides)
    layer.build((None, 2, 3, 1))
    assert array(layer(np.ones((2, 2, 3, 1), np.float32))).shape == (2, 2 * factor, 3 * factor, 3)


def test_both_likelihoods_are_added() -> None:
    one, values = learner(), images(3)
    small = reduced(values, 2)
    parts = [
        (one.view.logits(values.astype(np.int32), one.vector({"image": values})), values),
        (one.small_view.logits(small.astype(np.int32), None), small),
    ]
    wanted = np.zeros(3)
    for logits, these in parts:
        chances = log_softmax(array(logits))
        chosen = np.take_along_axis(chances, these[..., None].astype(np.int64), -1)
        wanted += chosen.sum(axis=(1, 2, 3, 4))
    split = one.split("train").first(3)
    (found,) = one.log_probabilities(split, SILENT)
    np.testing.assert_allclose(found, wanted, rtol=1e-5)


def test_the_loss_is_that_of_both_and_tells_the_small_part() -> None:
    one, values = learner(), images(4)
    batch = {"image": values, "vector": one.vector({"image": values})}
    nats, metrics = one.loss(batch)
    (scores,) = one.log_probabilities(one.split("train").first(4), SILENT)
    assert float(array(nats)) == pytest.approx(-scores.mean() / 36, rel=1e-5)
    assert (
        0 < float(array(metrics["bits_per_dim_of_small"])) < float(array(metrics["bits_per_dim"]))
    )


def test_the_evaluation_says_what_the_likelihood_is_of() -> None:
    found = learner().evaluate(EvaluationRequest("test", limit=4, brief=True), SILENT)
    assert "small image" in found.notes["likelihood"]
    assert found.metrics["nats_per_image"] > 0


def test_samples_are_scored_as_they_were_drawn() -> None:
    one = learner()
    generator = one.raster_generator(SampleSettings(4))
    (drawn,) = sample_tile(generator, 5, range(4), [{}] * 4)
    assert drawn.samples.shape == (4, 6, 6, 1)
    # The small image that was drawn may differ from the one in the large image: nothing but
    # training makes them agree. So only the large part can be scored again.
    chunks: list[Any] = []
    sample_tile(generator, 5, range(4), [{}] * 4, on_chunk=chunks.append)
    small = np.asarray(chunks[0].values)
    vector = small.astype(np.float32) * np.float32(2 / 3) - 1
    chances = log_softmax(array(one.view.logits(drawn.samples.astype(np.int32), vector)))
    chosen = np.take_along_axis(chances, drawn.samples[..., None].astype(np.int64), -1)
    total = chosen.sum(axis=(1, 2, 3, 4)) + np.asarray(chunks[0].log_prob).sum(axis=(1, 2, 3))
    np.testing.assert_allclose(drawn.log_prob, total, rtol=1e-4)


def test_samplers_agree() -> None:
    one = learner()
    drawn = []
    for sampler in ("incremental", "naive", "fixed-point"):
        generator = one.raster_generator(SampleSettings(4, sampler=sampler))
        (images_,) = sample_tile(generator, 3, range(4), [{}] * 4)
        drawn.append(images_.samples)
    np.testing.assert_array_equal(drawn[0], drawn[1])
    np.testing.assert_array_equal(drawn[0], drawn[2])


def test_given_pixels_are_given_to_the_small_image_too() -> None:
    one, values = learner(), images(4)
    mask = np.zeros_like(values)
    mask[:, :3] = 1
    chunks: list[Any] = []
    generator = one.raster_generator(SampleSettings(4))
    forced = Forced(values, mask)
    (drawn,) = sample_tile(generator, 1, range(4), [{}] * 4, forced, chunks.append)
    np.testing.assert_array_equal(drawn.samples[:, :3], values[:, :3])
    small = np.asarray(chunks[0].values)
    np.testing.assert_array_equal(small[:, :2], reduced(values, 2)[:, :2])


def test_dropout_reaches_both_networks() -> None:
    one = learner(0.5)
    kept = one.training_noise(Noise(0, 1))
    assert kept["kept"].shape == (4, 2, 4)
    assert kept["kept_small"].shape == (4, 1, 4)
    assert set(np.unique(kept["kept"])) <= {0.0, 2.0}
    values = images(4)
    batch = {"image": values, "vector": one.vector({"image": values})}
    plain, _ = one.loss(batch)
    for name, factors in kept.items():
        dropped, _ = one.loss({**batch, name: factors})
        assert float(array(dropped)) != float(array(plain))


def test_the_networks_come_back_from_their_configuration() -> None:
    network = learner().networks["network"]
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(network))
    assert isinstance(again, MultiScale)
    again.set_weights(network.get_weights())
    x = normal(0, "tests/x", 0, (2, 6, 6, 1))
    for one, other in zip(network(x), again(x), strict=True):
        np.testing.assert_array_equal(array(one), array(other))


def test_every_pixel_of_the_large_image_sees_the_small_one() -> None:
    (check,) = [one for one in learner().checks() if one.name == "small_image_unseen"]
    assert check.run() == 0.0


def test_a_network_that_ignores_the_small_image_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    one = learner()
    monkeypatch.setattr(one.steered, "upsampling", lambda vector: ops.zeros((2, 6, 6, 3)))
    assert one._unseen() == 36.0
