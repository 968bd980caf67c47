"""The networks of auto-encoders (van den Oord et al., 2016, arXiv:1606.05328, section 3.4).

The paper gives no sizes of encoder and decoder; see docs/gated_pixelcnn.md for the choices.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
from keras import ops

from genkit.models.gated_pixelcnn.network import GatedPixelCNN
from genkit.models.gated_pixelcnn.sizes import mirrored


@keras.saving.register_keras_serializable(package="genkit")
class Encoder(keras.Model):
    """3x3 convolutions of stride 2 and a dense layer, a ReLU behind each, then the code.

    Args:
        bottleneck: width of the code. widths: maps of the convolutions. dense: units.

    Input: `(B, H, W, C)`, centred. Output: `(B, bottleneck)`.
    """

    def __init__(self, bottleneck: int, widths: Sequence[int], dense: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.sizes = {"bottleneck": bottleneck, "widths": list(widths), "dense": dense}
        same = {"dtype": self.dtype_policy}
        self.convolutions = [
            keras.layers.Conv2D(
                maps,
                3,
                strides=2,
                padding="same",
                data_format="channels_last",
                name=f"convolution_{i}",
                **same,
            )
            for i, maps in enumerate(widths)
        ]
        self.dense = keras.layers.Dense(dense, name="dense", **same)
        self.code = keras.layers.Dense(bottleneck, name="code", **same)

    def build(self, input_shape: Any) -> None:
        shape = tuple(input_shape)
        for layer in self.convolutions:
            layer.build(shape)
            shape = layer.compute_output_shape(shape)
        self.dense.build((shape[0], shape[1] * shape[2] * shape[3]))
        self.code.build((shape[0], self.sizes["dense"]))
        self.built = True

    def call(self, x: Any) -> Any:
        maps = ops.cast(x, self.compute_dtype)
        for layer in self.convolutions:
            maps = ops.relu(layer(maps))
        flat = ops.reshape(maps, (-1, int(maps.shape[1] * maps.shape[2] * maps.shape[3])))
        return self.code(ops.relu(self.dense(flat)))

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), **self.sizes}


@keras.saving.register_keras_serializable(package="genkit")
class MseDecoder(keras.Model):
    """Mirrors the encoder: dense layers, 4x4 transposed convolutions of stride 2, a ReLU behind
    each, then a 3x3 convolution.

    Args:
        shape: (H, W, C) of the images, H and W multiples of 2 to the number of `widths`.
        widths, dense: as in the encoder.

    Input: `(B, D)`. Output: `(B, H, W, C)`, float32, near [-1, 1].
    """

    def __init__(
        self, shape: Sequence[int], widths: Sequence[int], dense: int, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.sizes = {"shape": list(shape), "widths": list(widths), "dense": dense}
        factor = 2 ** len(widths)
        self.small = (shape[0] // factor, shape[1] // factor, widths[-1])
        same = {"dtype": self.dtype_policy}
        maps = {"padding": "same", "data_format": "channels_last", **same}
        self.dense = keras.layers.Dense(dense, name="dense", **same)
        units = self.small[0] * self.small[1] * self.small[2]
        self.spread = keras.layers.Dense(units, name="spread", **same)
        self.steps = [
            keras.layers.Conv2DTranspose(width, 4, strides=2, name=f"step_{i}", **maps)
            for i, width in enumerate(mirrored(widths))
        ]
        self.image = keras.layers.Conv2D(shape[2], 3, name="image", **maps)

    def build(self, input_shape: Any) -> None:
        self.dense.build(tuple(input_shape))
        self.spread.build((None, self.sizes["dense"]))
        shape = (None, *self.small)
        for layer in self.steps:
            layer.build(shape)
            shape = layer.compute_output_shape(shape)
        self.image.build(shape)
        self.built = True

    def call(self, vector: Any) -> Any:
        units = ops.relu(self.dense(ops.cast(vector, self.compute_dtype)))
        maps = ops.reshape(ops.relu(self.spread(units)), (-1, *self.small))
        for layer in self.steps:
            maps = ops.relu(layer(maps))
        return ops.cast(self.image(maps), "float32")

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), **self.sizes}


@keras.saving.register_keras_serializable(package="genkit")
class Autoencoder(keras.Model):
    """Encoder and decoder.

    Args:
        encoder: see there. decoder: a Gated PixelCNN whose last condition is the code, or an
            `MseDecoder`.

    Input: values centred to [-1, 1], `(B, H, W, C)`; the vector `(B, D)` of further conditions, or
    None. Output: that of the decoder.
    """

    def __init__(
        self, encoder: Encoder, decoder: GatedPixelCNN | MseDecoder, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.encoder, self.decoder = encoder, decoder
        self.built = True

    def steering(self, x: Any, vector: Any = None) -> Any:
        """All that steers the decoder: further conditions, then the code; `(B, D + bottleneck)`."""
        code = self.encoder(x)
        if vector is None:
            return code
        return ops.concatenate([ops.cast(vector, code.dtype), code], axis=-1)

    def call(self, x: Any, vector: Any = None) -> Any:
        steering = self.steering(x, vector)
        if isinstance(self.decoder, MseDecoder):
            return self.decoder(steering)
        return self.decoder(x, steering)

    def get_config(self) -> dict[str, Any]:
        parts = {"encoder": self.encoder, "decoder": self.decoder}
        own = {name: keras.saving.serialize_keras_object(part) for name, part in parts.items()}
        return {**super().get_config(), **own}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Autoencoder:
        read = {
            name: keras.saving.deserialize_keras_object(config[name])
            for name in ("encoder", "decoder")
        }
        return cls(**{**config, **read})


def build_encoder(recipe: Any) -> Encoder:
    """The built encoder of a recipe."""
    from genkit.learning import policy

    sizes = recipe.model.autoencoder
    encoder = Encoder(
        sizes.bottleneck, sizes.widths, sizes.dense, dtype=policy(recipe.train), name="encoder"
    )
    encoder.build((None, *recipe.data.image_shape()))
    return encoder


def build_mse_decoder(recipe: Any, width: int) -> MseDecoder:
    """The built decoder of a recipe, of vectors of a width."""
    from genkit.learning import policy

    sizes, shape = recipe.model.autoencoder, recipe.data.image_shape()
    decoder = MseDecoder(
        shape, sizes.widths, sizes.dense, dtype=policy(recipe.train), name="mse_decoder"
    )
    decoder.build((None, width))
    return decoder
