"""Environments as pure functions of arrays: batched, compiled, on any backend.

All that an environment knows is in its state, a mapping of arrays whose first axis is that of the
environments of a batch. Chance comes in from outside, as uniform numbers, so an episode is a
function of them and of the actions; a checkpoint can hold the state, and whole stretches of acting
compile into one loop.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from keras import ops

State = dict[str, Any]
Observation = dict[str, Any]


@dataclass(frozen=True)
class Space:
    """What one part of an observation looks like.

    Args:
        shape: without the batch. dtype: of its numbers.
    """

    shape: tuple[int, ...]
    dtype: str = "uint8"


class Step(NamedTuple):
    """What follows from an action.

    Args:
        state: after it. reward: `(B,)` float32.
        terminated: `(B,)` bool, where the episode has come to its end.
        truncated: `(B,)` bool, where it was only cut off, by the limit of its length.
    """

    state: State
    reward: Any
    terminated: Any
    truncated: Any


class ArrayEnvironment:
    """What built-in environments have in common.

    A subclass sets the attributes and has `drawn`, `moved` and `observe`. States hold `time`,
    `(B,)` int32, the steps since the beginning of the episode, which this class keeps.

    Attributes:
        actions: their names. observation: parts of an observation.
        draws: uniform numbers that a beginning or a step may use.
        limit: steps after which an episode is cut off.
    """

    actions: tuple[str, ...]
    observation: Mapping[str, Space]
    draws: int
    limit: int

    def begin(self, noise: Any) -> State:
        """The first state of episodes.

        Args:
            noise: `(B, draws)`, from 0 to less than 1.
        """
        state = self.drawn(noise)
        return {**state, "time": ops.zeros((noise.shape[0],), "int32")}

    def step(self, state: State, action: Any, noise: Any) -> Step:
        """One step of all environments.

        Args:
            action: `(B,)` int32. noise: `(B, draws)`.
        """
        inner, reward, terminated = self.moved(state, action, noise)
        time = state["time"] + 1
        truncated = ops.logical_and(time >= self.limit, ops.logical_not(terminated))
        return Step({**inner, "time": time}, reward, terminated, truncated)

    def advance(self, state: State, action: Any, noise: Any) -> Step:
        """A step behind which environments whose episode is over stand at the beginning of a new
        one, drawn from the same numbers."""
        found = self.step(state, action, noise)
        over = ops.logical_or(found.terminated, found.truncated)
        return found._replace(state=where(over, self.begin(noise), found.state))

    def drawn(self, noise: Any) -> State:
        """The first state but for `time`."""
        raise NotImplementedError

    def moved(self, state: State, action: Any, noise: Any) -> tuple[State, Any, Any]:
        """State, whose `time` does not count, reward and whether the episode is over."""
        raise NotImplementedError

    def observe(self, state: State) -> Observation:
        """What is seen of a state; the parts of `observation`, each `(B, ...)`."""
        raise NotImplementedError


def where(flag: Any, first: Mapping[str, Any], second: Mapping[str, Any]) -> State:
    """Of two states the first where the flag `(B,)` is set, else the second."""
    found = {}
    for name, array in second.items():
        shape = (-1,) + (1,) * (len(array.shape) - 1)
        found[name] = ops.where(ops.reshape(flag, shape), first[name], array)
    return found


def choice(noise: Any, count: Any) -> Any:
    """Whole numbers from 0 to `count` - 1 of uniform numbers, int32."""
    scaled = noise * ops.cast(count, noise.dtype)
    return ops.minimum(ops.cast(scaled, "int32"), ops.cast(count, "int32") - 1)


def at(places: Any, size: int) -> Any:
    """One-hot rows `(..., size)` of places `(...)`, bool: a picture's row or column."""
    return ops.expand_dims(places, -1) == np.arange(size, dtype=np.int32)


def spot(rows: Any, columns: Any, height: int, width: int) -> Any:
    """Maps `(B, height, width)`, bool, that are set in one place each, `(B,)` and `(B,)`."""
    return at(rows, height)[:, :, None] & at(columns, width)[:, None]


def picture(values: Any) -> Any:
    """Numbers from 0 to 255 as uint8; by way of int32, which compilers cast everywhere."""
    return ops.cast(ops.cast(values, "int32"), "uint8")
