"""An LSTM that goes from thing to thing, and what predicts the scores of NVIL with one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
from keras import ops

from genkit.layers.lstm import ForgetBias

State = tuple[Any, Any]


@keras.saving.register_keras_serializable(package="genkit")
class SlotLSTM(keras.Layer):
    """An LSTM whose input is an image's features, the same in each step, and the thing before.

    The product with the features is a call of its own, so that all steps can share it.

    Args:
        units: of the state. latents: numbers of a thing.
    """

    def __init__(self, units: int, latents: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.units, self.latents = units, latents
        same = {"dtype": self.dtype_policy}
        gates = 4 * units
        self.seen = keras.layers.Dense(gates, use_bias=False, name="seen", **same)
        self.before = keras.layers.Dense(
            gates, bias_initializer=ForgetBias(), name="before", **same
        )
        self.recurrent = keras.layers.Dense(
            gates, use_bias=False, kernel_initializer="orthogonal", name="recurrent", **same
        )

    def build(self, input_shape: Any) -> None:
        self.seen.build(input_shape)
        self.before.build((None, self.latents))
        self.recurrent.build((None, self.units))
        self.built = True

    def start(self, like: Any) -> State:
        """Output and cell before the first step, `(B, units)` zeros each."""
        zeros = ops.zeros((ops.shape(like)[0], self.units), dtype=self.compute_dtype)
        return zeros, zeros

    def call(self, seen: Any, before: Any, state: State) -> State:
        """One step.

        Args:
            seen: `(B, 4 units)`, `self.seen` of the features. before: `(B, latents)`.
        """
        output, cell = state
        gates = seen + self.before(before) + self.recurrent(output)
        out, forget, enter, content = ops.split(gates, 4, axis=-1)
        cell = ops.sigmoid(forget) * cell + ops.sigmoid(enter) * ops.tanh(content)
        return ops.sigmoid(out) * ops.tanh(cell), cell

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "units": self.units, "latents": self.latents}


@keras.saving.register_keras_serializable(package="genkit")
class Baseline(keras.Model):
    """What the score of each slot's presence is likely to be, given the image and the things before
    it (Eslami et al., 2016; Mnih and Gregor, 2014).

    Args:
        image: units of each layer between image and LSTM. units: of the LSTM.
        hidden: units between it and the output, or 0. latents: numbers of a thing.

    Input: pixels `(B, H, W, C)` and things `(B, N, latents)`. Output: `(B, N)`.
    """

    def __init__(
        self, *, image: Sequence[int], units: int, hidden: int, latents: int, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.sizes = {"image": list(image), "units": units, "hidden": hidden, "latents": latents}
        same = {"dtype": self.dtype_policy}
        self.image = image_layers(image, **same)
        self.memory = SlotLSTM(units, latents, name="memory", **same)
        self.hidden = keras.layers.Dense(hidden, activation="relu", name="hidden", **same)
        self.score = keras.layers.Dense(1, name="score", **same)

    def build(self, input_shape: Any, things_shape: Any = None) -> None:
        features = build_image_layers(self.image, input_shape)
        self.memory.build((None, features))
        width = self.sizes["units"]
        if self.sizes["hidden"]:
            self.hidden.build((None, width))
            width = self.sizes["hidden"]
        self.score.build((None, width))
        self.built = True

    def call(self, images: Any, things: Any) -> Any:
        seen = self.memory.seen(image_features(self.image, images))
        state = self.memory.start(seen)
        before = ops.zeros_like(things[:, 0])
        found = []
        for slot in range(things.shape[1]):
            state = self.memory(seen, before, state)
            top = self.hidden(state[0]) if self.sizes["hidden"] else state[0]
            found.append(self.score(top)[:, 0])
            before = things[:, slot]
        return ops.stack(found, axis=1)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), **self.sizes}


def image_layers(widths: Sequence[int], **same: Any) -> list[keras.layers.Dense]:
    """Layers between an image and an LSTM."""
    return [
        keras.layers.Dense(units, activation="relu", name=f"image_{i}", **same)
        for i, units in enumerate(widths)
    ]


def build_image_layers(layers: Sequence[keras.layers.Dense], image_shape: Any) -> int:
    """Build them; returns the width of what comes out."""
    _, height, width, channels = image_shape
    features = height * width * channels
    for layer in layers:
        layer.build((None, features))
        features = layer.units
    return int(features)


def image_features(layers: Sequence[keras.layers.Dense], images: Any) -> Any:
    """`(B, n)` of images `(B, H, W, C)`."""
    found = ops.reshape(images, (ops.shape(images)[0], -1))
    for layer in layers:
        found = layer(found)
    return found
