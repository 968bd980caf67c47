"""What a head is: one of the losses of the network that acts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import keras

from genkit.rl.experience import Experience


class Learned(NamedTuple):
    """What heads learn from in an update.

    Args:
        experience: the newest stretch. unrolled: what the network makes of it.
        replayed: an earlier stretch, once there is one. replay_unrolled: of that.
        windows: frames before rewards, once there are some: see `Replay.windows`.
    """

    experience: Experience
    unrolled: Any
    replayed: Experience | None = None
    replay_unrolled: Any = None
    windows: Mapping[str, Any] | None = None

    def again(self) -> tuple[Experience, Any]:
        """The earlier stretch, and what the network makes of it.

        Raises:
            ValueError: there is none.
        """
        if self.replayed is None:
            raise ValueError("there is no replayed experience to learn from")
        return self.replayed, self.replay_unrolled


class Head:
    """One of the losses that are added up.

    Attributes:
        name: as recipes name it.
        layer: built, its own, which learns; saved under the name. None where it has none.
        replays: whether it learns from a replayed stretch.
        windows: whether it learns from frames before rewards.
        teaches: whether the network learns by it; else it only reads what the network makes, and
            is updated apart from it.
    """

    name: str
    layer: Any = None
    teaches = True
    replays = False
    windows = False

    @property
    def key(self) -> str:
        """Its name as layers, variables and figures have it."""
        return self.name.replace("-", "_")

    def networks(self) -> Mapping[str, keras.Layer]:
        """Its layer, by name."""
        return {} if self.layer is None else {self.key: self.layer}

    def slow(self) -> Mapping[str, keras.Layer]:
        """Built layers of its own that its loss assigns."""
        return {}

    def loss(self, learned: Learned) -> tuple[Any, dict[str, Any]]:
        """Its loss, weighted, a scalar; and metrics by name. Where what it learns from is not there
        yet it is not asked."""
        raise NotImplementedError

    def shown(self, learned: Learned) -> dict[str, Any]:
        """What films of episodes show of it, by name, `(T, B, ...)`, of the newest stretch."""
        return {}


def total_loss(heads: Sequence[Head], learned: Learned) -> tuple[Any, dict[str, Any]]:
    """The sum of the losses of all heads that have something to learn from, and their metrics."""
    loss: Any = 0.0
    metrics: dict[str, Any] = {}
    for head in heads:
        if (head.replays and learned.replayed is None) or (head.windows and not learned.windows):
            continue
        own, figures = head.loss(learned)
        loss = loss + own
        metrics |= figures
    return loss, metrics
