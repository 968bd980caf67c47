"""Splits of what has none: by a fixed permutation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeVar

from genkit.errors import DataError
from genkit.randomness import permutation

Thing = TypeVar("Thing")


def split_by_permutation(
    things: Sequence[Thing], shares: Mapping[str, float], dataset: str, what: str
) -> dict[str, list[Thing]]:
    """`things` in `train` and held-out splits, each in the order of `things`.

    Which are held out is a fixed permutation, a function of how many there are; at least one is
    in every split.

    Args:
        things: all of them.
        shares: of each split to hold out.
        dataset, what: name of the data set and what the things are, for the message.

    Raises:
        DataError: if there are too few.
    """
    if len(things) <= len(shares):
        raise DataError(
            f"data set {dataset}: {len(things)} {what} are too few for {len(shares) + 1} splits"
        )
    order = [int(i) for i in permutation(0, "own/split", 0, len(things))]
    found: dict[str, list[Thing]] = {}
    for split, share in shares.items():
        count = max(1, int(share * len(things)))
        chosen, order = sorted(order[:count]), order[count:]
        found[split] = [things[i] for i in chosen]
    return {"train": [things[i] for i in sorted(order)], **found}
