"""The workload of training: one update."""

from __future__ import annotations

from typing import Any

from genkit.family import Arrays, Learner, Workload
from genkit.randomness import Noise


def training_workload(learner: Learner, batch: Arrays | None = None) -> Workload:
    """One update on a fixed batch. It changes the learner, so it is timed last.

    Args:
        batch: by default the first one of the training split, read at the first call.
    """
    ready: dict[str, Arrays] = {} if batch is None else {"batch": batch}

    def update() -> Any:
        if not ready:
            ready["batch"] = learner.feed("train", 0).batch(0)
        return learner.update(ready["batch"], Noise(0, 0))

    size = batch_size(learner) if batch is None else len(next(iter(batch.values())))
    return Workload("training_step", size, size, update)


def batch_size(learner: Any) -> int:
    """Items of an update, as the recipe says."""
    return int(learner.recipe.train.batch_size)
