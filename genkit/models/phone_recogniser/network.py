"""A WaveNet that names phones (van den Oord et al., 2016, arXiv:1609.03499, section 3.4)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import keras
from keras import ops

from genkit.models.wavenet.network import WaveNet, sizes_of


@keras.saving.register_keras_serializable(package="genkit")
class FrameNaming(keras.Layer):
    """Non-causal convolutions over frames, and a classifier.

    `x = x + relu(conv(x))` for each layer, so that many learn as easily as one.

    Args:
        classes: K. layers, channels, width: of the convolutions, with an odd number of taps.

    Input: `(B, F, S)`; `present (B, F)`, 0 where there is no frame, which then is as zeros to its
    neighbours; `masks`, factors of dropout `(B, F, S)` and `(B, F, channels)`, or None.
    Output: logits `(B, F, K)`.
    """

    def __init__(self, classes: int, layers: int, channels: int, width: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if width % 2 == 0:
            raise ValueError(f"a non-causal convolution needs an odd width. Received: {width}")
        self.classes, self.channels, self.width = classes, channels, width
        same = {"dtype": self.dtype_policy}
        self.entry = keras.layers.Dense(channels, activation="relu", name="entry", **same)
        self.convolutions = [
            keras.layers.Conv1D(channels, width, padding="same", name=f"layer_{i}", **same)
            for i in range(layers)
        ]
        self.exit = keras.layers.Dense(classes, name="exit", **same)

    def build(self, input_shape: Any, *rest: Any) -> None:
        self.entry.build(input_shape)
        for layer in self.convolutions:
            layer.build((None, None, self.channels))
        self.exit.build((None, None, self.channels))
        self.built = True

    def call(self, x: Any, present: Any, masks: Any = None) -> Any:
        there = ops.cast(present, self.compute_dtype)[..., None]
        x = ops.cast(x, self.compute_dtype)
        if masks is not None:
            x = x * ops.cast(masks[0], self.compute_dtype)
        x = self.entry(x) * there
        for layer in self.convolutions:
            x = (x + ops.relu(layer(x))) * there
        if masks is not None:
            x = x * ops.cast(masks[1], self.compute_dtype)
        return self.exit(x)

    def get_config(self) -> dict[str, Any]:
        own = {
            "classes": self.classes,
            "layers": len(self.convolutions),
            "channels": self.channels,
            "width": self.width,
        }
        return {**super().get_config(), **own}


@keras.saving.register_keras_serializable(package="genkit")
class PhoneNetwork(keras.Model):
    """A dilated causal stack, means of its outputs over frames, and what names the frames.

    The two outputs of the paper share the stack: the next sample, by the head of a `WaveNet`, and
    the phone of each frame. The paper tells no sizes of the part over frames.

    Args:
        wavenet: sizes of a `WaveNet`; its head stays unused without `predicts`.
        naming: sizes of a `FrameNaming`.
        pool: time steps of a frame.
        predicts: whether there is a head for the next sample.

    Input: codes `(B, T)`, integers, `levels` where there is none; T a multiple of pool.
    """

    def __init__(
        self,
        *,
        wavenet: Mapping[str, Any],
        naming: Mapping[str, Any],
        pool: int,
        predicts: bool = True,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.pool, self.predicts = pool, predicts
        same = {"dtype": self.dtype_policy}
        self.wavenet = WaveNet(**wavenet, name="wavenet", **same)
        self.naming = FrameNaming(**naming, name="naming", **same)

    def build(self, input_shape: Any = None) -> None:
        wavenet = self.wavenet
        wavenet.embedding.build((None, None, wavenet.levels))
        wavenet.stack.build((None, None, wavenet.stack.residual))
        if self.predicts:
            wavenet.hidden.build((None, None, wavenet.stack.skip))
            wavenet.logits_map.build((None, None, wavenet.head_width))
        wavenet.built = True
        self.naming.build((None, None, wavenet.stack.skip))
        self.built = True

    def call(self, codes: Any, masks: Any = None) -> Any:
        """Logits of the phones of each frame, `(B, T / pool, K)`."""
        return self.phones(self.skips(codes), codes, masks)

    def skips(self, codes: Any) -> Any:
        """What both outputs read, `(B, T, S)`: step t of the codes before t."""
        return self.wavenet.skips(codes)

    def samples(self, skips: Any) -> Any:
        """Logits `(B, T, levels)` of the code of each time step."""
        return self.wavenet.head(skips)

    def phones(self, skips: Any, codes: Any, masks: Any = None) -> Any:
        """Logits of the phones of each frame, `(B, T / pool, K)`.

        Frames at the end that are partly there count what is there; those without any code are
        none to their neighbours.
        """
        dtype = self.compute_dtype
        there = self._frames(ops.cast(codes < self.wavenet.levels, dtype)[..., None])
        count = ops.sum(there, axis=2)
        means = ops.sum(self._frames(ops.relu(skips)) * there, axis=2) / ops.maximum(count, 1)
        return self.naming(means, count[..., 0] > 0, masks)

    def _frames(self, x: Any) -> Any:
        """`(B, T, C)` as `(B, T / pool, pool, C)`."""
        batch, steps, channels = (int(n) if n is not None else -1 for n in x.shape)
        return ops.reshape(x, (batch, steps // self.pool, self.pool, channels))

    def get_config(self) -> dict[str, Any]:
        own = {
            "wavenet": sizes_of(self.wavenet),
            "naming": sizes_of(self.naming),
            "pool": self.pool,
            "predicts": self.predicts,
        }
        return {**super().get_config(), **own}
