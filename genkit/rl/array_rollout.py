"""Acting in environments that are functions of arrays: network and environments in one program."""

from __future__ import annotations

from typing import Any

import numpy as np
from keras import ops

from genkit import backend
from genkit.layers.indexing import at, put
from genkit.rl.environments.base import ArrayEnvironment, where
from genkit.rl.experience import Carry, Experience, nested
from genkit.rl.policy import blank, choose_action


def draws_of(environment: ArrayEnvironment, repeat: int) -> int:
    """Uniform numbers of a step: one for the action, and those of the environment each time."""
    return 1 + repeat * environment.draws


TOLD = {"previous_action": "action", "previous_reward": "reward", "first": "first"}


class ArrayRollout:
    """Steps of B environments, compiled as a loop; see `experience.Rollout`.

    Args:
        environment: with its actions and observations.
        network: an `AgentNetwork` of that environment.
        batch: B. steps: T.
        temperature: see `policy.choose_action`.
        repeat: an action is played so many times, as far as the episode goes on.
        reward_clip: of the rewards that the network is told; None for as they are.
    """

    waited = 0.0
    exact = True

    def __init__(
        self,
        environment: ArrayEnvironment,
        network: Any,
        batch: int,
        steps: int,
        temperature: float | str = 1.0,
        repeat: int = 1,
        reward_clip: float | None = None,
    ) -> None:
        self.environment, self.network = environment, network
        self.batch, self.steps, self.repeat = batch, steps, repeat
        self.temperature, self.reward_clip = temperature, reward_clip
        self.draws = draws_of(environment, repeat)
        self._begin = backend.compile(self._first, [])
        self._run = backend.compile(self._stretch, network.variables)

    def begin(self, noise: np.ndarray) -> Carry:
        """Before the first step; of the noise the first numbers count."""
        found: Carry = self._begin(noise)
        return found

    def run(self, carry: Carry, noise: np.ndarray) -> tuple[Carry, Experience]:
        found: tuple[Carry, Experience] = self._run(carry, noise)
        return found

    def sibling(self) -> ArrayRollout:
        """Itself: all that changes is in the carry."""
        return self

    def close(self) -> None:
        """Nothing else is running."""

    def _first(self, noise: Any) -> Carry:
        memory = blank(self.batch, self.network.state_width)
        return {"environment": self._begun(noise), "memory": memory}

    def _begun(self, noise: Any) -> Any:
        """First states, by as many numbers as they take of those there are."""
        return self.environment.begin(noise[:, : self.environment.draws])

    def _stretch(self, carry: Carry, noise: Any) -> tuple[Carry, Experience]:
        start = carry["memory"]["state"]
        kept = {name: self._empty(like) for name, like in self._shapes(carry).items()}

        def step(t: Any, carry: Carry, kept: dict[str, Any]) -> tuple[Any, Carry, dict[str, Any]]:
            carry, found = self._step(carry, at(noise, t))
            return t + 1, carry, {name: put(kept[name], found[name], t) for name in kept}

        _, carry, kept = ops.while_loop(
            lambda t, *rest: t < self.steps,
            step,
            (ops.zeros((), "int32"), carry, kept),
            maximum_iterations=self.steps,
        )
        last = self._told(carry["memory"])
        last.update(self._observation(carry["environment"]))
        whole = {
            name: ops.concatenate([values, last[name][None]]) if name in last else values
            for name, values in kept.items()
        }
        return carry, {**nested(whole), "state": start}

    def _shapes(self, carry: Carry) -> dict[str, Any]:
        """What a step leaves behind, by name: one of it, whose values do not matter."""
        rewards = carry["memory"]["reward"]
        flags = carry["memory"]["first"]
        return {
            **self._observation(carry["environment"]),
            **self._told(carry["memory"]),
            "action": carry["memory"]["action"],
            "reward": rewards,
            "terminated": flags,
            "truncated": flags,
            "bootstrap": rewards,
            "logits": ops.zeros((self.batch, len(self.environment.actions))),
            "values": rewards,
        }

    def _empty(self, like: Any) -> Any:
        return ops.zeros((self.steps, *like.shape), like.dtype)

    def _observation(self, state: Any) -> dict[str, Any]:
        return {f"observation/{k}": x for k, x in self.environment.observe(state).items()}

    @staticmethod
    def _told(memory: Any) -> dict[str, Any]:
        return {name: memory[source] for name, source in TOLD.items()}

    def _step(self, carry: Carry, noise: Any) -> tuple[Carry, dict[str, Any]]:
        """One step of all environments, and what it leaves behind."""
        memory, before = carry["memory"], carry["environment"]
        observation = self.environment.observe(before)
        logits, values, state = self.network.step(
            observation, memory["action"], memory["reward"], memory["state"]
        )
        action = choose_action(logits, noise[:, 0], self.temperature)
        after, reward, terminated, truncated = self._played(before, action, noise[:, 1:])
        told = reward
        if self.reward_clip is not None:
            told = ops.clip(reward, -self.reward_clip, self.reward_clip)
        bootstrap = self._beyond(after, action, told, state, truncated)
        over = ops.logical_or(terminated, truncated)
        new = {"state": state, "action": action, "reward": told, "first": over}
        fresh = blank(self.batch, self.network.state_width)
        following = {
            "environment": where(over, self._begun(noise[:, 1:]), after),
            "memory": where(over, fresh, new),
        }
        return following, {
            **{f"observation/{name}": x for name, x in observation.items()},
            **self._told(memory),
            "action": action,
            "reward": reward,
            "terminated": terminated,
            "truncated": truncated,
            "bootstrap": bootstrap,
            "logits": logits,
            "values": values,
        }

    def _played(self, state: Any, action: Any, noise: Any) -> tuple[Any, Any, Any, Any]:
        """The action, as often as it is repeated: state, summed reward, and how it ended."""
        draws = self.environment.draws
        state, reward, terminated, truncated = self.environment.step(
            state, action, noise[:, :draws]
        )
        for number in range(1, self.repeat):
            own = noise[:, number * draws : (number + 1) * draws]
            found = self.environment.step(state, action, own)
            over = ops.logical_or(terminated, truncated)
            state = where(over, state, found.state)
            reward = reward + ops.where(over, 0.0, found.reward)
            terminated = ops.where(over, terminated, found.terminated)
            truncated = ops.where(over, truncated, found.truncated)
        return state, reward, terminated, truncated

    def _beyond(self, after: Any, action: Any, reward: Any, state: Any, truncated: Any) -> Any:
        """Values of where episodes were cut off; it is seldom, and then only, that they are
        computed."""

        def values() -> Any:
            seen = self.environment.observe(after)
            found = self.network.step(seen, action, reward, state)[1]
            return ops.where(truncated, found, ops.zeros_like(found))

        def none() -> Any:
            return ops.zeros((self.batch,))

        return ops.cond(ops.any(truncated), values, none)
