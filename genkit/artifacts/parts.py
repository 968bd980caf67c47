"""The parts of a sampling job on their way into what people look at."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

from genkit.artifacts.npz import NpzStream
from genkit.files import replacing

if TYPE_CHECKING:
    import numpy as np

# Up to this many bytes (unpacked) samples are put together in one file.
ONE_FILE_BYTES = 10**9


def _nobody(text: str) -> None:
    """Says nothing."""


@dataclass(frozen=True)
class Given:
    """The first given items of a job that completes some, for pictures.

    Args:
        values: `(G, ...)` whole items.
        mask: 1 where a value was given, 0 where it was drawn; same shape.
        samples: `(G, M)` int64, numbers of the first samples that complete each one; -1 where
            there are fewer.
    """

    values: np.ndarray
    mask: np.ndarray
    samples: np.ndarray

    def mask_of(self, sample: int) -> np.ndarray:
        """What was given of a sample, one of those that are named."""
        row = int((self.samples == sample).any(axis=1).argmax())
        return self.mask[row]


@dataclass
class Parts:
    """Parts in the order of their samples, to be gone through once: they need not fit in memory.

    Args:
        count: samples of all parts.
        meta: what the artifacts say of themselves beside their arrays.
        each: the arrays of each part; their first axis is the sample.
        say: takes a line for the person who is waiting.
        given: what the samples complete; None where they complete nothing.
    """

    count: int
    meta: Mapping[str, Any]
    each: Iterator[Mapping[str, np.ndarray]]
    say: Callable[[str], None] = field(default=_nobody)
    given: Given | None = None

    def first(self) -> Mapping[str, np.ndarray]:
        """The first part, which stays in its place."""
        found = next(self.each)
        self.each = chain([found], self.each)
        return found

    def bytes(self) -> int:
        """Size of all arrays, judged by the first part."""
        arrays = self.first().values()
        return sum(array.nbytes // len(array) for array in arrays) * self.count


def collect_npz(folder: Path, parts: Parts, name: str = "samples") -> list[Path]:
    """All arrays in `<name>.npz`, below 1 GB; larger jobs leave theirs in `parts/`, which is said.

    Returns:
        The file, if there is one. All parts were gone through in either case.
    """
    folder.mkdir(parents=True, exist_ok=True)
    size = parts.bytes()
    if size >= ONE_FILE_BYTES:
        parts.say(f"{size / 1e9:.3g} GB of samples: too large for one file, they stay in parts/")
        for _ in parts.each:
            pass
        return []
    path = folder / f"{name}.npz"
    with replacing(path) as file, NpzStream(file, parts.count, folder) as whole:
        for arrays in parts.each:
            whole.append(arrays)
    return [path]
