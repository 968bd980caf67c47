"""Policy and value: the loss of an advantage actor-critic."""

from __future__ import annotations

from typing import Any

from keras import ops

from genkit.rl.experience import Experience, over
from genkit.rl.heads.base import Head, Learned
from genkit.rl.returns import vtrace
from genkit.sampling.decoding import log_probability


class ActorCritic(Head):
    """The loss of an advantage actor-critic.

    Args:
        config: with `discount`, `value`, `entropy`, `reward_clip`, `rho_limit`, `c_limit`, and
            `actors.lag`: without a lag ratios are 1 by definition, not by computation.
    """

    name = "actor-critic"

    def __init__(self, config: Any) -> None:
        self.config = config

    def loss(self, learned: Learned) -> tuple[Any, dict[str, Any]]:
        return actor_critic_loss(learned.unrolled, learned.experience, self.config)


class ValueReplay(Head):
    """Values of earlier experience are learned once more (Jaderberg et al., 2017, arXiv:1611.05397,
    section 3.3): the squared error of n-step returns, halved.

    Args:
        config: with `discount`, `reward_clip`, and `value_replay.weight`.
    """

    name = "value-replay"
    replays = True

    def __init__(self, config: Any) -> None:
        self.config = config

    def loss(self, learned: Learned) -> tuple[Any, dict[str, Any]]:
        experience, unrolled = learned.again()
        values = unrolled.values
        rewards, discounts = learned_rewards(experience, self.config)
        targets = vtrace(rewards, discounts, values[:-1], values[-1]).targets
        error = 0.5 * _loss(ops.square(targets - values[:-1]))
        return self.config.value_replay.weight * error, {"value_replay_loss": error}


def actor_critic_loss(
    unrolled: Any, experience: Experience, config: Any
) -> tuple[Any, dict[str, Any]]:
    """Policy gradient, squared error of values, and the policy's entropy (Mnih et al., 2016,
    arXiv:1602.01783, section 4; with a lag Espeholt et al., 2018, arXiv:1802.01561, section 4.2).

    Sums over the steps of a stretch, means over the environments: the mean of what the workers of
    A3C would each apply.

    Args:
        unrolled: of the network, `(T + 1, B, ...)`: the last observation is for its value only.
        experience: see there.
        config: see `ActorCritic`.

    Returns:
        The loss, and metrics.
    """
    logits, values = unrolled.logits[:-1], unrolled.values[:-1]
    rewards, discounts = learned_rewards(experience, config)
    log_policy = ops.log_softmax(logits, axis=-1)
    chosen = log_probability(logits, experience["action"])
    ratios = None
    if config.actors.lag:
        ratios = ops.exp(chosen - log_probability(experience["logits"], experience["action"]))
    found = vtrace(
        rewards,
        discounts,
        values,
        unrolled.values[-1],
        ratios,
        config.rho_limit,
        config.c_limit,
    )
    policy = _loss(-chosen * found.advantages)
    value = 0.5 * _loss(ops.square(found.targets - values))
    entropy = _loss(-ops.sum(ops.exp(log_policy) * log_policy, axis=-1))
    loss = policy + config.value * value - config.entropy * entropy
    steps = int(chosen.shape[0])
    metrics = {
        "policy_loss": policy,
        "value_loss": value,
        "entropy_nats": entropy / steps,
        "mean_value": ops.mean(values),
    }
    if ratios is not None:
        metrics["mean_ratio"] = ops.mean(ratios)
    return loss, metrics


def learned_rewards(experience: Experience, config: Any) -> tuple[Any, Any]:
    """Rewards and discounts `(T, B)` to learn from: cut, and behind the end of an episode 0. Where
    one was only cut off, its reward has the value of what came then added."""
    rewards = experience["reward"]
    if config.reward_clip is not None:
        rewards = ops.clip(rewards, -config.reward_clip, config.reward_clip)
    discounts = config.discount * (1.0 - ops.cast(over(experience), "float32"))
    return rewards + config.discount * experience["bootstrap"], discounts


def _loss(values: Any) -> Any:
    """Of `(T, B)` the sum over time, in the mean over environments."""
    return ops.mean(ops.sum(values, axis=0))
