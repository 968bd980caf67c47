"""Acting while learning goes on: stretches of experience, a fixed number of updates ahead."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import numpy as np
from keras import ops

from genkit.rl.experience import Carry, Experience, Rollout

Noise = Callable[[int], np.ndarray]


class Pipeline:
    """Stretch k is acted under the weights that there were `lag` updates before it is learned
    from. While nothing fails, experience is a function of seed and weights as without a lag.

    Args:
        rollout: acts by a network of its own.
        own: variables of that network. learned: those of the network that learns.
        noise: of the stretch k.
        lag: updates, at least 1.
    """

    def __init__(
        self,
        rollout: Rollout,
        own: Sequence[Any],
        learned: Sequence[Any],
        noise: Noise,
        lag: int,
    ) -> None:
        if lag < 1:
            raise ValueError(f"a pipeline has a lag of at least 1. Received: {lag}")
        self.rollout, self.lag = rollout, lag
        self.own, self.learned, self.noise = list(own), list(learned), noise
        self.waited = 0.0
        self._carry: Carry | None = None
        self._coming: deque[Future[Experience]] = deque()
        self._next = 0
        self._pool = ThreadPoolExecutor(1, "actor")

    def begin(self, carry: Carry, k: int) -> None:
        """Act from here; stretch k comes first."""
        self._carry, self._next = carry, k
        self._coming.clear()

    def take(self) -> Experience:
        """The next stretch."""
        while len(self._coming) < self.lag + 1:
            self._send()
        began = time.perf_counter()
        found = self._coming.popleft().result()
        self.waited = time.perf_counter() - began
        return found

    def close(self) -> None:
        """End acting. Actors elsewhere end first: one that hangs would be waited for."""
        for future in self._coming:
            future.cancel()
        self.rollout.close()
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _send(self) -> None:
        weights = [np.array(ops.convert_to_numpy(variable)) for variable in self.learned]
        self._coming.append(self._pool.submit(self._act, weights, self._next))
        self._next += 1

    def _act(self, weights: list[np.ndarray], k: int) -> Experience:
        for variable, value in zip(self.own, weights, strict=True):
            variable.assign(value)
        if self._carry is None:
            raise ValueError("begin before you take")
        self._carry, experience = self.rollout.run(self._carry, self.noise(k))
        return experience
