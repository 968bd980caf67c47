"""What data sets of every kind share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Generic, TypeVar

import numpy as np

from genkit.errors import DataError, UsageError, unknown
from genkit.family import Arrays

Split = TypeVar("Split")


def named(dataset: str, splits: Mapping[str, Split], name: str) -> Split:
    """What a data set has of a split.

    Raises:
        UsageError: names the splits that exist.
    """
    if name not in splits:
        raise UsageError(f"data set {dataset}: {unknown('split', name, splits)}")
    return splits[name]


class Splits(Generic[Split]):
    """A data set whose splits are found by name; a missing one is an error that names those that
    exist. A subclass has `name` and `splits`."""

    name: str
    splits: Mapping[str, Split]

    def split(self, name: str) -> Split:
        return named(self.name, self.splits, name)


class StatelessFeed:
    """A feed whose batches are functions of (data, seed, k): nothing is saved."""

    described: ClassVar[str]  # such as `an image feed`

    def save(self) -> Arrays:
        return {}

    def restore(self, state: Arrays) -> None:
        if state:
            raise DataError(f"{self.described} has no state. Received: {sorted(state)}")


def check_levels(values: Any, levels: int) -> None:
    """DataError if a uint8 array holds a value that is no level. Bytes cannot be too large where
    there are 256; what is no array is computed when it is asked for, which this does not."""
    if levels == 256 or not isinstance(values, np.ndarray) or not len(values):
        return
    if int(values.max()) >= levels:
        raise DataError(
            f"a value must be below the number of levels, {levels}. Received: {int(values.max())}"
        )
