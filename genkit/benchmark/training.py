"""The workload of training: one update."""

from __future__ import annotations

from typing import Any

from genkit.family import Arrays, Learner, Workload
from genkit.randomness import Noise


def training_workload(learner: Learner, batch: Arrays | None = None) -> Workload:
    """One update on a fixed batch. It changes the learner, so it is timed last.

    Args:
        batch: by default the first one of the training split.
    """
    if batch is None:
        feed: Any = learner.feed("train", 0)
        batch = feed.batch(0)
    size = len(next(iter(batch.values())))

    def update() -> Any:
        return learner.update(batch, Noise(0, 0))

    return Workload("training_step", size, size, update)
