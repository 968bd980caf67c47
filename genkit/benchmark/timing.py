"""Fair times on machines that are never quiet.

What is compared is measured in turns, A B A B ..., and the ratio is the median over neighbouring
measurements: a machine that slows down for a second slows both down.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from genkit import backend

Call = Callable[[], Any]

FEWEST, MOST = 3, 100  # rounds
# A reference this much slower than the fastest one is not timed further.
SLOWER = 1.25


def timed(run: Call) -> float:
    """Seconds of one call, its results waited for."""
    start = time.perf_counter()
    backend.synchronise(run())
    return time.perf_counter() - start


@dataclass(frozen=True)
class Turns:
    """Measurements taken in turns.

    Args:
        seconds: of the call, one a round.
        reference: of the fastest reference, one more: before, between and after; or empty.
        chosen: which reference was the fastest, or None without any.
    """

    seconds: list[float]
    reference: list[float]
    chosen: int | None

    def median(self) -> float:
        """Seconds of the call."""
        return float(np.median(self.seconds))

    def reference_median(self) -> float | None:
        """Seconds of the reference."""
        return float(np.median(self.reference)) if self.reference else None

    def ratio(self) -> float | None:
        """Median over rounds of the call over the mean of the references around it."""
        if not self.reference:
            return None
        around = zip(self.reference, self.reference[1:], strict=False)
        means = [(before + after) / 2 for before, after in around]
        pairs = zip(self.seconds, means, strict=True)
        return float(np.median([one / mean for one, mean in pairs]))


def in_turns(run: Call, references: Sequence[Call], budget: float) -> Turns:
    """Time `run` between calls of the references.

    All must have been called once before: their first calls compile.

    Args:
        run: what is measured.
        references: ways of computing what `run` is compared with; the fastest counts.
        budget: seconds to spend, within `FEWEST` and `MOST` rounds.
    """
    costs = [timed(reference) for reference in references]
    kept = [i for i, cost in enumerate(costs) if cost <= SLOWER * min(costs)]
    cost = timed(run) + sum(costs[i] for i in kept)
    rounds = int(np.clip(budget / max(cost, 1e-6), FEWEST, MOST))
    seconds: list[float] = []
    found = {i: [timed(references[i])] for i in kept}
    for _ in range(rounds):
        seconds.append(timed(run))
        for i in kept:
            found[i].append(timed(references[i]))
    if not kept:
        return Turns(seconds, [], None)
    chosen = min(kept, key=lambda i: float(np.median(found[i])))
    return Turns(seconds, found[chosen], chosen)
