"""Acting in environments of others: a compiled call a step for the network."""

from __future__ import annotations

import copy
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from genkit import backend
from genkit.rl.experience import Carry, Experience, host, nested
from genkit.rl.players.base import Played, Players
from genkit.rl.policy import blank, choose_action

SEEDS = 2**23  # as many as uniform numbers tell apart

MakePlayers = Callable[[], Players]


class PlayedRollout:
    """Steps of B environments that players play; see `experience.Rollout`.

    Args:
        make: players; called when the first episodes begin.
        network: an `AgentNetwork` of those environments.
        sees: parts of the observation that the network needs.
        batch: B. steps: T.
        temperature: see `policy.choose_action`.
        reward_clip: of the rewards that the network is told; None for as they are.
        keeps: parts that experience holds; None for all of them, for films.
        separate: whether players are other processes, so that they are waited for.
    """

    exact = False  # episodes cannot be saved
    draws = 1

    def __init__(
        self,
        make: MakePlayers,
        network: Any,
        sees: tuple[str, ...],
        batch: int,
        steps: int,
        temperature: float | str = 1.0,
        reward_clip: float | None = None,
        keeps: tuple[str, ...] | None = None,
        separate: bool = False,
    ) -> None:
        self.make, self.network, self.sees = make, network, sees
        self.batch, self.steps = batch, steps
        self.temperature, self.reward_clip = temperature, reward_clip
        self.keeps, self.separate = keeps, separate
        self.waited = 0.0
        self.players: Players | None = None
        self._seen: dict[str, np.ndarray] = {}
        self._act = backend.compile(self._policy, network.variables)
        self._value = backend.compile(self._values, network.variables)

    def begin(self, noise: np.ndarray) -> Carry:
        """New episodes; the seed of each is made of its number."""
        if self.players is None:
            self.players = self.make()
        self._seen = self.players.reset(seeds(noise))
        fresh = blank(self.batch, self.network.state_width)
        return {"memory": {name: host(x) for name, x in fresh.items()}}

    def run(self, carry: Carry, noise: np.ndarray) -> tuple[Carry, Experience]:
        """The next steps. Experience has `failed (T, B)` as well, where an environment was lost."""
        self.waited = 0.0
        memory = {name: np.array(x) for name, x in carry["memory"].items()}
        start = memory["state"].copy()
        kept: dict[str, list[np.ndarray]] = {}
        for uniform in noise[:, :, 0]:
            memory = self._step(memory, uniform, kept)
        self._keep(kept, self._told(memory))
        stacked = {name: np.stack(values) for name, values in kept.items()}
        return {"memory": memory}, {**nested(stacked), "state": start}

    def sibling(self) -> PlayedRollout:
        """Another one by the same compiled functions, with players of its own."""
        other = copy.copy(self)
        other.players, other._seen = None, {}
        return other

    def close(self) -> None:
        """End the players."""
        if self.players is not None:
            self.players.close()
            self.players = None

    def _policy(
        self, observation: Any, action: Any, reward: Any, state: Any, uniform: Any
    ) -> tuple[Any, Any, Any, Any]:
        logits, values, state = self.network.step(observation, action, reward, state)
        return choose_action(logits, uniform, self.temperature), logits, values, state

    def _values(self, observation: Any, action: Any, reward: Any, state: Any) -> Any:
        return self.network.step(observation, action, reward, state)[1]

    def _step(
        self, memory: dict[str, np.ndarray], uniform: np.ndarray, kept: dict[str, list[np.ndarray]]
    ) -> dict[str, np.ndarray]:
        """One step of all environments; what it leaves behind goes into `kept`."""
        self._keep(kept, self._told(memory))
        seen = self._for_network(self._seen)
        found = self._act(seen, memory["action"], memory["reward"], memory["state"], uniform)
        action, logits, values, state = (host(x) for x in found)
        played = self._play(action)
        told = played.reward
        if self.reward_clip is not None:
            told = np.clip(told, -self.reward_clip, self.reward_clip)
        # Where an environment was lost nothing is known: as if the same state had come once more.
        bootstrap = np.where(played.failed, values, self._beyond(played, action, told, state))
        over = played.terminated | played.truncated | played.failed
        self._keep(
            kept,
            {
                "action": action,
                "reward": played.reward,
                "terminated": played.terminated,
                "truncated": played.truncated | played.failed,
                "failed": played.failed,
                "bootstrap": bootstrap.astype(np.float32),
                "logits": logits,
                "values": values,
            },
        )
        self._seen = played.observation
        return {
            "state": np.where(over[:, None], np.float32(0), state),
            "action": np.where(over, -1, action).astype(np.int32),
            "reward": np.where(over, np.float32(0), told).astype(np.float32),
            "first": over,
        }

    def _play(self, action: np.ndarray) -> Played:
        if self.players is None:
            raise ValueError("begin before you run")
        began = time.perf_counter()
        self.players.send(action)
        played = self.players.receive()
        if self.separate:
            self.waited += time.perf_counter() - began
        return played

    def _beyond(
        self, played: Played, action: np.ndarray, reward: np.ndarray, state: np.ndarray
    ) -> np.ndarray:
        """Values of where episodes were cut off, else 0."""
        if played.last is None:
            return np.zeros(self.batch, np.float32)
        last = self._for_network(played.last)
        found = self._value(last, action, np.asarray(reward, np.float32), state)
        return np.where(played.truncated, host(found), np.float32(0))

    def _for_network(self, observation: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        return {part: observation[part] for part in self.sees}

    def _told(self, memory: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        """What the network is told before a step."""
        parts = self._seen if self.keeps is None else self.keeps
        return {
            **{f"observation/{part}": self._seen[part] for part in parts},
            "previous_action": memory["action"],
            "previous_reward": memory["reward"],
            "first": memory["first"],
        }

    @staticmethod
    def _keep(kept: dict[str, list[np.ndarray]], found: dict[str, np.ndarray]) -> None:
        for name, value in found.items():
            kept.setdefault(name, []).append(value)


def seeds(noise: np.ndarray) -> np.ndarray:
    """`(B,)` int64, of the first number of each row of `(B, n)`."""
    return (noise[:, 0].astype(np.float64) * SEEDS).astype(np.int64)
