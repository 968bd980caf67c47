"""An endless chain of epochs, each of which is a permutation."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from genkit.randomness import permutation


class EpochsBySeed:
    """The chain of each seed, made when it is first asked for; see `Epochs`."""

    def __init__(self, count: int, purpose: str) -> None:
        self.count, self.purpose = count, purpose
        self._chains: dict[int, Epochs] = {}

    def of(self, seed: int) -> Epochs:
        """The chain of a seed."""
        if seed not in self._chains:
            self._chains[seed] = Epochs(self.count, seed, self.purpose)
        return self._chains[seed]


class Epochs:
    """Which of `count` things is at each position of an endless chain of permutations.

    Args:
        count: of the things.
        seed, purpose: epoch e is the permutation keyed by (seed, purpose, e).
    """

    def __init__(self, count: int, seed: int, purpose: str = "epoch") -> None:
        self.count = count

        @lru_cache(4)  # neighbouring positions lie in one epoch or two
        def order(epoch: int) -> np.ndarray:
            return permutation(seed, purpose, epoch, count)

        self._order = order

    def at(self, positions: np.ndarray) -> np.ndarray:
        """What is at `positions` `(P,)`, int64 `(P,)`: each thing once in every epoch."""
        epochs, places = np.divmod(positions, self.count)
        found = np.empty(len(positions), np.int64)
        for epoch in np.unique(epochs):
            here = epochs == epoch
            found[here] = self._order(int(epoch))[places[here]]
        return found
