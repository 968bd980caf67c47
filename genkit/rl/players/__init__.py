"""Many environments of others, played at once: in this process, or in workers.

Light: worker processes import this package, and none of them imports Keras or its backends.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from genkit.rl.players.base import Players

if TYPE_CHECKING:
    from genkit.rl.environments.outside import OutsideConfig


def silent(text: str) -> None:
    """Tell nobody."""


def make_players(
    config: OutsideConfig,
    count: int,
    seed: int,
    workers: int = 0,
    timeout: float = 60.0,
    action_repeat: int = 1,
    report: Callable[[str], None] = silent,
) -> Players:
    """`count` environments that step together.

    Both kinds play the same episodes for the same seed.

    Args:
        config: of the environments.
        count: environments B. seed: of their episodes, from 0 to 2^63 - 1.
        workers: processes that share the environments; 0 plays them in this one, one after the
            other, where one that hangs cannot be noticed.
        timeout: seconds in which a worker has to answer.
        action_repeat: steps for which an action is played, up to an end; rewards are summed.
        report: told of environments and workers that failed and were made anew.

    Raises:
        UsageError: an environment cannot be made as the section says.
        GenkitError: making an environment failed otherwise; has its message.
    """
    if count < 1 or action_repeat < 1:
        raise ValueError(
            "count and action_repeat must be at least 1. "
            f"Received: count={count}, action_repeat={action_repeat}"
        )
    if workers < 0 or timeout <= 0:
        raise ValueError(
            "workers must be at least 0 and timeout positive. "
            f"Received: workers={workers}, timeout={timeout}"
        )
    if workers == 0:
        from genkit.rl.players.inline import InlinePlayers

        return InlinePlayers(config, count, seed, action_repeat, report)
    from genkit.rl.players.processes import ProcessPlayers

    return ProcessPlayers(config, count, seed, min(workers, count), timeout, action_repeat, report)
