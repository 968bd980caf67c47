"""Auto-encoders: code and decoder, trained together, and what is told of reconstructions."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from genkit.data.images.dataset import ImageSplit
from genkit.errors import UsageError
from genkit.family import EvaluationRequest, SampleSettings
from genkit.layers.values import centred_array
from genkit.models.gated_pixelcnn.autoencoder import Autoencoder
from genkit.models.gated_pixelcnn.reconstruction import error
from genkit.progress import SILENT
from genkit.randomness import Noise
from genkit.sampling.driver import sample_tile
from tests import densities
from tests.densities import array

pytestmark = pytest.mark.backends
CODER = {"bottleneck": 3, "widths": [4, 5], "dense": 6}
KINDS = ("pixelcnn", "mse")


@cache
def learner(decoder: str, condition: str = "none") -> Any:
    return fresh(decoder, condition, randomised=True)


def fresh(decoder: str, condition: str = "none", randomised: bool = False) -> Any:
    model = {"condition": condition, "autoencoder": {**CODER, "decoder": decoder}}
    return densities.fresh(model=model, randomised=randomised, eval={"recognise": 6})


@pytest.mark.parametrize("decoder", KINDS)
@pytest.mark.parametrize("condition", ["none", "class"])
def test_an_update_trains_encoder_and_decoder(decoder: str, condition: str) -> None:
    own = fresh(decoder, condition)
    variables = own.networks["network"].variables
    before = {v.path: array(v.value).copy() for v in variables}
    for k in range(3):
        own.update(own.feed("train", 0).batch(k), Noise(0, k))
    still = [v.path for v in variables if np.array_equal(before[v.path], array(v.value))]
    assert still == []


def test_the_likelihood_is_that_of_the_decoder_given_the_code() -> None:
    own = learner("pixelcnn", "class")
    split = own.split("test").first(4)
    (found,) = own.log_probabilities(split, SILENT)
    codes = own.embed(split.images)
    vector = np.concatenate([np.eye(4, dtype=np.float32)[split.labels], codes], axis=-1)
    images = split.images.astype(np.int32)
    logits = densities.log_softmax(array(own.view.logits(images, vector)))
    wanted = np.take_along_axis(logits, images[..., None], -1).sum(axis=(1, 2, 3, 4))
    np.testing.assert_allclose(found, wanted, rtol=1e-5)
    encoder = own.networks["network"].encoder
    np.testing.assert_allclose(codes, array(encoder(centred_array(images, 3))), atol=1e-5)


def test_the_loss_is_what_is_evaluated() -> None:
    own = learner("pixelcnn")
    batch = own.feed("train", 0).batch(0)
    loss, _ = own.loss({"image": batch["image"], "vector": own.vector(batch)})
    (found,) = own.log_probabilities(ImageSplit(batch["image"], batch["label"], 3), SILENT)
    assert float(array(loss)) == pytest.approx(-found.mean() / 16, rel=1e-5)


def test_codes_do_not_depend_on_the_batch() -> None:
    own = learner("pixelcnn")
    images = own.split("test").images[:7]
    whole = own.embed(images)
    assert whole.shape == (7, 3)
    np.testing.assert_allclose(own.embed(images[5:6]), whole[5:6], rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("decoder", KINDS)
def test_reconstructions_are_samples_of_image_conditions(decoder: str) -> None:
    """`--condition image=test:i` draws what the evaluation reconstructs."""
    own = learner(decoder)
    split = own.split("test").first(4)
    batch = {"image": split.images, **split.conditions(slice(None))}
    wanted = own.reconstruct(batch, 0, SILENT)
    generator = own.generator(SampleSettings(4))
    (found,) = sample_tile(generator, 0, range(4), [{"image": "test"}] * 4)
    np.testing.assert_array_equal(found.samples, wanted)
    assert np.isnan(found.log_prob).all() == (decoder == "mse")


@pytest.mark.parametrize("decoder", KINDS)
def test_the_evaluation_of_reconstructions(decoder: str) -> None:
    own = learner(decoder)
    found = own.evaluate(EvaluationRequest("test"), SILENT)
    split = own.split("test")
    batch = {"image": split.images, **split.conditions(slice(None))}
    count = len(split) if decoder == "mse" else 6
    part = {key: value[:count] for key, value in batch.items()}
    wanted = error(part["image"], own.reconstruct(part, 0, SILENT), 3)
    assert found.metrics["reconstruction_mse"] == pytest.approx(wanted)
    assert 0 <= found.metrics["reconstruction_accuracy"] <= 1
    assert {"real_accuracy"} <= set(found.metrics)
    assert [a.name for a in found.artifacts] == ["reconstructions"]
    assert ("nats_per_image" in found.metrics) == (decoder == "pixelcnn")
    brief = own.evaluate(EvaluationRequest("test", brief=True), SILENT)
    assert "reconstruction_accuracy" not in brief.metrics


def test_the_error_is_of_values_from_0_to_1() -> None:
    black, white = np.zeros((1, 2, 2, 1), np.uint8), np.full((1, 2, 2, 1), 16, np.uint8)
    assert error(black, white, 17) == 1.0
    assert error(black, black + 4, 17) == pytest.approx(1 / 16)


def test_an_mse_decoder_rounds_to_values_and_learns() -> None:
    coder = {**CODER, "decoder": "mse"}
    own = densities.fresh(model={"autoencoder": coder}, train={"learning_rate": 0.02})
    batch = own.feed("train", 0).batch(0)
    losses = [float(own.update(batch, Noise(0, k))["loss"]) for k in range(60)]
    assert losses[-1] < 0.7 * losses[0]
    images = own.decode(np.full((2, 3), 1e3, np.float32))
    assert images.dtype == np.uint8
    assert images.max() <= 2


@pytest.mark.parametrize("setting", [{"temperature": 0.5}, {"top_k": 2}, {"sampler": "naive"}])
def test_an_mse_decoder_has_nothing_to_draw(setting: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match=r"an mse decoder draws none\. Leave it out"):
        learner("mse").generator(SampleSettings(4, **setting))


@pytest.mark.parametrize("decoder", KINDS)
def test_the_networks_are_ordinary_keras_models(decoder: str, tmp_path: Path) -> None:
    network = learner(decoder).networks["network"]
    network.save(tmp_path / "network.keras")
    again = keras.saving.load_model(tmp_path / "network.keras")
    assert isinstance(again, Autoencoder)
    x = centred_array(learner(decoder).split("test").images[:2], 3)
    np.testing.assert_allclose(array(again(x)), array(network(x)), rtol=1e-6, atol=1e-6)
