"""Actors in processes that Ray runs, on this machine or on many.

An actor has a network of its own and its share of the environments. For each stretch it is sent
weights and noise, and gives experience back: the same as acting in this process gives, but for the
last bits, since other batches are computed, and for what follows where those flip an action. An
actor that dies, or does not answer in time, is begun anew with new episodes; nothing else stops.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
from keras import ops

from genkit.errors import GenkitError
from genkit.randomness import uniform
from genkit.rl.array_rollout import draws_of
from genkit.rl.environments.outside import need
from genkit.rl.experience import Carry, Experience, flat, host, nested
from genkit.rl.players.base import LIMIT

if TYPE_CHECKING:
    from genkit.models.agents.learner import AgentLearner

STARTING = 300.0  # seconds for an actor's first stretch, which imports and compiles
BATCH_FIRST = ("state",)  # parts of experience that have no time
# Each actor is a process of its own, and there are several on a machine.
THREADS = ("OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS")
PASSED = ("GENKIT_ALLOW_IMPORT", "GENKIT_DATA", "XLA_FLAGS")

Share = tuple[int, int]


class Actor:
    """What runs elsewhere. Plain arrays and values go in and out.

    Args:
        recipe: resolved, as plain values. share: first and last environment, exclusive.
    """

    def __init__(self, recipe: dict[str, Any], share: Share) -> None:
        from genkit import backend  # noqa: F401 - before Keras
        from genkit.building import build_learner
        from genkit.recipe import from_mapping

        learner: Any = build_learner(from_mapping(recipe, "actor"))
        self._variables = learner.network.variables
        self._rollout = learner.rollout(share[1] - share[0], 1.0)
        self._carry: Carry = {}

    def begin(self, noise: np.ndarray) -> None:
        """New episodes."""
        self._carry = self._rollout.begin(noise)

    def run(self, weights: list[np.ndarray], noise: np.ndarray) -> dict[str, np.ndarray]:
        """A stretch of experience under these weights, flat."""
        for variable, value in zip(self._variables, weights, strict=True):
            variable.assign(value)
        self._carry, experience = self._rollout.run(self._carry, noise)
        return {name: host(x) for name, x in flat(experience).items()}


class RemoteRollout:
    """Steps of B environments by several actors; see `experience.Rollout`.

    Args:
        learner: whose recipe says what is played, and by how many actors.
        network: whose weights are sent.
        report: told of actors that were lost.
    """

    exact = False

    def __init__(self, learner: AgentLearner, network: Any, report: Callable[[str], None]) -> None:
        self.recipe, self.network, self.report = learner.recipe, network, report
        config, batch = learner.config, learner.recipe.train.batch_size
        count = max(1, config.actors.workers)
        self.batch, self.steps = batch, config.unroll
        arrays = learner.around.arrays
        self.draws = 1 if arrays is None else draws_of(arrays, config.action_repeat)
        self.timeout, self.waited, self.restarts = config.actors.timeout, 0.0, 0
        edges = np.linspace(0, batch, count + 1).round().astype(int)
        self.shares = [(int(a), int(b)) for a, b in pairwise(edges)]
        self._ray = connected(count)
        self._actors: list[Any] = [None] * count
        self._begun: list[Any] = [None] * count  # what tells whether an actor could be made
        self._ending = False
        self._warm = [False] * count

    def begin(self, noise: np.ndarray) -> Carry:
        """New episodes everywhere. States stay where the actors are."""
        for number in range(len(self.shares)):
            self._start(number, noise)
        return {}

    def run(self, carry: Carry, noise: np.ndarray) -> tuple[Carry, Experience]:
        """The next steps. Experience has `begun (B,)` as well, where an actor was lost."""
        began = time.perf_counter()
        weights = [np.array(ops.convert_to_numpy(v)) for v in self.network.variables]
        sent = self._ray.put(weights)
        coming = [self._send(number, sent, noise) for number in range(len(self.shares))]
        begun = np.zeros(self.batch, bool)
        found = [
            self._result(number, future, sent, noise, begun) for number, future in enumerate(coming)
        ]
        whole = {
            name: np.concatenate([one[name] for one in found], axis=0 if name in BATCH_FIRST else 1)
            for name in found[0]
        }
        self.waited = time.perf_counter() - began
        return carry, {**nested(whole), "begun": begun}

    def sibling(self) -> RemoteRollout:
        """There is none: actors are for training."""
        raise NotImplementedError("actors elsewhere act for training only")

    def close(self) -> None:
        """End the actors; a Ray that was begun here ends with this process."""
        self._ending = True
        for number, actor in enumerate(self._actors):
            if actor is not None:
                self._ray.kill(actor)
                self._actors[number] = None

    def _start(self, number: int, noise: np.ndarray) -> None:
        first, last = self.shares[number]
        recipe = self.recipe.as_dict()
        recipe["model"]["actors"] = {"kind": "inline"}
        remote = self._ray.remote(Actor)
        options = {"num_cpus": 1, "runtime_env": {"env_vars": surroundings()}}
        self._actors[number] = remote.options(**options).remote(recipe, (first, last))
        self._warm[number] = False
        self._begun[number] = self._actors[number].begin.remote(noise[first:last])

    def _send(self, number: int, weights: Any, noise: np.ndarray) -> Any:
        first, last = self.shares[number]
        return self._actors[number].run.remote(weights, noise[:, first:last])

    def _result(
        self, number: int, future: Any, weights: Any, noise: np.ndarray, begun: np.ndarray
    ) -> dict[str, np.ndarray]:
        """Experience of an actor, or of those that take its place."""
        from ray.exceptions import ActorDiedError, GetTimeoutError, RayActorError, RayTaskError

        for _ in range(LIMIT):
            try:
                if not self._warm[number]:
                    self._ray.get(self._begun[number], timeout=STARTING)
                    self._warm[number] = True
                    found: dict[str, np.ndarray] = self._ray.get(future, timeout=STARTING)
                else:
                    found = self._ray.get(future, timeout=self.timeout)
            except (GetTimeoutError, RayActorError) as error:
                what = str(error).strip()
                if isinstance(error, ActorDiedError) and "creation task" in what:
                    raise GenkitError(f"actor {number} cannot be made: {_last(what)}") from error
                if self._ending:
                    raise
                first = what.partition("\n")[0]
                self.report(f"actor {number} was lost ({first}); it was begun anew")
                self.restarts += 1
                self._ray.kill(self._actors[number])
                self._start(number, self._again(noise.shape[1:]))
                begun[slice(*self.shares[number])] = True
                future = self._send(number, weights, noise)
            except RayTaskError as error:
                raise GenkitError(f"actor {number} failed: {_last(str(error))}") from error
            else:
                return found
        raise GenkitError(f"actor {number} was lost {LIMIT} times in a row; see the messages above")

    def _again(self, shape: tuple[int, ...]) -> np.ndarray:
        """Numbers for new episodes, which no other ones began with."""
        return uniform(self.recipe.seed, "rl/begin-again", self.restarts, shape)


def _last(text: str) -> str:
    """The last line, where the cause stands."""
    return text.strip().splitlines()[-1]


def connected(actors: int) -> Any:
    """Ray, connected to the cluster that RAY_ADDRESS names, or begun on this machine alone.

    Raises:
        UsageError: Ray is not installed.
    """
    need("ray", "ray", "model.actors.kind: ray")
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    import ray

    if ray.is_initialized():
        return ray
    shared: dict[str, Any] = {
        "include_dashboard": False,
        "log_to_driver": False,
        "configure_logging": False,
    }
    if os.environ.get("RAY_ADDRESS"):
        ray.init(**shared)
    else:
        # Whoever reaches a Ray can run code in it: it listens to this machine only.
        cpus = max(os.cpu_count() or 1, actors)
        ray.init(address="local", num_cpus=cpus, _node_ip_address="127.0.0.1", **shared)
    return ray


def surroundings() -> dict[str, str]:
    """Environment variables of an actor's process."""
    found = dict.fromkeys(THREADS, "1")
    found |= {name: os.environ[name] for name in PASSED if name in os.environ}
    found["KERAS_BACKEND"] = os.environ["KERAS_BACKEND"]
    found["PYTHONPATH"] = os.pathsep.join(path for path in sys.path if path)
    found["TF_CPP_MIN_LOG_LEVEL"] = os.environ.get("TF_CPP_MIN_LOG_LEVEL", "2")
    return found
