"""A network that looks at every digit, and one that hears of it now and then."""

from __future__ import annotations

import math
from typing import Any

import keras
from keras import ops

from genkit.models.synthetic_gradients.recurrent.network import Memory


class Often(keras.Model):
    """Sees an image a step, and whether a period begins; sends messages and tells a count.

    Args:
        encoder: units of the layer that sees the image. units: of the LSTM. message: width of
            a message. classes: numbers that a count may be. shape: of an image.
    """

    def __init__(
        self,
        *,
        encoder: int,
        units: int,
        message: int,
        classes: int,
        shape: tuple[int, ...],
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.pixels, self.units = math.prod(shape), units
        dense = keras.layers.Dense
        self.encoder = dense(encoder, activation="relu", name="encoder")
        self.memory = Memory(units, name="memory")
        self.message = dense(message, name="message")
        self.count = dense(classes, name="count")

    def build(self, input_shape: Any) -> None:
        del input_shape
        self.encoder.build((None, self.pixels))
        self.memory.build((None, self.encoder.units + 1))
        self.message.build((None, self.units))
        self.count.build((None, self.units))
        self.built = True

    def call(self, image: Any, first: Any, state: Any) -> tuple[Any, Any, Any]:
        """A step.

        Args:
            image: `(B, H, W, C)`. first: `(B, 1)`, 1 where a period begins.
            state: `(B, 2 units)`.

        Returns:
            The next state, a message `(B, M)`, and logits of the count `(B, K)`.
        """
        seen = self.encoder(ops.reshape(image, (-1, self.pixels)))
        state = self.memory(ops.concatenate([seen, first], axis=-1), state)
        said = state[:, : self.units]
        return state, self.message(said), self.count(said)


class Seldom(keras.Model):
    """Hears a message at the end of each period and tells another count.

    Args:
        units: of the LSTM. message: width of a message. classes: of the count.
    """

    def __init__(self, *, units: int, message: int, classes: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.units, self.heard = units, message
        self.memory = Memory(units, name="memory")
        self.count = keras.layers.Dense(classes, name="count")

    def build(self, input_shape: Any) -> None:
        del input_shape
        self.memory.build((None, self.heard))
        self.count.build((None, self.units))
        self.built = True

    def call(self, message: Any, state: Any) -> tuple[Any, Any]:
        """The next state `(B, 2 units)` and logits of the count `(B, K)`."""
        state = self.memory(message, state)
        return state, self.count(state[:, : self.units])
