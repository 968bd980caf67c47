"""Experience, batch by batch: a feed that acts, and whose state goes into checkpoints."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
from keras import ops

from genkit.family import Arrays
from genkit.randomness import uniform
from genkit.rl.experience import Carry, Rollout, flat, nested
from genkit.rl.scores import Scores

CARRY, SCORES = "carry/", "scores/"
ACT, BEGIN = "rl/act", "rl/begin"


class ActingFeed:
    """Batch k is the next stretch of experience under the weights of this moment.

    Args:
        rollout: acts. seed: of actions and environments.

    A batch holds `experience`, and `figures`: what is known of acting, to be told with the
    figures of the update.
    """

    def __init__(self, rollout: Rollout, seed: int) -> None:
        self.rollout, self.seed = rollout, seed
        self.scores = Scores(rollout.batch)
        self._carry: Carry | None = None

    def batch(self, k: int) -> Any:
        began = time.perf_counter()
        rollout = self.rollout
        noise = uniform(self.seed, ACT, k, (rollout.steps, rollout.batch, rollout.draws))
        self._carry, experience = rollout.run(self._now(), noise)
        over = _host(experience["terminated"]) | _host(experience["truncated"])
        self.scores.add(_host(experience["reward"]), over)
        seconds = time.perf_counter() - began
        figures = {
            "acting_seconds": seconds - rollout.waited,
            "waiting_seconds": rollout.waited,
            **self.scores.metrics(),
        }
        return {"experience": experience, "figures": figures}

    def _now(self) -> Carry:
        if self._carry is None:
            shape = (self.rollout.batch, self.rollout.draws)
            self._carry = self.rollout.begin(uniform(self.seed, BEGIN, 0, shape))
        return self._carry

    def save(self) -> Arrays:
        """Environments, what the network remembers, and scores."""
        found = {CARRY + name: _host(x) for name, x in flat(self._now()).items()}
        return {**found, **{SCORES + name: x for name, x in self.scores.save().items()}}

    def restore(self, state: Arrays) -> None:
        carry = {name: ops.convert_to_tensor(x) for name, x in _below(state, CARRY).items()}
        self._carry = nested(carry)
        self.scores.restore(_below(state, SCORES))


def _below(state: Arrays, prefix: str) -> Arrays:
    return {n.removeprefix(prefix): x for n, x in state.items() if n.startswith(prefix)}


def _host(array: Any) -> np.ndarray:
    return np.asarray(ops.convert_to_numpy(array))
