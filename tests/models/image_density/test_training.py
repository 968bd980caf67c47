"""Training of image densities: rematerialisation, bfloat16, map dropout."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from genkit import backend
from genkit.models.gated_pixelcnn.view import GatedPixelCNNView
from genkit.randomness import Noise
from genkit.state import snapshot
from tests import densities
from tests.densities import array

pytestmark = pytest.mark.backends
WIDE = {"model": {"dropout": 0.5, "condition": "class"}}


def batch(learner: Any, k: int = 0, seed: int = 0) -> Any:
    return learner.feed("train", seed).batch(k)


def gradients(learner: Any, noise: Noise) -> tuple[float, list[np.ndarray]]:
    """Loss and gradients of batch 0, without an update."""
    arrays = batch(learner)
    vector = learner.vector(arrays)
    ready = {"image": arrays["image"], "vector": vector, **learner.training_noise(noise)}
    found, metrics = learner.steps["training"]._piece(ready)
    return float(metrics["loss"]), [array(g) for g in found]


@pytest.mark.parametrize("settings", [{}, WIDE], ids=["bare", "class-dropout"])
def test_rematerialisation_changes_neither_loss_nor_gradients(settings: Any) -> None:
    plain = densities.learner(**settings)
    again = densities.learner(**settings, train={"rematerialise": True})
    assert again.networks["network"].rematerialise
    noise = Noise(0, 0)
    loss, slopes = gradients(plain, noise)
    other, others = gradients(again, noise)
    assert other == pytest.approx(loss, rel=1e-6)
    assert max(np.abs(slope).max() for slope in slopes) > 1e-3
    for slope, repeated in zip(slopes, others, strict=True):
        np.testing.assert_allclose(repeated, slope, rtol=1e-4, atol=1e-6)


@pytest.mark.skipif(backend.name() != "tensorflow", reason="reads TensorFlow's compiled program")
def test_the_compiled_program_computes_activations_again() -> None:
    """XLA may merge equal computations, which would undo rematerialisation silently."""
    import tensorflow as tf

    counts = []
    for train in ({}, {"rematerialise": True}):
        learner = densities.learner(train=train)
        arrays = batch(learner)
        ready = {"image": arrays["image"], "vector": learner.vector(arrays)}
        tensors = {key: tf.convert_to_tensor(value) for key, value in ready.items()}
        program = learner.steps["training"]._piece.experimental_get_compiler_ir(tensors)
        counts.append(program(stage="optimized_hlo").count(" tanh("))
    assert counts[1] > counts[0]


def test_bfloat16_computes_in_bfloat16_and_keeps_float32_weights() -> None:
    """keras#20931: XLA and mixed precision broke gradients."""
    learner = densities.fresh(train={"precision": "bfloat16"})
    network = learner.networks["network"]
    assert network.compute_dtype == "bfloat16"
    assert {str(w.dtype) for w in network.variables} == {"float32"}
    before = snapshot(learner)
    for k in range(2):
        metrics = learner.update(batch(learner, k), Noise(0, k))
        assert np.isfinite(float(metrics["loss"]))
        assert float(metrics["gradient_norm"]) > 0
    after = snapshot(learner)
    names = [name for name in before if name.startswith("network/") and name.endswith("kernel")]
    assert names
    assert all(not np.array_equal(before[name], after[name]) for name in names)
    images = batch(learner)["image"].astype(np.int32)
    logits = array(learner.view.logits(images, np.zeros((4, 1), np.float32)))
    assert logits.dtype == np.float32  # of the head only; the maps before it were rounded
    single = densities.fresh()
    for weight, value in zip(single.networks["network"].variables, network.variables, strict=True):
        weight.assign(array(value))
    full = array(single.view.logits(images, np.zeros((4, 1), np.float32)))
    np.testing.assert_allclose(logits, full, atol=0.05)
    assert not np.array_equal(logits, full)


def test_dropout_is_a_function_of_seed_and_step() -> None:
    learner = densities.learner(**WIDE)
    kept = learner.training_noise(Noise(3, 5))["kept"]
    assert kept.shape == (4, 2, 8)
    assert set(np.unique(kept)) == {0.0, 2.0}
    np.testing.assert_array_equal(kept, learner.training_noise(Noise(3, 5))["kept"])
    for noise in (Noise(3, 6), Noise(4, 5)):
        assert not np.array_equal(kept, learner.training_noise(noise)["kept"])
    assert densities.learner().training_noise(Noise(3, 5)) == {}


def test_dropout_drops_the_share_that_it_says() -> None:
    learner = densities.learner(model={"dropout": 0.2})
    values = np.stack([learner.training_noise(Noise(0, k))["kept"] for k in range(50)])
    assert np.mean(values == 0) == pytest.approx(0.2, abs=0.02)
    assert values.mean() == pytest.approx(1.0, abs=0.02)
    assert values.max() == pytest.approx(1 / 0.8)


def test_dropout_acts_in_training_only() -> None:
    learner = densities.learner(**WIDE)
    loss, slopes = gradients(learner, Noise(0, 0))
    same, repeated = gradients(learner, Noise(0, 0))
    other, _ = gradients(learner, Noise(0, 1))
    assert same == loss
    for slope, again in zip(slopes, repeated, strict=True):
        np.testing.assert_array_equal(slope, again)
    assert abs(other - loss) > 1e-4
    bare = densities.learner(model={"condition": "class"})  # equal weights, no dropout
    arrays = batch(learner)
    vector = learner.vector(arrays)
    images = arrays["image"].astype(np.int32)
    np.testing.assert_array_equal(
        array(learner.view.logits(images, vector)), array(bare.view.logits(images, vector))
    )


def test_training_logits_are_those_of_evaluation_without_dropout() -> None:
    learner = densities.learner(model={"condition": "class"})
    assert isinstance(learner.view, GatedPixelCNNView)
    arrays = batch(learner)
    vector = learner.vector(arrays)
    trained = learner.view.training_logits({"image": arrays["image"], "vector": vector})
    np.testing.assert_array_equal(
        array(trained), array(learner.view.logits(arrays["image"].astype(np.int32), vector))
    )


def test_a_few_updates_lower_the_loss() -> None:
    learner = densities.fresh(
        model={"condition": "class"}, train={"learning_rate": 0.02, "batch_size": 12}
    )
    losses = [float(learner.update(batch(learner, k), Noise(0, k))["loss"]) for k in range(12)]
    assert losses[-1] < 0.9 * losses[0]
