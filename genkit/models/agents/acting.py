"""Who acts: from a recipe's sections to a rollout."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from genkit import registry
from genkit.rl.environments.base import ArrayEnvironment, Space
from genkit.rl.experience import Rollout
from genkit.rl.players import make_players, silent
from genkit.rl.players.base import parts_of, spaces

LONGEST = 1_000_000  # steps of an episode whose environment names no limit


@dataclass(frozen=True)
class Surroundings:
    """What there is to see and to do.

    Args:
        actions: their names. observation: its parts.
        limit: steps after which an episode ends in any case.
        arrays: the environment, where it is a function of arrays.
    """

    actions: tuple[str, ...]
    observation: Mapping[str, Space]
    limit: int
    arrays: ArrayEnvironment | None


def surroundings(section: Any) -> Surroundings:
    """Of a recipe's section `data`; makes one environment to look at, where it has to.

    Raises:
        UsageError: what it needs is not installed, or it cannot be made as the section says.
    """
    if registry.environments.get(section.name).builtin:
        made = section.make()
        return Surroundings(tuple(made.actions), made.observation, made.limit, made)
    one = section.make()
    try:
        return Surroundings(tuple(one.action_names), spaces(parts_of(one)), LONGEST, None)
    finally:
        one.close()


def make_rollout(
    section: Any,
    config: Any,
    around: Surroundings,
    network: Any,
    batch: int,
    temperature: float | str = 1.0,
    everything: bool = False,
    report: Callable[[str], None] = silent,
) -> Rollout:
    """Acts in this process, or has other processes step the environments.

    Args:
        section: `data`. config: `model`. around: of the section.
        network: that acts. batch: environments.
        temperature: see `policy.choose_action`.
        everything: whether all parts of observations are kept.
        report: told of environments that failed.
    """
    shared = (config.unroll, temperature)
    if around.arrays is not None:
        from genkit.rl.array_rollout import ArrayRollout

        return ArrayRollout(
            around.arrays, network, batch, *shared, config.action_repeat, config.reward_clip
        )
    from genkit.rl.played_rollout import PlayedRollout

    actors = config.actors
    workers = actors.workers if actors.kind == "inline" else 0

    def players() -> Any:
        # Their rollout gives each environment a seed.
        return make_players(
            section, batch, 0, workers, actors.timeout, config.action_repeat, report
        )

    return PlayedRollout(
        players,
        network,
        config.inputs(),
        batch,
        *shared,
        config.reward_clip,
        None if everything else (*config.inputs(), *config.targets()),
        separate=workers > 0,
    )
