"""What a network says of a batch of images, on the host: what all kinds of things share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Self

import numpy as np


@dataclass(frozen=True)
class Things:
    """The most probable things of images; every array has the image as its first axis.

    Args:
        chances: `(n, N)` float64, probability of each slot's presence, given that of all before.
        counts: `(n,)` int64.
        canvas: `(n, H, W, C)` float32, the images drawn from their things.
    """

    chances: np.ndarray
    counts: np.ndarray
    canvas: np.ndarray

    def __len__(self) -> int:
        return len(self.counts)

    def rows(self, chosen: slice) -> Self:
        """Those of some of the images."""
        return type(self)(**{f.name: getattr(self, f.name)[chosen] for f in fields(self)})

    @classmethod
    def joined(cls, parts: Sequence[Self]) -> Self:
        """Those of several batches."""
        names = [f.name for f in fields(cls)]
        return cls(**{n: np.concatenate([getattr(part, n) for part in parts]) for n in names})
