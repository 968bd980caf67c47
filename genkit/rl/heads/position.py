"""Where the agent is, read from what it makes of what it sees: a measurement, not a task."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import keras
from keras import ops

from genkit.rl.experience import Experience
from genkit.rl.heads.base import Head, Learned
from genkit.rl.heads.control import summed
from genkit.rl.heads.maps import over_time
from genkit.sampling.decoding import log_probability


@dataclass(frozen=True)
class Rooms:
    """Rooms of a maze on a grid; what lies between two of them belongs to the nearer one.

    Args:
        rows, columns: of rooms.
        pitch: from the middle of one to that of the next, in units of length of the environment.
        origin: x and y of the middle of the first one.

    In mazes of unit cells whose rooms lie at odd rows and columns the pitch is 2, the origin 1.5.
    """

    rows: int
    columns: int
    pitch: float = 2.0
    origin: float = 1.5

    @property
    def count(self) -> int:
        """How many there are."""
        return self.rows * self.columns

    def of(self, position: Any) -> Any:
        """Numbers of rooms, row by row, `(T, B)` int32, of positions `(T, B, 3)`: x, y, heading."""
        column = self._nearest(position[..., 0], self.columns)
        return self._nearest(position[..., 1], self.rows) * self.columns + column

    def _nearest(self, along: Any, count: int) -> Any:
        place = ops.floor((along - self.origin) / self.pitch + 0.5)
        return ops.cast(ops.clip(place, 0, count - 1), "int32")


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

    def networks(self) -> dict[str, keras.Layer]:
        return {"position": self.layer}

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
