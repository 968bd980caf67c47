"""One environment and its row in the table: episodes, seeds, repeated actions, failures."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING

import numpy as np

from genkit.errors import GenkitError, UsageError
from genkit.randomness import raw_bits
from genkit.rl.players.base import LIMIT, Arrays, parts_of
from genkit.rl.players.table import Layout, Table

if TYPE_CHECKING:
    from genkit.rl.environments.outside import OutsideConfig, OutsideEnvironment


def episode_seed(seed: int, place: int, episode: int) -> int:
    """The seed of an episode, of 31 bits: a function of (seed, environment, episode)."""
    return int(raw_bits(seed, "players/episodes", place, 1, stream=episode)[0] >> np.uint64(33))


class Seat:
    """The environment at one place of the players.

    An exception in it costs an episode: the environment is made anew, and told of. What it did is
    written to its row of the table, which is set before the first episode begins.

    Args:
        config: of the environment. place: row in the table.
        repeat: steps for which an action is played. report: told of failures.

    Raises:
        UsageError: the environment cannot be made as the section says.
        GenkitError: making it failed otherwise, or it failed `LIMIT` times without a good step.
    """

    table: Table

    def __init__(
        self,
        config: OutsideConfig,
        place: int,
        repeat: int,
        report: Callable[[str], None],
    ) -> None:
        self.config = config
        self.place = place
        self.repeat = repeat
        self.report = report
        self._failures = 0
        try:
            self._environment: OutsideEnvironment | None = config.make()
        except GenkitError:
            raise
        except Exception as error:
            raise GenkitError(f"the environment cannot be made: {_said(error)}") from error

    def layout(self, count: int) -> Layout:
        """What a table for `count` of these environments holds."""
        env = self._made()
        return Layout(count, tuple(env.action_names), parts_of(env))

    def begin(self) -> None:
        """Begin a new episode."""
        self._flags()
        try:
            self._begin()
        except Exception as error:
            self._recover(error)

    def play(self) -> None:
        """Play the action of the row; behind the end of an episode, begin a new one."""
        try:
            self._play()
        except Exception as error:
            self._recover(error)
        else:
            self._failures = 0

    def close(self) -> None:
        """End the environment, whatever it says to that."""
        if self._environment is not None:
            with suppress(Exception):
                self._environment.close()
            self._environment = None

    def _play(self) -> None:
        env, table, place = self._made(), self.table, self.place
        action = int(table.action[place])
        total = 0.0
        for _ in range(self.repeat):
            observation, reward, terminated, truncated, _ = env.step(action)
            total += float(reward)
            if terminated or truncated:
                break
        # As for built-in environments: an end counts as such also where time was up.
        cut = bool(truncated) and not terminated
        if cut:
            self._write(table.last, observation)
        if terminated or truncated:
            self._begin()
        else:
            self._write(table.observation, observation)
        self._flags(total, bool(terminated), cut)

    def _begin(self) -> None:
        episode = int(self.table.episode[self.place])
        # Before the reset: one that fails is not tried again.
        self.table.episode[self.place] = episode + 1
        own, place = int(self.table.seed[self.place]), int(self.table.place[self.place])
        seed = episode_seed(own, place, episode)
        observation, _ = self._made().reset(seed=seed)
        self._write(self.table.observation, observation)

    def _recover(self, error: Exception) -> None:
        """Make the environment anew and begin an episode, after an exception."""
        while True:
            self._failures += 1
            what = f"environment {self.place} failed: {_said(error)}"
            if self._failures >= LIMIT:
                times = f"{LIMIT} times without a good step in between"
                raise GenkitError(f"{what}\nIt failed {times}.") from error
            self.report(f"{what}; it was made anew")
            self.close()
            try:
                self._environment = self.config.make()
                self._begin()
            except UsageError:
                raise
            except Exception as again:
                error = again
            else:
                self._flags(failed=True)
                return

    def _made(self) -> OutsideEnvironment:
        if self._environment is None:
            raise ValueError("the environment is closed")
        return self._environment

    def _flags(
        self,
        reward: float = 0.0,
        terminated: bool = False,
        truncated: bool = False,
        failed: bool = False,
    ) -> None:
        self.table.reward[self.place] = reward
        self.table.terminated[self.place] = terminated
        self.table.truncated[self.place] = truncated
        self.table.failed[self.place] = failed

    def _write(self, arrays: Arrays, observation: Mapping[str, np.ndarray]) -> None:
        for name, array in arrays.items():
            part = np.asarray(observation[name])
            # Assignment alone would stretch a part of another shape over the row.
            if part.shape != array.shape[1:]:
                raise ValueError(f"{name} has the shape {part.shape}, not {array.shape[1:]}")
            array[self.place] = part


def _said(error: BaseException) -> str:
    """An exception in one line."""
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
