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
        sums = self.running + np.cumsum(reward, axis=0, dtype=np.float64)
        place, time = np.nonzero(over.T)  # the ends of one environment after the other
        at_end = sums[time, place]
        follows = np.diff(place, prepend=-1) == 0
        returns = at_end - np.where(follows, np.roll(at_end, 1), 0.0)
        last = np.zeros_like(self.running)
        last[place] = at_end  # of several the last one stays
        self.running = sums[-1] - last
        self._finish(returns, time, None if lost is None else ~lost[time, place])
        self.steps += reward.size
        if self.episodes:
            self.area += (reward.size * self.mean(), reward.size)

    def _finish(self, returns: np.ndarray, time: np.ndarray, known: np.ndarray | None) -> None:
        """Returns of episodes that ended at these times, in any order."""
        order = np.argsort(time, kind="stable")
        returns = returns[order] if known is None else returns[order][known[order]]
        places = (int(self.episodes) + np.arange(len(returns))) % RECENT
        self.recent[places[-RECENT:]] = returns[-RECENT:]
        self.episodes += len(returns)

    def mean(self) -> float:
        """Mean return of the last 100 finished episodes, or of all where there are fewer."""
        return float(self.recent[: min(int(self.episodes), RECENT)].mean())

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
        names = ("running", "recent", "episodes", "steps", "area")
        return {name: np.array(getattr(self, name)) for name in names}

    def restore(self, state: Arrays) -> None:
        for name, array in state.items():
            setattr(self, name, np.array(array))

    def forget(self, rows: np.ndarray | None = None) -> None:
        """Episodes begin anew in some environments, `(B,)` bool, or in all; what was counted
        stays."""
        chosen = slice(None) if rows is None else rows
        self.running[chosen] = 0.0
