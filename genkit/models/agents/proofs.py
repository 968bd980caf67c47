"""What `genkit check` proves of an agent."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import closing
from typing import TYPE_CHECKING, Any

import numpy as np

from genkit.conformance.weights import random_weights
from genkit.family import Check
from genkit.rl.experience import flat, host

if TYPE_CHECKING:
    from genkit.models.agents.learner import AgentLearner

DRAW, SEED = 0, 0
BATCH = 3
STRETCHES = 3
ROUNDING = 1e-4  # of numbers about 1


def checks(learner: AgentLearner) -> Iterable[Check]:
    """Acting and learning compute the same, and a feed that was saved goes on exactly."""
    yield Check("acting_and_unrolled_logits", ROUNDING, lambda: _under(learner, unrolled))
    if learner.exact:
        yield Check("saved_feed_differences", 0.0, lambda: _under(learner, resumed))


def _under(learner: AgentLearner, measure: Any) -> float:
    # A fresh policy is the same whatever it sees.
    with random_weights(learner.network.trainable_variables, DRAW):
        return float(measure(learner))


def unrolled(learner: AgentLearner) -> float:
    """Largest difference of logits and values between single steps and whole stretches."""
    worst = 0.0
    with closing(learner.feed("train", SEED)) as feed:
        every = [feed.batch(k)["experience"] for k in range(STRETCHES)]
    for experience in every:
        found = learner.unrolled(experience)
        for own, other in ((found.logits, "logits"), (found.values, "values")):
            acted = host(experience[other])
            gap = np.abs(host(own)[:-1] - acted).max()
            worst = max(worst, float(gap / max(1.0, np.abs(acted).max())))
    return worst


def resumed(learner: AgentLearner) -> float:
    """How many arrays differ between a feed that goes on and one that was saved and put back."""
    with (
        closing(learner.feed("train", SEED)) as feed,
        closing(learner.feed("train", SEED)) as other,
    ):
        k, _ = feed.whole()
        kept = {name: np.array(x) for name, x in feed.save().items()}
        other.restore(kept)
        first, second = _arrays(feed.batch(k + 1)), _arrays(other.batch(k + 1))
    if first.keys() != second.keys():
        return float(len(first.keys() ^ second.keys()))
    return float(sum(not np.array_equal(first[name], second[name]) for name in first))


def _arrays(batch: Any) -> dict[str, np.ndarray]:
    """Of a batch all that is learned from."""
    parts = {name: part for name, part in batch.items() if name != "figures"}
    return {name: host(x) for name, x in flat(parts).items()}
