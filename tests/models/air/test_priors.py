"""Priors of counts and their schedules."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import expit

from genkit.models.air.config import PresenceConfig, TemperatureConfig
from genkit.models.air.priors import (
    count_chances,
    count_logits,
    presence_logits,
    temperature,
)


def counts_of(logits: np.ndarray) -> np.ndarray:
    """Probabilities of counts, by going through the slots."""
    chances = expit(logits.astype(np.float64))
    found = [np.prod(chances[:n]) * (1 - chances[n]) for n in range(len(chances))]
    return np.array([*found, np.prod(chances)])


def test_presence_leads_to_the_counts_that_it_was_made_of() -> None:
    weights = np.array([0.2, 3.0, 0.5, 1.3])
    np.testing.assert_allclose(counts_of(count_logits(weights)), weights / weights.sum(), rtol=1e-5)


def test_a_geometric_prior_is_truncated() -> None:
    found = counts_of(presence_logits(PresenceConfig(name="geometric", ratio=0.25), 3, 0))
    np.testing.assert_allclose(found, np.array([64, 16, 4, 1]) / 85, rtol=1e-5)


def test_log_odds_fall_on_a_line_and_stay_there() -> None:
    config = PresenceConfig(name="anneal", start=4.0, end=-8.0, steps=100)
    values = [presence_logits(config, 2, step)[0] for step in (0, 25, 100, 5_000)]
    np.testing.assert_allclose(values, [4.0, 1.0, -8.0, -8.0])
    assert presence_logits(config, 2, 0).shape == (2,)
    heat = TemperatureConfig(start=1.0, end=0.5, steps=10)
    assert [temperature(heat, step) for step in (0, 5, 10, 11)] == [1.0, 0.75, 0.5, 0.5]
    heat = TemperatureConfig(start=100.0, end=1.0, steps=10, path="geometric")
    np.testing.assert_allclose(
        [temperature(heat, step) for step in (0, 5, 10, 11)], [100, 10, 1, 1]
    )


def test_a_fixed_prior_is_a_probability() -> None:
    found = presence_logits(PresenceConfig(name="fixed", probability=0.01), 3, 9)
    np.testing.assert_allclose(expit(found), 0.01, rtol=1e-5)


def test_no_count_is_impossible() -> None:
    found = count_chances(np.array([1.0, 0.0, 0.0]))
    assert found.sum() == pytest.approx(1.0)
    assert found.min() > 0
    assert np.isfinite(count_logits(found)).all()
