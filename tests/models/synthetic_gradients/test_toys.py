"""Toy problems: the exact module is found, the least loss is reached, implied losses are known."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from genkit.family import EvaluationRequest
from genkit.models.synthetic_gradients.optimum import least_loss
from genkit.models.synthetic_gradients.surfaces import surfaces
from genkit.progress import SILENT
from genkit.randomness import Noise
from tests.cuts import CUTS

FULL = {"batch_size": 100, "optimizer": {"name": "sgd"}, "learning_rate": 0.1}


def trained(updates: int, model: dict[str, Any], **data: Any) -> Any:
    learner = CUTS.fresh("line", model=model, data={"count": 100, **data}, train=FULL)
    feed = learner.feed("train", 0)
    for k in range(updates):
        learner.update(feed.batch(k), Noise(0, k))
    return learner


@pytest.mark.backends
def test_the_exact_module_is_found_in_regression() -> None:
    learner = trained(300, {}, base="regression", noise=1.0)
    found = learner.evaluate(EvaluationRequest("train"), SILENT).metrics
    # A = 1, B = -1, C = 0 (arXiv:1703.00522, section 3): the slope of half a square.
    assert found["module_distance"] < 1e-2
    assert abs(found["excess_loss"]) < 1e-4
    assert found["module_asymmetry"] < 1e-2
    assert found["cosine_below_cuts"] == pytest.approx(1.0, abs=1e-4)


def test_the_sigmoid_makes_a_module_exact_for_the_log_loss() -> None:
    module = {"kind": "linear_sigmoid", "condition": True, "search": True}
    learner = trained(1500, {"loss": "log", "module": module}, base="random")
    found = learner.evaluate(EvaluationRequest("train"), SILENT).metrics
    assert abs(found["excess_loss"]) < 1e-3
    assert found["cosine_below_cuts"] > 0.99


@pytest.mark.parametrize("loss", ["mse", "log", "cross_entropy"])
def test_the_least_loss_is_least(loss: str) -> None:
    generator = np.random.default_rng(0)
    points = generator.normal(size=(60, 3))
    targets = np.eye(2)[generator.integers(0, 2, 60)]
    least = least_loss(loss, points, targets)

    def of(weights: np.ndarray) -> float:
        z = np.concatenate([points, np.ones((60, 1))], axis=1) @ weights
        if loss == "mse":
            return float(0.5 * ((z - targets) ** 2).sum(axis=1).mean())
        if loss == "log":
            return float((np.logaddexp(0, z) - targets * z).sum(axis=1).mean())
        return float((np.logaddexp(z[:, 0], z[:, 1]) - (targets * z).sum(axis=1)).mean())

    tried = [of(generator.normal(size=(4, 2)) * 0.3) for _ in range(200)]
    assert least < min(tried)
    # Plain descent gets there and no further.
    weights = np.zeros((4, 2))
    for _ in range(3000):
        slope = np.zeros_like(weights)
        for i in np.ndindex(weights.shape):
            shift = np.zeros_like(weights)
            shift[i] = 1e-5
            slope[i] = (of(weights + shift) - of(weights - shift)) / 2e-5
        weights -= 0.5 * slope
        if np.abs(slope).max() < 1e-7:
            break
    assert of(weights) == pytest.approx(least, abs=1e-6)


def test_an_exact_module_implies_the_true_loss() -> None:
    learner = CUTS.fresh("line")
    a, c, b = learner.cuts[0].weights
    a.assign(np.eye(2, dtype=np.float32))
    b.assign(-np.eye(2, dtype=np.float32))
    c.assign(np.zeros(2, np.float32))
    found = surfaces(learner)
    assert len(found) == 2
    for surface in found:
        np.testing.assert_allclose(surface.implied, surface.true, rtol=1e-3, atol=1e-3)
        low = np.unravel_index(surface.true.argmin(), surface.true.shape)
        nearest = [np.abs(axis - t).argmin() for axis, t in zip(surface.axes, surface.target)]  # noqa: B905
        assert abs(low[1] - nearest[0]) <= 1
        assert abs(low[0] - nearest[1]) <= 1


def test_a_blind_module_implies_a_flat_loss() -> None:
    for surface in surfaces(CUTS.fresh("line")):
        assert np.ptp(surface.implied) == 0.0
        assert np.ptp(surface.true) > 0.0
