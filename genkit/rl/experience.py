"""What acting leaves behind for learning, and the form in which it is kept."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

import numpy as np
from keras import ops

Experience = dict[str, Any]
"""A stretch of T steps of B environments, time first:

`observation`  part -> `(T + 1, B, ...)`, the last one not acted on yet
`previous_action`, `previous_reward`, `first`  `(T + 1, B)`, what was done before each observation,
    -1 and 0 at the beginning of an episode, and whether it is one
`state`  `(B, S)`, what the network remembered before the first of them
`action`  `(T, B)` int32
`reward`  `(T, B)`, what the environment gave
`terminated`, `truncated`  `(T, B)` bool, whether the episode ended, or was cut off, behind the step
`bootstrap`  `(T, B)`, where it was cut off the value of what came then; else 0
`logits`  `(T, B, A)` of the policy that acted; `values`  `(T, B)`

Where something can be lost there are also `failed`  `(T, B)` bool, whether an environment was, and
`begun`  `(B,)` bool, where episodes began anew before the first step.
"""

Carry = dict[str, Any]
"""What acting goes on from: nested mappings of arrays."""


class Rollout(Protocol):
    """Acts in B environments by a network, T steps a call.

    Attributes:
        batch: B. steps: T. draws: uniform numbers that a step of an environment takes.
        waited: seconds of the last call in which other processes were waited for.
        exact: whether a carry that was saved goes on as if nothing had happened.
    """

    batch: int
    steps: int
    draws: int
    waited: float
    exact: bool

    def begin(self, noise: np.ndarray) -> Carry:
        """Before the first step.

        Args:
            noise: `(B, draws)`, uniform, float32.
        """
        ...

    def run(self, carry: Carry, noise: np.ndarray) -> tuple[Carry, Experience]:
        """The next steps.

        Args:
            noise: `(T, B, draws)`, uniform, float32; the first number of a step draws the action.
        """
        ...

    def sibling(self) -> Rollout:
        """One that can act elsewhere at the same time."""
        ...

    def close(self) -> None:
        """Stop whatever else is running for it."""
        ...


class Annotation(Protocol):
    """Adds to stretches of experience what follows from whole episodes, such as whether a place
    has been seen before. It is given stretch after stretch of the same environments."""

    def add(self, experience: Experience) -> dict[str, np.ndarray]:
        """What belongs to the next stretch, by name, `(T, B, ...)`."""
        ...

    def save(self) -> dict[str, np.ndarray]:
        """What is known of the episodes that go on."""
        ...

    def restore(self, state: Mapping[str, np.ndarray]) -> None:
        """Take back what `save` returned."""
        ...

    def forget(self, rows: np.ndarray | None = None) -> None:
        """Episodes begin anew in some environments, `(B,)` bool, or in all."""
        ...


def over(experience: Experience) -> Any:
    """`(T, B)` bool: steps behind which an episode ended or was cut off."""
    return ops.logical_or(experience["terminated"], experience["truncated"])


def host(array: Any) -> np.ndarray:
    """An array of the backend as one of NumPy."""
    return np.asarray(ops.convert_to_numpy(array))


def flat(nested: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Nested mappings as one, with names joined by `/`."""
    found: dict[str, Any] = {}
    for name, value in nested.items():
        if isinstance(value, Mapping):
            found.update(flat(value, f"{prefix}{name}/"))
        else:
            found[prefix + name] = value
    return found


def nested(flat_: Mapping[str, Any]) -> dict[str, Any]:
    """The mappings that `flat` was given."""
    found: dict[str, Any] = {}
    for name, value in flat_.items():
        *path, last = name.split("/")
        inner = found
        for part in path:
            inner = inner.setdefault(part, {})
        inner[last] = value
    return found
