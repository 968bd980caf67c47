"""From frames of features to a condition at each time step (section 2.5 of arXiv:1609.03499)."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

import keras
from keras import ops

from genkit.speech.sizes import PHASE

SLOPE = 0.2  # below zero. Plain rectifiers all die in the first updates, and nothing is told
# Of a feature's initial weights: frames of one-hot features with a halo of one, and of mel bands,
# have a squared norm of about 20, so channels begin with a deviation of about 0.3.
SPREAD = 0.07


@keras.saving.register_keras_serializable(package="genkit")
class Upsampling(keras.Layer):
    """Transposed convolutions, each with a kernel as wide as its stride; or repetition.

    With a halo, each frame first sees that many frames on both sides: together with the first
    stride that is a transposed convolution whose kernel is `2 halo + 1` strides wide. Whatever
    the length, the samples of a frame depend on that frame and its halo alone, so stretches can
    be upsampled one by one.

    Args:
        channels: of the output. strides: their product is the hop, samples of a frame.
        halo: frames on either side that a frame sees. learned: False repeats each frame,
            after the mix of its halo.
        harmonics: further channels of the output: cosines and sines of so many multiples of a
            phase. The last three features of a frame are then their amplitude, the phase of the
            frame's first sample and the angle from one sample to the next, in radians; the
            learned channels see the amplitude and neither of the others.

    Input: `(B, halo + F + halo, features)`. Output: `(B, F * hop, outputs)`.
    """

    def __init__(
        self,
        channels: int,
        strides: Sequence[int],
        halo: int = 0,
        learned: bool = True,
        harmonics: int = 0,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if not strides or min(strides) < 1 or halo < 0:
            raise ValueError(
                f"upsampling needs strides >= 1 and a halo >= 0. Received: {list(strides)}, {halo}"
            )
        self.channels, self.strides = channels, [int(s) for s in strides]
        self.halo, self.learned, self.harmonics = halo, learned, harmonics
        same = {"dtype": self.dtype_policy}
        first = keras.initializers.RandomNormal(stddev=SPREAD)
        self.mix = keras.layers.Dense(channels, kernel_initializer=first, name="mix", **same)
        self.maps = [
            keras.layers.Dense(
                stride * channels, kernel_initializer="he_normal", name=f"stride_{i}", **same
            )
            for i, stride in enumerate(self.strides if learned else [])
        ]

    @property
    def hop(self) -> int:
        """Samples of a frame."""
        return prod(self.strides)

    @property
    def outputs(self) -> int:
        """Channels of the output."""
        return self.channels + 2 * self.harmonics

    def build(self, input_shape: Any) -> None:
        features = int(tuple(input_shape)[-1]) - (PHASE if self.harmonics else 0)
        self.mix.build((None, None, (2 * self.halo + 1) * features))
        for layer in self.maps:
            layer.build((None, None, self.channels))
        self.built = True

    def call(self, frames: Any) -> Any:
        if not self.harmonics:
            return self._learned(frames)
        count = int(frames.shape[1]) - 2 * self.halo
        own = frames[:, self.halo : self.halo + count, -PHASE - 1 :]
        learned = self._learned(frames[..., :-PHASE])
        return ops.concatenate([learned, self._waves(own)], axis=-1)

    def _waves(self, frames: Any) -> Any:
        """Cosines and sines `(B, F * hop, 2 harmonics)` of frames `(B, F, 3)`."""
        count, dtype = int(frames.shape[1]), frames.dtype
        amplitude, phase, angle = (frames[:, :, None, i : i + 1] for i in range(PHASE + 1))
        time = ops.reshape(ops.arange(self.hop, dtype=dtype), (1, 1, -1, 1))
        multiple = ops.arange(1, self.harmonics + 1, dtype=dtype)
        turned = (phase + angle * time) * multiple
        both = ops.concatenate([ops.cos(turned), ops.sin(turned)], axis=-1)
        return ops.reshape(amplitude * both, (-1, count * self.hop, 2 * self.harmonics))

    def _learned(self, frames: Any) -> Any:
        """The learned channels `(B, F * hop, channels)`."""
        count = int(frames.shape[1]) - 2 * self.halo
        around = [frames[:, i : i + count] for i in range(2 * self.halo + 1)]
        x = self.mix(around[0] if len(around) == 1 else ops.concatenate(around, axis=-1))
        if not self.learned:
            return ops.repeat(x, self.hop, axis=1)
        for layer, stride in zip(self.maps, self.strides, strict=True):
            count *= stride
            x = ops.reshape(layer(ops.leaky_relu(x, SLOPE)), (-1, count, self.channels))
        return x

    def get_config(self) -> dict[str, Any]:
        own = {
            "channels": self.channels,
            "strides": self.strides,
            "halo": self.halo,
            "learned": self.learned,
            "harmonics": self.harmonics,
        }
        return {**super().get_config(), **own}
