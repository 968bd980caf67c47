"""Labels of loop closure, beside experience."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from genkit.rl.experience import Experience, host
from genkit.rl.loops import LoopLabels

RESPAWNED = "respawned"


class LoopNotes:
    """Adds `loop` `(T, B)`, whether places were seen before; see `Annotation`.

    Args:
        settings: `loop_closure`. goal: reward from which on an agent is put somewhere else.
        batch: B.
    """

    def __init__(self, settings: Any, goal: float | None, batch: int) -> None:
        self.source, self.goal = settings.source, np.inf if goal is None else goal
        self.labels = LoopLabels(batch, settings.near, settings.far, settings.source)
        self.respawned = np.zeros(batch, bool)  # just before the next observation

    def add(self, experience: Experience) -> dict[str, np.ndarray]:
        """What belongs to the next stretch."""
        reached = host(experience["reward"]) >= self.goal
        moved = np.concatenate([self.respawned[None], reached[:-1]])
        self.respawned = reached[-1]
        seen = host(experience["observation"][self.source])[:-1]
        first = host(experience["first"])[:-1].astype(bool)
        return {"loop": self.labels.add(seen, first, moved & ~first)}

    def save(self) -> dict[str, np.ndarray]:
        """What is known of the episodes that go on."""
        return {**self.labels.save(), RESPAWNED: self.respawned.copy()}

    def restore(self, state: Mapping[str, np.ndarray]) -> None:
        """Take back what `save` returned."""
        own = dict(state)
        self.respawned = np.array(own.pop(RESPAWNED))
        self.labels.restore(own)

    def forget(self, rows: np.ndarray | None = None) -> None:
        """Episodes begin anew in some environments, `(B,)` bool, or in all."""
        self.labels.forget(rows)
        self.respawned[slice(None) if rows is None else rows] = False
