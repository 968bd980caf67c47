"""Earlier experience, kept for each environment and learned from again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from genkit.family import Arrays
from genkit.rl.experience import Experience, flat, host, nested
from genkit.rl.heads.config import CLASSES, FRAMES

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
NEGATIVE = CLASSES.index("negative")  # zero and positive are at 0 and 1, as their sign


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

    @property
    def full(self) -> bool:
        """Whether so many are kept as ever will be."""
        return self.count >= self.stretches

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

    def windows(self, noise: np.ndarray) -> dict[str, Any] | None:
        """Frames that follow each other, and the class of the reward that follows the last of them
        (Jaderberg et al., 2017, arXiv:1611.05397, section 3.2). They are drawn from all
        environments alike: with a half from those with a reward, with the other half from those
        without; where one kind is missing from the other. No episode ends between them.

        Args:
            noise: `(N, 2)`, uniform: of the kind, and among it.

        Returns:
            `observation` part -> `(FRAMES, N, ...)`, `class` `(N,)` int32, a place in `CLASSES`;
            None where there is no such window.
        """
        order = (self.count + np.arange(-len(self), 0)) % self.stretches  # the oldest first
        reward, first = (self._kept[name][order] for name in ("reward", "first"))
        steps = reward.shape[1]
        reward = reward.reshape(-1, reward.shape[-1])
        begins = first[:, :steps].reshape(reward.shape).astype(bool)
        whole = np.ones(reward.shape, bool)  # whether a window ends here
        whole[: FRAMES - 1] = False
        for back in range(FRAMES - 1):
            whole[back:] &= ~begins[: len(begins) - back]
        kinds = [np.argwhere(whole & (reward != 0)), np.argwhere(whole & (reward == 0))]
        if not any(map(len, kinds)):
            return None
        ends = np.stack([_one_of(kinds, *pair) for pair in noise.tolist()])
        times = ends[:, 0] + np.arange(1 - FRAMES, 1)[:, None]  # (FRAMES, N)
        slots, places, rows = order[times // steps], times % steps, ends[:, 1]
        seen = {
            name.removeprefix(SEEN): kept[slots, places, rows]
            for name, kept in self._kept.items()
            if name.startswith(SEEN)
        }
        sign = np.sign(reward[ends[:, 0], rows]).astype(np.int32)
        return {"observation": seen, "class": np.where(sign < 0, NEGATIVE, sign).astype(np.int32)}

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


def _one_of(kinds: Sequence[np.ndarray], kind: float, place: float) -> np.ndarray:
    """One of the windows `(n, 2)` of the first kind or of the second, by two uniform numbers."""
    first, second = kinds if kind < 0.5 else kinds[::-1]
    drawn = first if len(first) else second
    return np.asarray(drawn[min(int(place * len(drawn)), len(drawn) - 1)])
