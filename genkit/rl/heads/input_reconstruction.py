"""What is seen, from what the network makes of it."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from genkit.rl.heads.base import Head, Learned
from genkit.rl.heads.control import summed
from genkit.rl.heads.maps import over_time


@keras.saving.register_keras_serializable(package="genkit")
class Decoder(keras.Layer):
    """A picture from features: the convolutions that saw it, transposed, in reverse.

    Args:
        convolutions: as of the network that saw it. maps: `(h, w, c)` behind them.
        channels: of the picture.

    Input: `(N, n)`. Output: `(N, H, W, channels)`; where strides leave a rest of the picture that
    no convolution sees, it is missing below and to the right.
    """

    def __init__(
        self, convolutions: list[dict[str, Any]], maps: Any, channels: int, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.convolutions, self.channels = convolutions, channels
        self.maps = tuple(int(side) for side in maps)
        units = self.maps[0] * self.maps[1] * self.maps[2]
        linear = None if not convolutions else "relu"
        self.dense = keras.layers.Dense(units, activation=linear, name="maps")
        before = [channels, *(one["filters"] for one in convolutions[:-1])]
        self.transposed = [
            keras.layers.Conv2DTranspose(
                before[i],
                one["kernel"],
                one["stride"],
                activation="relu" if i else None,
                name=f"transposed_{i}",
            )
            for i, one in reversed(list(enumerate(convolutions)))
        ]

    def build(self, input_shape: Any) -> None:
        self.dense.build(input_shape)
        shape: Any = (None, *self.maps)
        for layer in self.transposed:
            layer.build(shape)
            shape = layer.compute_output_shape(shape)
        self.built = True

    def call(self, features: Any) -> Any:
        found = ops.reshape(self.dense(features), (-1, *self.maps))
        for layer in self.transposed:
            found = layer(found)
        return found

    def get_config(self) -> dict[str, Any]:
        own = {"convolutions": self.convolutions, "maps": self.maps, "channels": self.channels}
        return {**super().get_config(), **own}


class InputReconstruction(Head):
    """The picture that is seen at each step, from the features of that step: a comparison of the
    paper (Jaderberg et al., 2017, arXiv:1611.05397, section 4.1), which says no more of it.

    Args:
        settings: `input_reconstruction`. network: whose features it is computed from.
    """

    name = "input-reconstruction"
    replays = True

    def __init__(self, settings: Any, network: Any) -> None:
        self.settings = settings
        channels = network.observation["image"][2]
        convolutions = list(network.sizes["convolutions"])
        maps = network.maps_shape if convolutions else network.observation["image"]
        self.layer = Decoder(convolutions, maps, channels, name="input_reconstruction")
        self.layer.build((None, network.features_width))

    def loss(self, learned: Learned) -> tuple[Any, dict[str, Any]]:
        experience, unrolled = learned.again()
        found = over_time(self.layer, unrolled.features)
        image = experience["observation"]["image"]
        seen = ops.cast(image[:, :, : found.shape[2], : found.shape[3]], "float32") / 255.0
        error = ops.square(found - seen)
        figures = {"reconstruction_mse": ops.mean(error)}
        return self.settings.weight * summed(error), figures

    def shown(self, learned: Learned) -> dict[str, Any]:
        found = over_time(self.layer, learned.unrolled.features[:-1])
        grey = ops.cast(ops.clip(found, 0.0, 1.0) * 255.0, "int32")
        return {"input-reconstruction": ops.cast(grey, "uint8")}
