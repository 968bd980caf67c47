"""What players are: environments in a row that step together."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple, Protocol

import numpy as np

if TYPE_CHECKING:
    from genkit.rl.environments.base import Space
    from genkit.rl.environments.outside import OutsideEnvironment

Arrays = dict[str, np.ndarray]

LIMIT = 5  # failures in a row, without a good step in between, after which players give up


class Played(NamedTuple):
    """What follows from the actions. Where an episode is over, a new one has begun.

    Args:
        observation: name -> `(B, ...)`; that of the new episode where the old one is over.
        reward: `(B,)` float32.
        terminated: `(B,)` bool, where the episode came to its end.
        truncated: `(B,)` bool, where it was cut off, and only there.
        failed: `(B,)` bool, where the environment was lost and made anew: the episode ends
            there with nothing known about how it would have gone on. Its reward is 0.
        last: None if no episode was cut off. Else name -> `(B, ...)`: the last observation of
            episodes that were cut off, and `observation` for all others, so that one call of a
            value function gives what to bootstrap from.
    """

    observation: Arrays
    reward: np.ndarray
    terminated: np.ndarray
    truncated: np.ndarray
    failed: np.ndarray
    last: Arrays | None


class Players(Protocol):
    """B environments. `send` and `receive` alternate, after `reset`.

    Attributes:
        count: environments B. actions: their names. observation: parts of an observation.
        restarts: how often an environment or a worker was made anew after a failure.
    """

    count: int
    actions: tuple[str, ...]
    observation: Mapping[str, Space]
    restarts: int

    def reset(self, seed: int | np.ndarray | None = None) -> Arrays:
        """Begin new episodes everywhere; the first observations, name -> `(B, ...)`.

        Args:
            seed: the first episodes of another seed, or of one for each environment `(B,)`; None
                for the next ones.
        """

    def send(self, actions: np.ndarray) -> None:
        """Begin a step.

        Args:
            actions: `(B,)` whole numbers.
        """

    def receive(self) -> Played:
        """The end of the step.

        Raises:
            GenkitError: an environment or a worker fails again and again; has its message.
        """

    def close(self) -> None:
        """End everything. Can be called again."""


def checked(actions: np.ndarray, count: int, choices: int) -> np.ndarray:
    """Actions as int32.

    Raises:
        ValueError: they are not `count` whole numbers from 0 to `choices` - 1.
    """
    found = np.asarray(actions)
    if found.shape != (count,) or not np.issubdtype(found.dtype, np.integer):
        raise ValueError(
            f"actions must be {count} whole numbers. Received: {found.dtype} of {found.shape}"
        )
    if found.min() < 0 or found.max() >= choices:
        raise ValueError(f"actions must be from 0 to {choices - 1}. Received: {found}")
    return found.astype(np.int32)


def parts_of(environment: OutsideEnvironment) -> dict[str, tuple[tuple[int, ...], str]]:
    """Shape and dtype of each part of its observations."""
    return {
        name: (tuple(space.shape), str(np.dtype(space.dtype)))
        for name, space in environment.observation_space.spaces.items()
    }


def spaces(parts: Mapping[str, tuple[tuple[int, ...], str]]) -> dict[str, Space]:
    """Parts of observations as learners know them."""
    from genkit.rl.environments.base import Space  # imports Keras; workers do without

    return {name: Space(shape, dtype) for name, (shape, dtype) in parts.items()}
