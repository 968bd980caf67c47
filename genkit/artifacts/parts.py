"""The parts of a sampling job on their way into what people look at."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import chain
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

# Up to this many bytes (unpacked) samples are put together in one file.
ONE_FILE_BYTES = 10**9


def _nobody(text: str) -> None:
    """Says nothing."""


@dataclass
class Parts:
    """Parts in the order of their samples, to be gone through once: they need not fit in memory.

    Args:
        count: samples of all parts.
        meta: what the artifacts say of themselves beside their arrays.
        each: the arrays of each part; their first axis is the sample.
        say: takes a line for the person who is waiting.
    """

    count: int
    meta: Mapping[str, Any]
    each: Iterator[Mapping[str, np.ndarray]]
    say: Callable[[str], None] = field(default=_nobody)

    def first(self) -> Mapping[str, np.ndarray]:
        """The first part, which stays in its place."""
        found = next(self.each)
        self.each = chain([found], self.each)
        return found

    def bytes(self) -> int:
        """Size of all arrays, judged by the first part."""
        arrays = self.first().values()
        return sum(array.nbytes // len(array) for array in arrays) * self.count
