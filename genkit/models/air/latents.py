"""Distributions of what AIR infers: divergences, densities, relaxations. In nats."""

from __future__ import annotations

import math
from typing import Any

from keras import ops

LOG_TWO_PI = math.log(2.0 * math.pi)


def positive(raw: Any, initial: float) -> Any:
    """A standard deviation of an unbounded number; `initial` where that is 0."""
    return ops.softplus(raw + math.log(math.expm1(initial))) + 1e-4


def bernoulli_kl(logits: Any, prior_logits: Any) -> Any:
    """Divergence of Bernoulli variables from others, both given by log-odds."""
    chance = ops.sigmoid(logits)
    yes = ops.softplus(-prior_logits) - ops.softplus(-logits)
    no = ops.softplus(prior_logits) - ops.softplus(logits)
    return chance * yes + (1.0 - chance) * no


def bernoulli_log_prob(values: Any, logits: Any) -> Any:
    """Log-probability of 0 or 1."""
    return -values * ops.softplus(-logits) - (1.0 - values) * ops.softplus(logits)


def normal_kl(mean: Any, deviation: Any) -> Any:
    """Divergence of independent normal variables from standard ones, summed over the last axis."""
    square = ops.square(deviation)
    return 0.5 * ops.sum(ops.square(mean) + square - 1.0 - ops.log(square), axis=-1)


def normal_log_prob(values: Any, mean: Any, deviation: Any) -> Any:
    """Log-density of independent normal variables, summed over the last axis."""
    scaled = ops.square((values - mean) / deviation)
    return -0.5 * ops.sum(scaled + 2.0 * ops.log(deviation) + LOG_TWO_PI, axis=-1)


def relaxed_bernoulli(logits: Any, uniform: Any, temperature: Any) -> Any:
    """A number between 0 and 1 that tends to a Bernoulli variable as the temperature falls
    (Maddison et al., 2016, arXiv:1611.00712)."""
    noise = ops.log(uniform) - ops.log1p(-uniform)
    return ops.sigmoid((logits + noise) / temperature)


def log_odds(chance: float) -> float:
    """Of a probability."""
    return math.log(chance) - math.log1p(-chance)
