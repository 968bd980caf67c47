"""How long the first goal takes, and how long all later ones: whether a maze is remembered.

"Latency 1 : >1" of Mirowski et al., 2017 (arXiv:1611.03673).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

GOAL = 10.0  # reward of a goal, in the paper and in the mazes here
_ROUNDING = 1e-3  # of sums of rewards


@dataclass(frozen=True)
class Latency:
    """Steps to goals, pooled over episodes.

    Args:
        episodes: how many there were. found: in how many of them a goal was reached.
        first: `(found,)` int64, steps from the beginning to the first goal of an episode.
        later: `(L,)` int64, steps from each respawn to the next goal. What is behind the last
            goal of an episode is no interval: nobody knows how long it would have been.
    """

    episodes: int
    found: int
    first: np.ndarray
    later: np.ndarray

    def metrics(self, steps_per_second: float | None = None) -> dict[str, float]:
        """Means; those of nothing are absent.

        Args:
            steps_per_second: agent steps in a second of game time, where there is such a time.

        Returns:
            `latency_first_steps` and `latency_later_steps`, in agent steps, and with a game time
            `latency_first_seconds` and `latency_later_seconds`; `goal_episodes_percent`, of all
            episodes, `episodes_without_goal`, which have no part in the latencies, and
            `goals_per_episode`.
        """
        found = {}
        for name, steps in (("first", self.first), ("later", self.later)):
            if len(steps):
                found[f"latency_{name}_steps"] = float(steps.mean())
                if steps_per_second is not None:
                    found[f"latency_{name}_seconds"] = float(steps.mean()) / steps_per_second
        if self.episodes:
            found["goal_episodes_percent"] = 100 * self.found / self.episodes
            found["episodes_without_goal"] = float(self.episodes - self.found)
            found["goals_per_episode"] = (len(self.first) + len(self.later)) / self.episodes
        return found


def latency(reward: np.ndarray, length: np.ndarray, goal: float = GOAL) -> Latency:
    """Steps to the goals of recorded episodes.

    Args:
        reward: `(N, T)`, as the environment gave it. length: `(N,)` int, steps of each episode.
        goal: the reward of one; see `goals_reached`.

    A goal that is reached in the first step took one step. Of several in one step, with repeated
    actions, all but the first took none.
    """
    first, later = [], []
    for goals in goals_reached(reward, length, goal):
        steps = np.repeat(np.arange(1, len(goals) + 1), goals)
        took = np.diff(steps, prepend=0)
        first.append(took[:1])
        later.append(took[1:])
    return Latency(len(first), sum(map(len, first)), _joined(first), _joined(later))


def goals_reached(reward: np.ndarray, length: np.ndarray, goal: float = GOAL) -> np.ndarray:
    """How many goals were reached in each step, `(N, T)` int64; none behind the end of an episode.

    A goal gives more than all else that one step may give, so what is less is fruit.
    """
    inside = np.arange(reward.shape[1]) < np.asarray(length)[:, None]
    counts = np.floor((reward.astype(np.float64) + _ROUNDING) / goal)
    return np.where(inside, np.maximum(counts, 0), 0).astype(np.int64)


def _joined(parts: list[np.ndarray]) -> np.ndarray:
    return np.concatenate([np.zeros(0, np.int64), *parts])
