"""Sequences of integers: an npz of values."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np

from genkit.artifacts.parts import Parts, collect_npz


@dataclass(frozen=True)
class Sequences:
    """A batch of sequences of equal length.

    Args:
        samples: `(N, T)` int, values 0 .. levels - 1.
        log_prob: `(N,)` float32, nats at temperature 1.
        index: `(N,)` int64, which sample of the job each one is.
        levels: number of values.
    """

    kind: ClassVar[str] = "sequences"
    samples: np.ndarray
    log_prob: np.ndarray
    index: np.ndarray
    levels: int
    name: str = "samples"

    def arrays(self) -> dict[str, np.ndarray]:
        smallest = np.min_scalar_type(self.levels - 1)
        return {
            "samples": self.samples.astype(smallest),
            "log_prob": self.log_prob,
            "index": self.index,
        }

    def meta(self) -> dict[str, int]:
        """What `collect` needs beside the arrays."""
        return {"levels": self.levels}

    def save(self, folder: Path) -> list[Path]:
        """`samples.npz`, below 1 GB."""
        parts = Parts(len(self.samples), self.meta(), iter([self.arrays()]))
        return self.collect(folder, parts, self.name)

    @classmethod
    def collect(cls, folder: Path, parts: Parts, name: str = "samples") -> list[Path]:
        """The same file, of parts that need not fit in memory."""
        return collect_npz(folder, parts, name)

    def preview(self) -> None:
        """There is no picture of bare values."""
