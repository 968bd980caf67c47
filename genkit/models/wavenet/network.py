"""The WaveNet (van den Oord et al., 2016, arXiv:1609.03499)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import lcm
from typing import Any

import keras
import numpy as np
from keras import ops

from genkit.layers.context import ContextStack
from genkit.layers.dilated import DilatedCausalStack
from genkit.layers.dilation import receptive_field
from genkit.layers.embedding import CausalEmbedding
from genkit.layers.linear_prediction import LinearPrediction
from genkit.layers.smooth import SmoothCodes
from genkit.layers.upsampling import Upsampling
from genkit.sampling.decoding import logits_type

WAVES = 16  # cosines over the codes that initial weights of the logits are sums of


@keras.saving.register_keras_serializable(package="genkit")
class WaveNet(keras.Model):
    """Density of a sequence of codes, one after the other.

    Args:
        levels: number of codes, such as 256 of the mu-law. input_kernel: taps of the causal
            convolution of the codes.
        residual, gated, skip, head: channels R, D, S and H. gated is R if not given.
        dilations: one a layer. kernel: 2 or 3 taps a layer.
        vector, local: widths of the global and the local condition, 0 for none.
        upsampling: sizes of an `Upsampling`, where the local condition comes in frames of
            `local` features; without it there is a row of `local` features at each time step.
        contexts: sizes of `ContextStack`s, whose outputs are further local conditions. All have
            the same pool.
        prediction: sizes of a `LinearPrediction` by the frames of the local condition; None for
            none.

    Input: codes `(B, T)`, integers, or one-hot `(B, T, levels)`; a vector `(B, vector)`; a local
    condition, `(B, T, local)` or frames `(B, halo + T / hop + halo, local)`; `inside (B, T)`, 1
    from the first code of the sequence on, where rows begin before it; `tail`, how many of the last
    time steps are wanted (all of them if None); and a `forecast`, where it is not that of these
    codes. Those not given are None.
    Output: logits `(B, tail, levels)`; those of time step t are of code t, given the codes before.
    """

    def __init__(
        self,
        *,
        levels: int,
        residual: int,
        skip: int,
        head: int,
        dilations: Sequence[int],
        kernel: int = 2,
        input_kernel: int = 1,
        gated: int | None = None,
        vector: int = 0,
        local: int = 0,
        upsampling: Mapping[str, Any] | None = None,
        contexts: Sequence[Mapping[str, Any]] = (),
        prediction: Mapping[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.levels, self.head_width, self.input_kernel = levels, head, input_kernel
        self.features, self.vector_width = local, vector
        same = {"dtype": self.dtype_policy}
        self.embedding = CausalEmbedding(levels, residual, input_kernel, name="embedding", **same)
        self.contexts = [
            ContextStack(**settings, vector=vector, name=f"context_{i}", **same)
            for i, settings in enumerate(contexts)
        ]
        if len({context.pool for context in self.contexts}) > 1:
            pools = [context.pool for context in self.contexts]
            raise ValueError(f"all context stacks pool over the same samples. Received: {pools}")
        self.upsampling = None
        if upsampling is not None:
            self.upsampling = Upsampling(**upsampling, name="upsampling", **same)
        self.prediction = None
        if prediction is not None:
            if upsampling is None:
                raise ValueError("linear prediction needs frames of a local condition")
            self.prediction = LinearPrediction(
                **prediction, levels=levels, name="prediction", **same
            )
            self.residue = keras.layers.Dense(2, kernel_initializer="zeros", name="residue", **same)
        self.local_width = local if self.upsampling is None else self.upsampling.outputs
        wide = self.local_width + sum(context.outputs for context in self.contexts)
        self.stack = DilatedCausalStack(
            residual, skip, dilations, kernel, gated, vector, wide, name="stack", **same
        )
        self.hidden = keras.layers.Dense(head, name="hidden", **same)
        spread = SmoothCodes(1, WAVES, (2 / (head + levels)) ** 0.5)
        self.logits_map = keras.layers.Dense(
            levels, kernel_initializer=spread, name="logits", **same
        )
        self._ramp = np.linspace(-1.0, 1.0, levels)

    def build(self, input_shape: Any, *conditions: Any) -> None:
        batch, steps = tuple(input_shape)[:2]
        self.embedding.build((batch, steps, self.levels))
        for context in self.contexts:
            context.build((batch, steps))
        if self.upsampling is not None:
            self.upsampling.build((batch, steps, self.features))
        if self.prediction is not None:
            self.prediction.build()
            self.residue.build((batch, steps, self.head_width))
        self.stack.build((batch, steps, self.stack.residual))
        self.hidden.build((batch, steps, self.stack.skip))
        self.logits_map.build((batch, steps, self.head_width))
        self.built = True

    @property
    def own_field(self) -> int:
        """Codes that one distribution sees through the large stack."""
        return receptive_field(self.stack.taps, self.stack.dilations) + self.input_kernel - 1

    @property
    def receptive_field(self) -> int:
        """Codes that one distribution sees, by its context stacks as well."""
        # Conditions enter the gates of the first layer, behind its dilation. Each of their time
        # steps knows earlier frames; its last sample sees the beginning of the earliest one.
        behind = (self.stack.taps - 1) * sum(self.stack.dilations[1:])
        order = self.prediction.order if self.prediction is not None else 0
        reaches = [c.pool * (max(c.frames_seen) + 1) - 1 for c in self.contexts]
        return max([self.own_field, order, *(behind + reach for reach in reaches)])

    @property
    def pool(self) -> int | None:
        """Samples of a frame of the context stacks; None without any."""
        return self.contexts[0].pool if self.contexts else None

    @property
    def grid(self) -> int:
        """Stretches of a sequence that are computed by themselves begin at its multiples."""
        return lcm(self.pool or 1, self.upsampling.hop if self.upsampling is not None else 1)

    def call(
        self,
        x: Any,
        vector: Any = None,
        local: Any = None,
        inside: Any = None,
        tail: int | None = None,
        forecast: Any = None,
    ) -> Any:
        if forecast is None:
            forecast = self.forecast(x, local, tail)
        return self.head(self.skips(x, vector, local, inside, tail), forecast)

    def forecast(self, x: Any, local: Any = None, tail: int | None = None) -> Any:
        """What linear prediction says of the last `tail` codes, see `LinearPrediction.forecast`;
        None without it."""
        if self.prediction is None:
            return None
        steps = int(x.shape[1])
        wanted, order = steps if tail is None else tail, self.prediction.order
        read = self.prediction.values if len(x.shape) == 2 else self.prediction.values_of_rows
        values = ops.pad(read(x), ((0, 0), (order, 0)))[:, steps - wanted :]
        coefficients = self.prediction.coefficients(local)
        return self.prediction.forecast(values, coefficients[:, steps - wanted : steps])

    def skips(
        self,
        x: Any,
        vector: Any = None,
        local: Any = None,
        inside: Any = None,
        tail: int | None = None,
    ) -> Any:
        """Skip sums `(B, tail, S)` of what `call` takes: what the head reads."""
        if len(x.shape) == 2:
            x = self.embedding.one_hot(x)
        steps = int(x.shape[1])
        wanted = steps if tail is None else tail
        # The large stack needs the codes that it sees and no more.
        kept = min(steps, wanted + self.own_field - 1)
        local = self._local(x, vector, local, inside, kept)
        # A code is seen from the next time step on.
        before = ops.pad(x, ((0, 0), (self.input_kernel, 0), (0, 0)))[:, steps - kept : -1]
        own = None if inside is None else inside[:, steps - kept :]
        skips = self.stack(self.embedding(before), vector, local, own)
        return skips[:, kept - wanted :]

    def _local(self, x: Any, vector: Any, local: Any, inside: Any, kept: int) -> Any:
        """Local conditions of the last `kept` time steps, side by side; None without any."""
        steps, found = int(x.shape[1]), []
        if self.local_width:
            whole = local if self.upsampling is None else self.upsampling(local)
            whole = ops.cast(whole, self.compute_dtype)[:, :steps]
            found.append(whole[:, steps - kept :])
        if self.contexts:
            sound = self.sound_of(x)
            found += [c(sound, vector, inside)[:, steps - kept :] for c in self.contexts]
        if not found:
            return None
        return found[0] if len(found) == 1 else ops.concatenate(found, axis=-1)

    def sound_of(self, x: Any) -> Any:
        """What context stacks read of one-hot codes `(..., levels)`: equal steps from -1 to 1,
        `(...)`; 0 where there is no code."""
        return ops.matmul(ops.cast(x, self.compute_dtype), ops.cast(self._ramp, self.compute_dtype))

    def sound_of_codes(self, codes: Any) -> Any:
        """The same of integer codes `(...)`; the code `levels` stands for none."""
        table = ops.cast(np.append(self._ramp, 0.0), self.compute_dtype)
        return ops.take(table, codes, axis=0)

    def head(self, skips: Any, forecast: Any = None) -> Any:
        """Logits `(..., levels)` of the skip sum `(..., S)` and a forecast."""
        hidden = ops.relu(self.hidden(ops.relu(skips)))
        maps = ops.cast(self.logits_map(hidden), logits_type(self.compute_dtype))
        if self.prediction is None:
            return maps
        centre, scale = forecast
        return maps + self.prediction.log_density(centre, scale, self.residue(hidden))

    def get_config(self) -> dict[str, Any]:
        stack = self.stack
        own = {
            "levels": self.levels,
            "residual": stack.residual,
            "skip": stack.skip,
            "head": self.head_width,
            "dilations": stack.dilations,
            "kernel": stack.taps,
            "input_kernel": self.input_kernel,
            "gated": stack.gated,
            "vector": self.vector_width,
            "local": self.features,
            "upsampling": None if self.upsampling is None else sizes_of(self.upsampling),
            "contexts": [sizes_of(c, leave=("vector",)) for c in self.contexts],
        }
        if self.prediction is not None:
            own["prediction"] = sizes_of(self.prediction, leave=("levels",))
        return {**super().get_config(), **own}


def sizes_of(layer: keras.Layer, leave: Sequence[str] = ()) -> dict[str, Any]:
    """The sizes of a layer without what every Keras layer has."""
    common = {"name", "trainable", "dtype", *leave}
    return {key: value for key, value in layer.get_config().items() if key not in common}
