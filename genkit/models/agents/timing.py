"""What `genkit bench` times of an agent: acting, and an update of the network."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import closing
from typing import TYPE_CHECKING, Any

import numpy as np

from genkit import backend
from genkit.family import Workload
from genkit.randomness import Noise, uniform

if TYPE_CHECKING:
    from genkit.models.agents.learner import AgentLearner


def workloads(learner: AgentLearner, tiles: Sequence[int]) -> Iterable[Workload]:
    """Acting in so many environments at once; values are agent steps."""
    for tile in tiles:
        yield _acting(learner, tile)
    yield _update(learner)


def _acting(learner: AgentLearner, tile: int) -> Workload:
    ready: dict[str, Any] = {}
    steps = learner.config.unroll

    def run() -> Any:
        if not ready:
            rollout = learner.rollout(tile, 1.0)
            ready["noise"] = uniform(0, "bench", 0, (steps, tile, rollout.draws))
            ready["carry"] = rollout.begin(np.ascontiguousarray(ready["noise"][0]))
            ready["rollout"] = rollout
        ready["carry"], experience = ready["rollout"].run(ready["carry"], ready["noise"])
        return backend.synchronise(experience["reward"])

    return Workload("acting", tile, tile * steps, run)


def _update(learner: AgentLearner) -> Workload:
    """One update on a fixed stretch of experience. It changes the learner, so it comes last."""
    ready: dict[str, Any] = {}
    batch = learner.recipe.train.batch_size

    def run() -> Any:
        if not ready:
            with closing(learner.feed("train", 0)) as feed:
                _, ready["batch"] = feed.whole()
        return learner.update(ready["batch"], Noise(0, 0))

    return Workload("learning", batch, batch * learner.config.unroll, run)
