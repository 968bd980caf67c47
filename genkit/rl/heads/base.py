"""What a head is: one of the losses of the network that acts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple, Protocol

from genkit.rl.experience import Experience


class Learned(NamedTuple):
    """What heads learn from in an update.

    Args:
        experience: the newest stretch. unrolled: what the network makes of it.
        replayed: an earlier stretch, where a head asks for one. replay_unrolled: of that.
    """

    experience: Experience
    unrolled: Any
    replayed: Experience | None = None
    replay_unrolled: Any = None


class Head(Protocol):
    """One of the losses that are added up.

    Attributes:
        replays: whether it learns from replayed experience.
    """

    replays: bool

    def loss(self, learned: Learned) -> tuple[Any, dict[str, Any]]:
        """Its loss, weighted, a scalar; and metrics by name."""
        ...


def total_loss(heads: Sequence[Head], learned: Learned) -> tuple[Any, dict[str, Any]]:
    """The sum of the losses of all heads, and all their metrics."""
    loss: Any = 0.0
    metrics: dict[str, Any] = {}
    for head in heads:
        own, figures = head.loss(learned)
        loss = loss + own
        metrics |= figures
    return loss, metrics
