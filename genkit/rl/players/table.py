"""What passes between players and environments: one array for each thing, a row for each
environment, in plain or in shared memory."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from genkit.rl.players.base import Arrays, Played

_ALIGNMENT = 64  # bytes; rows of different arrays then never share a line of the processor's cache


@dataclass(frozen=True)
class Layout:
    """What a table holds.

    Args:
        count: environments B.
        actions: their names.
        parts: name -> shape and dtype of a part of an observation.
    """

    count: int
    actions: tuple[str, ...]
    parts: dict[str, tuple[tuple[int, ...], str]]


class Table:
    """The arrays of B environments.

    Attributes:
        action: `(B,)` int32. reward: `(B,)` float32.
        terminated, truncated, failed: `(B,)` bool.
        episode: `(B,)` int64, number of the next episode. seed: `(B,)` int64. place: `(B,)`
            int64, which tells environments of one seed apart.
        observation, last: name -> `(B, ...)`.

    Args:
        layout: what they are. buffer: where they lie; None for memory of their own.
    """

    def __init__(self, layout: Layout, buffer: memoryview | None = None) -> None:
        self.layout = layout
        arrays: Arrays = {}
        for name, shape, dtype, offset in _places(layout):
            if buffer is None:
                arrays[name] = np.zeros(shape, dtype)
            else:
                arrays[name] = np.ndarray(shape, dtype, buffer, offset)
        self.action = arrays["action"]
        self.reward = arrays["reward"]
        self.terminated = arrays["terminated"]
        self.truncated = arrays["truncated"]
        self.failed = arrays["failed"]
        self.episode = arrays["episode"]
        self.seed = arrays["seed"]
        self.place = arrays["place"]
        self.observation = {name: arrays[f"observation/{name}"] for name in layout.parts}
        self.last = {name: arrays[f"last/{name}"] for name in layout.parts}

    def start(self, seed: int | np.ndarray) -> None:
        """Episodes count from 0 and are of another seed, or each environment's of its own `(B,)`:
        then it does not matter in which place it is."""
        alone = isinstance(seed, np.ndarray)
        self.seed[...] = seed
        self.place[...] = 0 if alone else np.arange(self.layout.count)
        self.episode[...] = 0

    def seen(self) -> Arrays:
        """A copy of the observations."""
        return {name: array.copy() for name, array in self.observation.items()}

    def played(self) -> Played:
        """A copy of all that a step gave."""
        observation = self.seen()
        last = None
        if self.truncated.any():
            last = {name: array.copy() for name, array in observation.items()}
            for name, array in last.items():
                array[self.truncated] = self.last[name][self.truncated]
        flags = (self.terminated.copy(), self.truncated.copy(), self.failed.copy())
        return Played(observation, self.reward.copy(), *flags, last)


def size(layout: Layout) -> int:
    """Bytes that a table needs."""
    return max(
        offset + int(np.prod(shape, dtype=np.int64)) * np.dtype(dtype).itemsize
        for _, shape, dtype, offset in _places(layout)
    )


def _places(layout: Layout) -> Iterator[tuple[str, tuple[int, ...], str, int]]:
    """Name, shape, dtype and offset of each array."""
    offset = 0
    for name, inner, dtype in _arrays(layout):
        shape = (layout.count, *inner)
        yield name, shape, dtype, offset
        length = int(np.prod(shape, dtype=np.int64)) * np.dtype(dtype).itemsize
        offset += -(-length // _ALIGNMENT) * _ALIGNMENT


def _arrays(layout: Layout) -> Iterator[tuple[str, tuple[int, ...], str]]:
    yield "action", (), "int32"
    yield "reward", (), "float32"
    for name in ("terminated", "truncated", "failed"):
        yield name, (), "bool"
    yield "episode", (), "int64"
    yield "seed", (), "int64"
    yield "place", (), "int64"
    for name, (shape, dtype) in layout.parts.items():
        yield f"observation/{name}", shape, dtype
        yield f"last/{name}", shape, dtype
