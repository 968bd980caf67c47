"""V-trace and n-step returns against loops that sum as the papers write them."""

from __future__ import annotations

import numpy as np
import pytest
from keras import ops

from genkit.rl.returns import vtrace

pytestmark = pytest.mark.backends
STEPS, BATCH = 7, 3


def drawn() -> dict[str, np.ndarray]:
    draw = np.random.default_rng(0)
    return {
        "rewards": draw.normal(size=(STEPS, BATCH)).astype(np.float32),
        "discounts": (0.9 * (draw.random((STEPS, BATCH)) > 0.2)).astype(np.float32),
        "values": draw.normal(size=(STEPS, BATCH)).astype(np.float32),
        "after": draw.normal(size=BATCH).astype(np.float32),
    }


def test_without_ratios_targets_are_n_step_returns() -> None:
    given = drawn()
    targets, advantages = vtrace(**given)
    for b in range(BATCH):
        for t in range(STEPS):
            wanted, factor = 0.0, 1.0
            for k in range(t, STEPS):
                wanted += factor * given["rewards"][k, b]
                factor *= given["discounts"][k, b]
            wanted += factor * given["after"][b]
            assert float(targets[t, b]) == pytest.approx(wanted, rel=1e-5, abs=1e-5)
            advantage = wanted - given["values"][t, b]
            assert float(advantages[t, b]) == pytest.approx(advantage, rel=1e-4, abs=1e-5)


@pytest.mark.parametrize(("rho_limit", "c_limit"), [(1.0, 1.0), (2.0, 0.5)])
def test_vtrace_is_the_sum_of_the_paper(rho_limit: float, c_limit: float) -> None:
    """Equation 1: v_s = V_s + sum over t of the discounts and the c between, times delta_t."""
    given = drawn()
    ratios = np.random.default_rng(1).gamma(2.0, 0.6, size=(STEPS, BATCH)).astype(np.float32)
    targets, advantages = vtrace(**given, ratios=ratios, rho_limit=rho_limit, c_limit=c_limit)
    values = np.concatenate([given["values"], given["after"][None]])
    rho, c = np.minimum(ratios, rho_limit), np.minimum(ratios, c_limit)
    discounts, rewards = given["discounts"], given["rewards"]
    wanted = np.zeros((STEPS + 1, BATCH))
    wanted[-1] = given["after"]
    for s in range(STEPS):
        total, factor = np.zeros(BATCH), np.ones(BATCH)
        for t in range(s, STEPS):
            delta = rho[t] * (rewards[t] + discounts[t] * values[t + 1] - values[t])
            total += factor * delta
            factor *= discounts[t] * c[t]
        wanted[s] = values[s] + total
    np.testing.assert_allclose(ops.convert_to_numpy(targets), wanted[:-1], rtol=1e-4, atol=1e-5)
    pushes = rho * (rewards + discounts * wanted[1:] - values[:-1])
    np.testing.assert_allclose(ops.convert_to_numpy(advantages), pushes, rtol=1e-4, atol=1e-5)


def test_ratios_of_one_are_the_same_but_for_rounding() -> None:
    given = drawn()
    plain = vtrace(**given)
    ones = vtrace(**given, ratios=np.ones((STEPS, BATCH), np.float32))
    for first, second in zip(plain, ones, strict=True):
        np.testing.assert_allclose(
            ops.convert_to_numpy(first), ops.convert_to_numpy(second), atol=1e-5
        )
