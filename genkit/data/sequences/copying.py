"""Copying and repeat copying, episode by episode."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from genkit.data.sequences.config import CopyTaskConfig
from genkit.randomness import uniform

MARK, OFTEN = 0, 1  # channels behind the symbols


@dataclass(frozen=True)
class Episodes:
    """Episodes of one length.

    Args:
        inputs: `(E, B, symbols + 2)` float32, time first.
        targets: `(E, B)` int64, the symbol that is to be said, or their number for the end.
        asked: `(E,)` float32, 1 where something is to be said.
    """

    inputs: np.ndarray
    targets: np.ndarray
    asked: np.ndarray

    def __len__(self) -> int:
        return len(self.inputs)


@dataclass(frozen=True)
class CopyTask:
    """Makes episodes as functions of (seed, purpose, index); there are no splits of any size."""

    config: CopyTaskConfig
    splits: Mapping[str, Sequence[Any]] = field(default_factory=dict)
    notes: Mapping[str, str] = field(default_factory=dict)

    def episodes(
        self, seed: int, purpose: str, index: int, count: int, length: int, repeats: int = 1
    ) -> Episodes:
        """`count` episodes with `length` symbols that are to be said `repeats` times."""
        symbols, end = self.config.symbols, 1 if self.config.repeat else 0
        drawn = uniform(seed, f"copy_task/{purpose}", index, (length, count)).astype(np.float64)
        read = (drawn * symbols).astype(np.int64)
        said = length * repeats + end
        steps = length + 1 + said
        inputs = np.zeros((steps, count, symbols + 2), np.float32)
        inputs[:length, :, :symbols] = np.eye(symbols, dtype=np.float32)[read]
        inputs[length, :, symbols + MARK] = 1.0
        inputs[length, :, symbols + OFTEN] = repeats / self.config.longest
        targets = np.full((steps, count), symbols, np.int64)
        targets[length + 1 : length + 1 + length * repeats] = np.tile(read, (repeats, 1))
        asked = np.zeros(steps, np.float32)
        asked[length + 1 :] = 1.0
        return Episodes(inputs, targets, asked)


def load(config: CopyTaskConfig) -> CopyTask:
    """The task; there are no files."""
    return CopyTask(config)
