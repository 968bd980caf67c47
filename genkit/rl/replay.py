"""Earlier experience, kept for each environment and learned from again."""

from __future__ import annotations

import numpy as np

from genkit.family import Arrays
from genkit.rl.experience import Experience, flat, host, nested

# What a network needs to be unrolled, and heads need to learn.
NEEDED = (
    "previous_action",
    "previous_reward",
    "first",
    "state",
    "action",
    "reward",
    "terminated",
    "truncated",
    "bootstrap",
)
COUNT = "count"
SEEN = "observation/"


class Replay:
    """The last stretches of each environment, as they were acted: with the network's state at
    their beginning, so that nothing is unrolled from a state that never was.

    Args:
        stretches: how many are kept. sees: parts of observations that are.
    """

    def __init__(self, stretches: int, sees: tuple[str, ...]) -> None:
        if stretches < 1:
            raise ValueError(f"a replay keeps at least one stretch. Received: {stretches}")
        self.stretches = stretches
        self.names = (*(SEEN + part for part in sees), *NEEDED)
        self.count = 0  # stretches that were ever added
        self._kept: Arrays = {}  # name -> (stretches, ...)

    def __len__(self) -> int:
        return min(self.count, self.stretches)

    def add(self, experience: Experience) -> None:
        """Keep a stretch, in the place of the oldest one."""
        arrays = flat(experience)
        for name in self.names:
            value = host(arrays[name])
            if name not in self._kept:
                self._kept[name] = np.zeros((self.stretches, *value.shape), value.dtype)
            self._kept[name][self.count % self.stretches] = value
        self.count += 1

    def sample(self, noise: np.ndarray) -> Experience:
        """A stretch for each environment, each drawn from its own.

        Args:
            noise: `(B,)`, uniform.
        """
        if not self.count:
            raise ValueError("there is nothing to replay yet")
        chosen = np.minimum((noise * len(self)).astype(int), len(self) - 1)
        rows = np.arange(len(noise))
        found = {
            name: kept[chosen, rows]
            if name == "state"
            else np.ascontiguousarray(np.swapaxes(kept[chosen, :, rows], 0, 1))
            for name, kept in self._kept.items()
        }
        return nested(found)

    def save(self) -> Arrays:
        """What is kept."""
        kept = {name: array[: len(self)] for name, array in self._kept.items()}
        return {**kept, COUNT: np.array(self.count)}

    def restore(self, state: Arrays) -> None:
        """Take back what `save` returned."""
        self.count = int(state[COUNT])
        self._kept = {}
        for name in self.names:
            if name in state:
                array = state[name]
                self._kept[name] = np.zeros((self.stretches, *array.shape[1:]), array.dtype)
                self._kept[name][: len(array)] = array
