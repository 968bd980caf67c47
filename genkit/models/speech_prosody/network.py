"""Networks of durations and pitch (van den Oord et al., 2016, arXiv:1609.03499, section 3.2).

The paper says what they are, an LSTM and an autoregressive CNN that minimise squared errors, and
no sizes.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
from keras import ops

from genkit.layers.dilated import DilatedCausalStack
from genkit.layers.dilated_steps import DilatedSteps
from genkit.layers.indexing import at
from genkit.layers.sequence_lstm import SequenceLSTM
from genkit.speech.sizes import FRAME, PITCH

SLOPE = 0.2  # below zero, of rectifiers that should not die


@keras.saving.register_keras_serializable(package="genkit")
class PhoneDurations(keras.Model):
    """How long each phone lasts.

    Args:
        features: of a phone. vector: width of the global condition, or 0. dense, units: sizes.

    Input: features `(B, N, features)`, vector `(B, vector)` or None. Output: `(B, N)`, in the
    scale of `genkit.models.speech_prosody.durations.scaled`.
    """

    def __init__(self, features: int, vector: int, dense: int, units: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.features, self.vector, self.sizes = features, vector, (dense, units)
        self.entry = keras.layers.Dense(dense, activation="relu", name="entry")
        self.lstm = SequenceLSTM(units, name="lstm")
        self.exit = keras.layers.Dense(1, name="exit")

    def build(self, input_shape: Any = None, vector_shape: Any = None) -> None:
        dense, units = self.sizes
        self.entry.build((None, None, self.features + self.vector))
        self.lstm.build((None, None, dense))
        self.exit.build((None, None, units))
        self.built = True

    def call(self, features: Any, vector: Any = None) -> Any:
        if self.vector:
            features = _beside(features, vector)
        return ops.squeeze(self.exit(self.lstm(self.entry(features))), -1)

    def get_config(self) -> dict[str, Any]:
        dense, units = self.sizes
        own = {"features": self.features, "vector": self.vector, "dense": dense, "units": units}
        return {**super().get_config(), **own}


@keras.saving.register_keras_serializable(package="genkit")
class PitchContour(keras.Model):
    """Log-F0 and voicing of a frame from those before it and from what is said.

    Args:
        features: of a phone; those of a frame are `FRAME` more. vector: width of the global
            condition, or 0. channels: that the features are mapped to.
        residual, skip, head: channels. dilations: one a layer.

    Input: contour before each frame `(B, F, 2)`, log-F0 in the scale of networks and voicing;
    `known` `(B, F)`, 0 where it is hidden; features `(B, F, features + FRAME)`; vector. Output:
    `(B, F, 2)`, log-F0 and the logit of voicing.
    """

    def __init__(
        self,
        features: int,
        vector: int,
        channels: int,
        residual: int,
        skip: int,
        head: int,
        dilations: Sequence[int],
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.config = {
            "features": features,
            "vector": vector,
            "channels": channels,
            "residual": residual,
            "skip": skip,
            "head": head,
            "dilations": list(dilations),
        }
        self.features, self.vector, self.channels = features, vector, channels
        self.skip = skip
        self.local = keras.layers.Dense(channels, activation="relu", name="local")
        self.entry = keras.layers.Dense(residual, name="entry")
        self.stack = DilatedCausalStack(
            residual, skip, dilations, 2, vector=vector, local=channels, name="stack"
        )
        self.head = keras.layers.Dense(head, activation="relu", name="head")
        self.exit = keras.layers.Dense(PITCH, name="exit")

    def build(self, *shapes: Any) -> None:
        self.local.build((None, None, self.features + FRAME))
        self.entry.build((None, None, PITCH + 1))
        self.stack.build((None, None, self.stack.residual))
        self.head.build((None, None, self.skip))
        self.exit.build((None, None, self.head.units))
        self.built = True

    def told(self, skips: Any) -> Any:
        """What the skip sum `(..., S)` says, `(..., 2)`."""
        return self.exit(self.head(ops.relu(skips)))

    def seen(self, before: Any, known: Any) -> Any:
        """What is seen of the contour `(..., 2)` of the frame before: log-F0 where it was voiced
        (gaps are filled by lines to what comes behind them), voicing, and whether it is known."""
        flags = ops.cast(known, before.dtype)[..., None]
        voiced = before[..., 1:] * flags
        return self.entry(ops.concatenate([before[..., :1] * voiced, voiced, flags], axis=-1))

    def call(self, before: Any, known: Any, features: Any, vector: Any = None) -> Any:
        x = self.seen(before, known)
        return self.told(self.stack(x, vector, self.local(features)))

    def draw(self, features: Any, known: Any, vector: Any = None) -> Any:
        """The contour `(B, F, 2)` that follows from its own beginning: log-F0, and voicing 0 or 1.

        Args:
            features, vector: as of a call. known: `(F,)`, 0 in frames whose past is hidden.

        It starts as training does, from zeros.
        """
        batch, count = int(features.shape[0]), int(features.shape[1])
        steps = DilatedSteps(self.stack, vector, self.local(features))
        dtype = self.compute_dtype
        flags = ops.cast(known, dtype)

        def step(t: Any, before: Any, rings: Any, found: Any) -> Any:
            shown = ops.broadcast_to(at(flags, t), (batch,))
            x = self.seen(before, shown)
            skips, rings = steps.step(x, rings, t, t)
            value, logit = ops.split(self.told(skips), 2, axis=-1)
            new = ops.concatenate([value, ops.cast(logit > 0, dtype)], axis=-1)
            return t + 1, new, rings, ops.slice_update(found, (t, 0, 0), new[None])

        start = (
            ops.zeros((), "int32"),
            ops.zeros((batch, PITCH), dtype),
            self.stack.rings.zeros(batch, dtype),
            ops.zeros((count, batch, PITCH), dtype),
        )
        found = ops.while_loop(lambda t, *rest: t < count, step, start, maximum_iterations=count)[3]
        return ops.transpose(found, (1, 0, 2))

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), **self.config}


@keras.saving.register_keras_serializable(package="genkit")
class SpectralEnvelope(keras.Model):
    """A linear predictor of each frame, from what is said in it and around it.

    Args:
        features: of a frame. vector: width of the global condition, or 0. order: of the predictor.
        units, layers: of hidden layers. halo: frames on either side that a frame sees.

    Input: features `(B, F, features)`, zeros before and behind them, and vector `(B, vector)` or
    None. Output: `(B, F, order + 1)`, reflection coefficients, and the logarithm of the error's
    deviation, less `CENTRE` and over `SPREAD` of `genkit.speech.sizes`.
    """

    def __init__(
        self,
        features: int,
        vector: int,
        order: int,
        units: int,
        layers: int,
        halo: int,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.config = {
            "features": features,
            "vector": vector,
            "order": order,
            "units": units,
            "layers": layers,
            "halo": halo,
        }
        self.order, self.halo = order, halo
        self.hidden = [
            keras.layers.Dense(units, kernel_initializer="he_normal", name=f"hidden_{i}")
            for i in range(layers)
        ]
        # White noise of one loudness at first.
        self.exit = keras.layers.Dense(order + 1, kernel_initializer="zeros", name="exit")

    def build(self, *shapes: Any) -> None:
        config = self.config
        width = (2 * self.halo + 1) * config["features"] + config["vector"]
        for layer in self.hidden:
            layer.build((None, None, width))
            width = config["units"]
        self.exit.build((None, None, width))
        self.built = True

    def call(self, features: Any, vector: Any = None) -> Any:
        count, halo = int(features.shape[1]), self.halo
        whole = ops.pad(features, ((0, 0), (halo, halo), (0, 0)))
        x = ops.concatenate([whole[:, i : i + count] for i in range(2 * halo + 1)], axis=-1)
        if self.config["vector"]:
            x = _beside(x, vector)
        for layer in self.hidden:
            x = ops.leaky_relu(layer(x), SLOPE)
        x = self.exit(x)
        return ops.concatenate([ops.tanh(x[..., :-1]), x[..., -1:]], axis=-1)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), **self.config}


def _beside(features: Any, vector: Any) -> Any:
    """Features `(B, N, D)` with a vector `(B, V)` beside each of them, `(B, N, D + V)`."""
    shape = (*ops.shape(features)[:2], int(vector.shape[-1]))
    spread = ops.broadcast_to(ops.cast(vector, features.dtype)[:, None], shape)
    return ops.concatenate([features, spread], axis=-1)
