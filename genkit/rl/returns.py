"""Returns of stretches of experience: V-trace, of which n-step returns are a special case."""

from __future__ import annotations

from typing import Any, NamedTuple

from keras import ops


class Returns(NamedTuple):
    """What a learner aims at.

    Args:
        targets: `(T, B)` of the values.
        advantages: `(T, B)`, weights of the policy's gradient.
    """

    targets: Any
    advantages: Any


def vtrace(
    rewards: Any,
    discounts: Any,
    values: Any,
    after: Any,
    ratios: Any = None,
    rho_limit: float = 1.0,
    c_limit: float = 1.0,
) -> Returns:
    """V-trace (Espeholt et al., 2018, arXiv:1802.01561, equation 1 and section 4.2).

    With rho_t = min(rho_limit, ratio_t) and c_t = min(c_limit, ratio_t), backwards from the end:
    v_t = V_t + rho_t (r_t + g_t V_t+1 - V_t) + g_t c_t (v_t+1 - V_t+1); the advantage is
    rho_t (r_t + g_t v_t+1 - V_t). Time comes first in all arrays. No gradient passes through it.

    Args:
        rewards, values: `(T, B)`; values V_t of the states before each reward.
        discounts: `(T, B)`, g_t: 0 where the episode ended with that reward.
        after: `(B,)`, the value of the state behind the last reward.
        ratios: `(T, B)`, the policy's probability of each action over that of the policy which
            chose it. None for 1, whatever rounding says: then targets are n-step returns.
    """
    rewards, discounts, values, after = (
        ops.stop_gradient(ops.convert_to_tensor(x)) for x in (rewards, discounts, values, after)
    )
    steps = int(rewards.shape[0])
    rho = c = None
    if ratios is not None:
        ratios = ops.stop_gradient(ops.convert_to_tensor(ratios))
        rho, c = ops.minimum(ratios, rho_limit), ops.minimum(ratios, c_limit)
    targets: list[Any] = [None] * steps
    advantages: list[Any] = [None] * steps
    value_after, target_after = after, after
    for t in reversed(range(steps)):
        reward, discount, value = rewards[t], discounts[t], values[t]
        if rho is None or c is None:
            targets[t] = reward + discount * target_after
            advantages[t] = targets[t] - value
        else:
            change = rho[t] * (reward + discount * value_after - value)
            targets[t] = value + change + discount * c[t] * (target_after - value_after)
            advantages[t] = rho[t] * (reward + discount * target_after - value)
        value_after, target_after = value, targets[t]
    return Returns(ops.stack(targets), ops.stack(advantages))
