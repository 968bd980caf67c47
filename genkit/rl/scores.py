"""Returns of the episodes that acting finishes."""

from __future__ import annotations

import numpy as np

from genkit.family import Arrays

RECENT = 100  # episodes that the mean return is of


class Scores:
    """Keeps count of returns while B environments are played.

    Args:
        batch: B.
    """

    def __init__(self, batch: int) -> None:
        self.running = np.zeros(batch)
        self.length = np.zeros(batch, np.int64)
        self.recent = np.full(RECENT, np.nan)
        # Episodes, steps, and the sums whose ratio is the area under the curve.
        self.episodes = np.zeros((), np.int64)
        self.steps = np.zeros((), np.int64)
        self.area = np.zeros(2)

    def add(self, reward: np.ndarray, over: np.ndarray, lost: np.ndarray | None = None) -> None:
        """A stretch of experience.

        Args:
            reward: `(T, B)`. over: `(T, B)` bool, whether the episode is over behind the step.
            lost: `(T, B)` bool, which of those have no return, as their environment failed.
        """
        counted = over if lost is None else over & ~lost
        for rewards, ended, known in zip(np.asarray(reward, float), over, counted, strict=True):
            self.running += rewards
            self.length += 1
            for value in self.running[known]:
                self.recent[self.episodes % RECENT] = value
                self.episodes += 1
            self.running[ended] = 0.0
            self.length[ended] = 0
        self.steps += reward.size
        if self.episodes:
            self.area += (reward.size * self.mean(), reward.size)

    def mean(self) -> float:
        """Mean return of the last 100 finished episodes, or of all where there are fewer."""
        return float(np.nanmean(self.recent))

    def metrics(self) -> dict[str, float]:
        """Figures so far; no returns before the first episode is over.

        `auc` is the mean over all steps of the mean return at that step.
        """
        found = {"agent_steps": float(self.steps), "episodes": float(self.episodes)}
        if self.episodes:
            found["mean_return"] = self.mean()
            found["auc"] = float(self.area[0] / self.area[1])
        return found

    def save(self) -> Arrays:
        names = ("running", "length", "recent", "episodes", "steps", "area")
        return {name: np.array(getattr(self, name)) for name in names}

    def restore(self, state: Arrays) -> None:
        for name, array in state.items():
            setattr(self, name, np.array(array))

    def forget(self, rows: np.ndarray | None = None) -> None:
        """Episodes begin anew in some environments, `(B,)` bool, or in all; what was counted
        stays."""
        chosen = slice(None) if rows is None else rows
        self.running[chosen] = 0.0
        self.length[chosen] = 0
