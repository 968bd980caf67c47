"""Which objects act on which."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from genkit.errors import DataError


@dataclass(frozen=True)
class Graph:
    """Relations, listed by the object that receives them.

    Args:
        senders: `(N, K)` int32, who acts on each object. mask: `(N, K)` float32, 1 where there is
            a relation; there sender 0 stands for nobody.
        static: `(N,)` bool, objects that never move.
    """

    senders: np.ndarray
    mask: np.ndarray
    static: np.ndarray

    def __len__(self) -> int:
        return len(self.senders)

    @property
    def moving(self) -> np.ndarray:
        """`(M,)` int64, the objects that can move."""
        return np.flatnonzero(~self.static)


def graph(
    pairs: Sequence[tuple[int, int]], static: Sequence[bool], degree: int | None = None
) -> Graph:
    """Relations from pairs (receiver, sender), in their order.

    Args:
        pairs: directed; a pair may be listed more than once.
        static: whether each object never moves; as many as there are objects.
        degree: places for each receiver; by default as many as the fullest one needs.

    Raises:
        DataError: for a pair that names a missing object, or one object twice, and for too many
            relations of one receiver.
    """
    count = len(static)
    incoming: list[list[int]] = [[] for _ in range(count)]
    for receiver, sender in pairs:
        for role, number in (("receiver", receiver), ("sender", sender)):
            if not 0 <= number < count:
                raise DataError(
                    f"a relation names the {role} {number}, but objects are numbered 0 to "
                    f"{count - 1}"
                )
        if receiver == sender:
            raise DataError(f"a relation of object {receiver} with itself")
        incoming[receiver].append(sender)
    most = max((len(senders) for senders in incoming), default=0)
    # One at least, so that nothing has a side of length 0.
    places = max(1, most if degree is None else degree)
    if most > places:
        raise DataError(f"an object receives {most} relations; there is room for {places}")
    senders, mask = np.zeros((count, places), np.int32), np.zeros((count, places), np.float32)
    for receiver, own in enumerate(incoming):
        senders[receiver, : len(own)], mask[receiver, : len(own)] = own, 1.0
    return Graph(senders, mask, np.asarray(static, bool))


def all_pairs(count: int) -> list[tuple[int, int]]:
    """Every ordered pair of `count` objects, by receiver."""
    return [(i, j) for i in range(count) for j in range(count) if i != j]
