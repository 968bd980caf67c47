"""What it costs to expect that nothing moves."""

from __future__ import annotations

import numpy as np

NOISES = np.geomspace(1e-4, 0.5, 40)


class CopyLast:
    """A density of later frames that expects the last given one to stay, with some noise: with
    probability 1 - e a value is as it was, else one of the training videos' values by their
    frequency. With soft targets, the values brought to 0 .. 1, the mean of that.

    Args:
        levels: values of a channel. soft: cross-entropy with grey values as soft targets.
    """

    def __init__(self, levels: int, soft: bool) -> None:
        self.levels, self.soft = levels, soft
        self.noise = 0.5
        self.frequency = np.full(levels, 1.0 / levels)

    def fit(self, last: np.ndarray, later: np.ndarray) -> CopyLast:
        """Frequencies, and the noise e under which `later (N, T, H, W, C)` costs least behind
        `last (N, H, W, C)`."""
        counts = np.bincount(later.ravel(), minlength=self.levels) + 1.0
        self.frequency = counts / counts.sum()
        costs = []
        for noise in NOISES:
            self.noise = float(noise)
            costs.append(self.nats(last, later).mean())
        self.noise = float(NOISES[int(np.argmin(costs))])
        return self

    def nats(self, last: np.ndarray, later: np.ndarray) -> np.ndarray:
        """`(N, T)` float64, sums over each frame."""
        before = np.broadcast_to(last[:, None], later.shape)
        if self.soft:
            share = np.arange(self.levels) / (self.levels - 1)
            mean = (1 - self.noise) * share + self.noise * float(share @ self.frequency)
            log, rest = np.log(mean)[before], np.log1p(-mean)[before]
            target = share[later]
            each = -(target * log + (1 - target) * rest)
        else:
            chance = self.noise * self.frequency[later] + (1 - self.noise) * (before == later)
            each = -np.log(chance)
        return np.asarray(each.sum(axis=(2, 3, 4)))
