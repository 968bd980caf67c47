"""The bound and its estimators against closed forms, enumeration and numerical integration."""

from __future__ import annotations

from itertools import product
from typing import Any, ClassVar

import numpy as np
import pytest
from keras import ops
from scipy import stats
from scipy.special import expit

from genkit import backend
from genkit.models.air import latents, objective
from genkit.models.air.training import gradient_scaled

pytestmark = pytest.mark.backends


def array(x: Any) -> np.ndarray:
    return np.asarray(ops.convert_to_numpy(x), np.float64)


def tensor(x: Any) -> Any:
    return ops.convert_to_tensor(np.asarray(x, np.float32))


def certain(canvas: np.ndarray, mean: np.ndarray, deviation: np.ndarray, what: np.ndarray) -> Any:
    """One thing that is there for sure, at a place nobody asks about."""
    rows = len(canvas)
    ones = np.ones((rows, 1))
    nowhere = np.zeros((rows, 1, 3))
    found = {
        "presence_logits": 40.0 * ones, "presence": ones, "alive": ones,
        "where_mean": nowhere, "where_deviation": nowhere + 1.0, "where": nowhere,
        "what_mean": mean[:, None], "what_deviation": deviation[:, None], "what": what[:, None],
        "canvas": canvas,
    }  # fmt: skip
    return {name: tensor(value) for name, value in found.items()}


class Linear:
    """Pixels x = W z + noise: likelihood and posterior are normal."""

    def __init__(self) -> None:
        draw = np.random.default_rng(0)
        self.noise = 0.5
        # Orthogonal columns make the posterior of each number independent of the others.
        self.weights = np.linalg.qr(draw.normal(size=(6, 3)))[0] * np.array([1.5, 0.7, 2.0])
        self.image = draw.normal(size=6)
        precision = 1.0 + (self.weights**2).sum(0) / self.noise**2
        self.deviation = precision**-0.5
        self.mean = (self.weights.T @ self.image) / self.noise**2 / precision
        covariance = self.weights @ self.weights.T + self.noise**2 * np.eye(6)
        self.log_likelihood = stats.multivariate_normal(np.zeros(6), covariance).logpdf(self.image)

    def inferred(self, mean: np.ndarray, deviation: np.ndarray, noise: np.ndarray) -> Any:
        """As a network would infer it from draws `(n, 3)` of standard normal numbers."""
        what = mean + deviation * noise
        shape = (len(noise), 2, 3, 1)
        canvas = (what @ self.weights.T).reshape(shape)
        every = np.ones((len(noise), 1))
        images = np.broadcast_to(self.image.reshape(1, 2, 3, 1), shape)
        return tensor(images), certain(canvas, every * mean, every * deviation, what)


def test_the_bound_of_a_linear_gaussian_model_is_its_likelihood() -> None:
    """With the exact posterior. Six points take the mean of a square function exactly."""
    toy = Linear()
    points = np.concatenate([np.eye(3), -np.eye(3)]) * 3**0.5
    images, found = toy.inferred(toy.mean, toy.deviation, points)
    prior = tensor([40.0])
    bounds = array(objective.bound(objective.parts(images, found, prior, toy.noise)))
    assert bounds.mean() == pytest.approx(toy.log_likelihood, abs=1e-4)
    # Every single importance weight is the likelihood, whatever was drawn.
    weights = array(objective.log_weight(images, found, prior, toy.noise))
    np.testing.assert_allclose(weights, toy.log_likelihood, atol=1e-3)


def test_a_wrong_posterior_lowers_the_bound_by_its_divergence() -> None:
    toy = Linear()
    points = np.concatenate([np.eye(3), -np.eye(3)]) * 3**0.5
    mean, deviation = toy.mean + 0.3, toy.deviation * 1.4
    images, found = toy.inferred(mean, deviation, points)
    bounds = array(objective.bound(objective.parts(images, found, tensor([40.0]), toy.noise)))
    ratio = deviation / toy.deviation
    gap = 0.5 * (ratio**2 + (0.3 / toy.deviation) ** 2 - 1 - 2 * np.log(ratio)).sum()
    assert bounds.mean() == pytest.approx(toy.log_likelihood - gap, abs=1e-4)


def test_importance_weights_come_near_the_likelihood_from_below() -> None:
    toy = Linear()
    draw = np.random.default_rng(1).normal(size=(4000, 3))
    images, found = toy.inferred(toy.mean + 0.2, toy.deviation * 1.3, draw)
    weights = array(objective.log_weight(images, found, tensor([40.0]), toy.noise))
    assert weights.mean() < toy.log_likelihood - 0.05
    several = np.logaddexp.reduce(weights) - np.log(len(weights))
    assert several == pytest.approx(toy.log_likelihood, abs=0.05)


def test_divergences_are_those_of_the_distributions() -> None:
    q, p = np.array([0.3, 0.999]), np.array([0.8, 0.01])
    found = array(latents.bernoulli_kl(tensor(np.log(q / (1 - q))), tensor(np.log(p / (1 - p)))))
    np.testing.assert_allclose(
        found, q * np.log(q / p) + (1 - q) * np.log((1 - q) / (1 - p)), rtol=1e-4
    )
    line = np.linspace(-9, 9, 20_001)
    own, prior = stats.norm(0.7, 0.4), stats.norm(0, 1)
    integral = np.trapezoid(own.pdf(line) * (own.logpdf(line) - prior.logpdf(line)), line)
    assert array(latents.normal_kl(tensor([0.7]), tensor([0.4]))) == pytest.approx(
        integral, rel=1e-4
    )
    value = array(latents.normal_log_prob(tensor([0.1, 1.0]), tensor([0.7, 0.0]), tensor([0.4, 2])))
    wanted = own.logpdf(0.1) + stats.norm(0, 2).logpdf(1.0)
    assert value == pytest.approx(wanted, rel=1e-5)


def test_relaxed_presence_tends_to_a_coin() -> None:
    uniform = np.random.default_rng(2).uniform(size=20_000)
    drawn = array(latents.relaxed_bernoulli(tensor(0.8), tensor(uniform), tensor(0.05)))
    assert ((drawn < 0.01) | (drawn > 0.99)).mean() > 0.9
    assert (drawn > 0.5).mean() == pytest.approx(expit(0.8), abs=0.01)
    warm = array(latents.relaxed_bernoulli(tensor(0.8), tensor(uniform), tensor(3.0)))
    np.testing.assert_array_equal(warm > 0.5, drawn > 0.5)


class TwoSteps:
    """Two presences whose likelihoods are a table, with a prior and costs of things."""

    logits = np.array([0.4, -0.7], np.float32)
    prior = np.array([-1.0, 0.5], np.float32)
    table: ClassVar = {(0,): -3.0, (1, 0): -1.0, (1, 1): 0.7}
    costs = np.array([0.3, 0.9])

    def chance(self, outcome: tuple[int, ...], logits: np.ndarray) -> float:
        chances = expit(logits)
        return float(np.prod([c if z else 1 - c for z, c in zip(outcome, chances, strict=False)]))

    def bound(self, logits: np.ndarray) -> float:
        """The expected bound, by enumeration: float64."""
        q, p = expit(logits.astype(np.float64)), expit(self.prior.astype(np.float64))
        kl = q * np.log(q / p) + (1 - q) * np.log((1 - q) / (1 - p))
        total = 0.0
        for outcome, value in self.table.items():
            alive = np.cumprod([*outcome, 0])[: len(self.costs)]
            asked = np.array([1.0, alive[0]])
            cost = (asked * kl).sum() + (alive * self.costs).sum()
            total += self.chance(outcome, logits.astype(np.float64)) * (value - cost)
        return total

    def gradient(self) -> np.ndarray:
        """Of `bound`, by central differences."""
        steps = 1e-5 * np.eye(2)
        base = self.logits.astype(np.float64)
        return np.array([(self.bound(base + s) - self.bound(base - s)) / 2e-5 for s in steps])

    def parts(self, logits: Any, outcome: tuple[int, int]) -> tuple[dict[str, Any], dict[str, Any]]:
        """Of one outcome, as `objective` takes them."""
        presence = np.array([outcome], np.float32)
        alive = np.cumprod(presence, axis=1)
        known = self.table[(0,)] if not outcome[0] else self.table[outcome]
        found = {
            "presence_logits": logits[None], "presence": tensor(presence), "alive": tensor(alive),
        }  # fmt: skip
        asked = objective.reached(found["alive"])
        return found, {
            "log_likelihood": tensor([known]),
            "presence_kl": asked * latents.bernoulli_kl(logits[None], tensor(self.prior)),
            "where_kl": tensor(alive * self.costs),
            "what_kl": tensor(0.0 * alive),
        }


@pytest.mark.parametrize("baseline", [(0.0, 0.0), (-2.5, 0.4)])
@pytest.mark.parametrize("factor", [1.0, 0.25])
def test_the_mean_gradient_of_nvil_is_the_exact_one(
    baseline: tuple[float, float], factor: float
) -> None:
    """Over all outcomes of a toy of two steps, whatever the baseline; and `gradient_scaled` scales
    all of it."""
    toy = TwoSteps()
    total = np.zeros(2)
    for outcome in product((0, 1), (0, 1)):

        def gain(logits: Any, outcome: tuple[int, int] = outcome) -> Any:
            scaled = gradient_scaled(logits, factor)
            found, parts = toy.parts(scaled, outcome)
            advantages = objective.scores(parts) - tensor([baseline])
            return ops.sum(objective.bound(parts) + objective.nvil_surrogate(found, advantages))

        chance = toy.chance(outcome, toy.logits.astype(np.float64))
        total += chance * array(backend.input_gradient(gain, toy.logits))
    np.testing.assert_allclose(total, factor * toy.gradient(), atol=1e-4)


def test_scores_leave_out_what_came_before() -> None:
    toy = TwoSteps()
    _, parts = toy.parts(tensor(toy.logits), (1, 1))
    kl = array(parts["presence_kl"])[0]
    found = array(objective.scores(parts))[0]
    np.testing.assert_allclose(found, [0.7 - 0.3 - 0.9 - kl[1], 0.7 - 0.9], atol=1e-5)


def test_greed_is_the_mean_fit_of_all_steps_but_the_last() -> None:
    draw = np.random.default_rng(3)
    images, canvases = draw.random((2, 3, 3, 1)), draw.random((2, 3, 3, 3, 1))
    found = array(objective.greed(tensor(images), tensor(canvases), 0.4))
    fits = stats.norm.logpdf(images[:, None], canvases, 0.4).sum(axis=(2, 3, 4))
    np.testing.assert_allclose(found, fits[:, :2].mean(axis=1), rtol=1e-5)
    np.testing.assert_array_equal(objective.greed(tensor(images), tensor(canvases[:, :1]), 0.4), 0)
