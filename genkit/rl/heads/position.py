"""Where the agent is, read from what it makes of what it sees: a measurement, not a task."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from genkit.rl.experience import Experience
from genkit.rl.heads.base import Head, Learned
from genkit.rl.heads.control import summed
from genkit.rl.heads.maps import over_time
from genkit.rl.navigation.maps import Rooms
from genkit.sampling.decoding import log_probability


class PositionDecoder(Head):
    """The room that the agent is in, by a linear softmax from features that it does not shape: no
    gradient passes to the network (Mirowski et al., 2017, arXiv:1611.03673). The cross-entropy is
    summed over the newest stretch.

    Args:
        settings: `position`. network: whose features are read. rooms: of the environment.
    """

    name = "position"
    teaches = False

    def __init__(self, settings: Any, network: Any, rooms: Rooms) -> None:
        self.settings, self.rooms = settings, rooms
        # From zero: all rooms are as likely.
        self.layer = keras.layers.Dense(rooms.count, kernel_initializer="zeros", name="position")
        self.layer.build((None, network.features_width))

    def logits(self, features: Any) -> Any:
        """Of features `(T, B, n)`: `(T, B, rooms)`."""
        return over_time(self.layer, ops.stop_gradient(features))

    def _room(self, experience: Experience) -> Any:
        return self.rooms.of(experience["observation"]["position"][:-1])

    def loss(self, learned: Learned) -> tuple[Any, dict[str, Any]]:
        logits = self.logits(learned.unrolled.features[:-1])
        room = self._room(learned.experience)
        error = -log_probability(logits, room)
        right = ops.equal(ops.cast(ops.argmax(logits, axis=-1), "int32"), room)
        figures = {
            "position_nats": ops.mean(error),
            "position_percent": 100 * ops.mean(ops.cast(right, "float32")),
        }
        return self.settings.weight * summed(error), figures
