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
class Prediction(keras.Layer):
    """From an LSTM's output to what a slot says: dense layers, the last one linear.

    Args:
        widths: units of each hidden layer. outputs: numbers of what is said.
    """

    def __init__(self, widths: Sequence[int], outputs: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.widths, self.outputs = list(widths), outputs
        same = {"dtype": self.dtype_policy}
        self.hidden = [
            keras.layers.Dense(units, activation="relu", name=f"hidden_{i}", **same)
            for i, units in enumerate(widths)
        ]
        self.last = keras.layers.Dense(outputs, name="last", **same)

    def build(self, input_shape: Any) -> None:
        width = input_shape[-1]
        for layer in self.hidden:
            layer.build((None, width))
            width = layer.units
        self.last.build((None, width))
        self.built = True

    def call(self, x: Any) -> Any:
        for layer in self.hidden:
            x = layer(x)
        return self.last(x)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "widths": self.widths, "outputs": self.outputs}


@keras.saving.register_keras_serializable(package="genkit")
class Baseline(keras.Model):
    """What the score of each slot's presence is likely to be, given the image and the things before
    it (Eslami et al., 2016; Mnih and Gregor, 2014).

    Args:
        maps, image: of the layers between image and LSTM. units: of the LSTM.
        hidden: units between it and the output, or 0. latents: numbers of a thing.

    Input: pixels `(B, H, W, C)` and things `(B, N, latents)`. Output: `(B, N)`.
    """

    def __init__(
        self,
        *,
        maps: Sequence[int],
        image: Sequence[int],
        units: int,
        hidden: int,
        latents: int,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.sizes = {
            "maps": list(maps),
            "image": list(image),
            "units": units,
            "hidden": hidden,
            "latents": latents,
        }
        same = {"dtype": self.dtype_policy}
        self.image = ImageFeatures(maps, image, name="image", **same)
        self.memory = SlotLSTM(units, latents, name="memory", **same)
        self.score = Prediction([hidden] if hidden else [], 1, name="score", **same)

    def build(self, input_shape: Any, things_shape: Any = None) -> None:
        self.image.build(input_shape)
        self.memory.build((None, self.image.features))
        self.score.build((None, self.sizes["units"]))
        self.built = True

    def call(self, images: Any, things: Any) -> Any:
        seen = self.memory.seen(self.image(images))
        state = self.memory.start(seen)
        before = ops.zeros_like(things[:, 0])
        found = []
        for slot in range(things.shape[1]):
            state = self.memory(seen, before, state)
            found.append(self.score(state[0])[:, 0])
            before = things[:, slot]
        return ops.stack(found, axis=1)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), **self.sizes}


@keras.saving.register_keras_serializable(package="genkit")
class ImageFeatures(keras.Layer):
    """What an LSTM is told of an image: convolutions of stride 2, then dense layers.

    Args:
        maps: of each 3x3 convolution. widths: units of each dense layer.

    Input: `(B, H, W, C)`. Output: `(B, n)`; of no layers at all the pixels.
    """

    def __init__(self, maps: Sequence[int], widths: Sequence[int], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.maps, self.widths = list(maps), list(widths)
        same = {"dtype": self.dtype_policy, "activation": "relu"}
        self.convolutions = [
            keras.layers.Conv2D(m, 3, strides=2, padding="same", name=f"maps_{i}", **same)
            for i, m in enumerate(maps)
        ]
        self.dense = [
            keras.layers.Dense(units, name=f"image_{i}", **same) for i, units in enumerate(widths)
        ]

    def build(self, input_shape: Any) -> None:
        shape = tuple(input_shape)
        for layer in self.convolutions:
            layer.build(shape)
            shape = tuple(layer.compute_output_shape(shape))
        self.features = int(shape[1] * shape[2] * shape[3])
        for layer in self.dense:
            layer.build((None, self.features))
            self.features = layer.units
        self.built = True

    def call(self, images: Any) -> Any:
        found = images
        for layer in self.convolutions:
            found = layer(found)
        found = ops.reshape(found, (ops.shape(found)[0], -1))
        for layer in self.dense:
            found = layer(found)
        return found

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "maps": self.maps, "widths": self.widths}
