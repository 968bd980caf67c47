"""Priors of how many things there are. NumPy only: they enter compiled steps as numbers."""

from __future__ import annotations

import math

import numpy as np

from genkit.models.air.config import CERTAIN, PresenceConfig, TemperatureConfig
from genkit.models.air.latents import log_odds

LEAST = 1e-4  # probability that a count has at least, so that nothing is impossible


def presence_logits(config: PresenceConfig, slots: int, update: int) -> np.ndarray:
    """Log-odds `(slots,)` float32 of each slot's presence before an update; of `learned` zeros."""
    if config.name == "learned":
        return np.zeros(slots, np.float32)
    if config.name == "certain":
        return np.full(slots, CERTAIN, np.float32)
    if config.name == "geometric":
        return count_logits(float(config.ratio) ** np.arange(slots + 1))
    if config.name == "fixed":
        value = log_odds(config.probability)
    else:
        value = between(config.start, config.end, config.steps, update)
    return np.full(slots, value, np.float32)


def temperature(config: TemperatureConfig, update: int) -> float:
    """Of presence or of choices before an update."""
    if config.path == "geometric":
        ends = math.log(config.start), math.log(config.end)
        return math.exp(between(*ends, config.steps, update))
    return between(config.start, config.end, config.steps, update)


def between(start: float, end: float, steps: int, update: int) -> float:
    """On the straight line from `start` to `end`, which lasts `steps` updates."""
    return start + (end - start) * min(update / steps, 1.0)


def count_chances(frequencies: np.ndarray) -> np.ndarray:
    """Probabilities `(N + 1,)` float64 of counts from how often they were, none of them 0."""
    known = np.asarray(frequencies, np.float64) + LEAST
    return known / known.sum()


def count_logits(weights: np.ndarray) -> np.ndarray:
    """Log-odds `(N,)` float32 of presence under which counts 0 .. N are as probable as `weights`
    `(N + 1,)`, positive, say: of slot i, P(n >= i) against P(n = i - 1)."""
    weights = np.asarray(weights, np.float64)
    at_least = np.cumsum(weights[::-1])[::-1]
    return np.asarray(np.log(at_least[1:]) - np.log(weights[:-1]), np.float32)
