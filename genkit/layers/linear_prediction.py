"""Linear prediction by a condition: the resonances of a voice, whatever its past.

A stack of convolutions needs long to learn that an "ee" resonates at 300 and 2,300 Hz, because
where the past is the true one, the past tells it. Here each frame of the condition tells a linear
predictor, and the distribution of the next code begins as a logistic around what it predicts.
LP-WaveNet (Hwang et al., 2018, arXiv:1811.11913) moves the means of its mixture likewise; LPCNet
(Valin and Skoglund, 2019, arXiv:1810.11846) models what a predictor leaves.
"""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import ops

from genkit.data.audio.mulaw import decode, edges
from genkit.sampling.decoding import logits_type
from genkit.speech.sizes import CENTRE, SPREAD

LARGEST = 0.995  # reflection coefficient: a filter of smaller ones never explodes
# Logarithms of a logistic's scale, where full scale is 1, from a fraction of the smallest step of
# 256 codes on.
LEAST, MOST = -11.0, 0.0
# A logistic whose scale is 1 has a deviation of pi / sqrt(3).
LOGISTIC = float(np.log(np.pi / np.sqrt(3.0)))


@keras.saving.register_keras_serializable(package="genkit")
class LinearPrediction(keras.Layer):
    """Of codes of the mu-law, from those before and a frame of a condition. It has no weights.

    Args:
        levels: number of codes. order: values before that a prediction is made of.
        column: of a frame, where `order` reflection coefficients begin; behind them stands the
            logarithm of the error's deviation, less `CENTRE` and over `SPREAD`.
        hop: time steps of a frame. halo: frames on either side that are not looked at.
    """

    def __init__(
        self, levels: int, order: int, column: int, hop: int, halo: int = 0, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.levels, self.order, self.column = levels, order, column
        self.hop, self.halo = hop, halo
        # Coefficients are not rounded more than the values that they multiply.
        self.floats = logits_type(self.compute_dtype)
        self._values = np.append(decode(np.arange(levels), levels), 0.0)
        # Cells of the waveform; full scale is the middle of the outer ones.
        inner = edges(levels)
        self._log_widths = np.log(np.diff([-2.0 - inner[0], *inner, 2.0 - inner[-1]]))

    def build(self, input_shape: Any = None) -> None:
        self.built = True

    def coefficients(self, frames: Any) -> Any:
        """Coefficients, that of the value just before first, and the logarithm of the scale:
        `(B, F * hop, order + 1)` of frames `(B, halo + F + halo, features)`."""
        count, last = int(frames.shape[1]) - 2 * self.halo, self.column + self.order
        own = ops.cast(frames[:, self.halo : self.halo + count], self.floats)
        known = step_up(LARGEST * ops.clip(own[..., self.column : last], -1.0, 1.0))
        scale = own[..., last : last + 1] * SPREAD + (CENTRE - LOGISTIC)
        return ops.repeat(ops.concatenate([known, scale], axis=-1), self.hop, axis=1)

    def values(self, codes: Any) -> Any:
        """What codes `(...)` stand for, from -1 to 1; 0 of `levels`, which stands for none."""
        return ops.take(ops.cast(self._values, self.floats), codes, axis=0)

    def values_of_rows(self, rows: Any) -> Any:
        """The same of one-hot codes `(..., levels)`."""
        return ops.matmul(ops.cast(rows, self.floats), ops.cast(self._values[:-1], self.floats))

    def forecast(self, values: Any, coefficients: Any) -> tuple[Any, Any]:
        """Centre and logarithm of the scale, each `(B, T)`.

        Args:
            values: `(B, order + T)`; the last one is that of the last time step and is not used
                by any forecast. coefficients: `(B, T, order + 1)`.
        """
        count = int(coefficients.shape[1])
        centre = 0.0
        for i in range(self.order):
            before = self.order - 1 - i
            centre = centre + coefficients[..., i] * values[:, before : before + count]
        return centre, coefficients[..., self.order]

    def log_density(self, centre: Any, scale: Any, own: Any) -> Any:
        """What is added to logits: a logistic's log-density at each code, `(..., levels)`, and the
        logarithm of the code's width, up to what is the same for all codes.

        Args:
            centre, scale: `(...)`, of a forecast. own: `(..., 2)`, by how many scales the network
                moves the centre, and by how much the logarithm of the scale.
        """
        own = ops.cast(own, self.floats)
        scale = ops.clip(scale + own[..., 1], LEAST, MOST)
        centre = centre + ops.exp(scale) * own[..., 0]
        places = ops.cast(self._values[:-1], self.floats)
        z = (places - centre[..., None]) * ops.exp(-scale)[..., None]
        return ops.cast(self._log_widths, self.floats) - z - 2.0 * ops.softplus(-z)

    def get_config(self) -> dict[str, Any]:
        own = {
            "levels": self.levels,
            "order": self.order,
            "column": self.column,
            "hop": self.hop,
            "halo": self.halo,
        }
        return {**super().get_config(), **own}


def step_up(reflection: Any) -> Any:
    """Coefficients of the linear predictor of a lattice, `(..., order)`, nearest value first.

    The step-up recursion of Levinson: where all |reflection| < 1, the filter that draws values by
    the predictor is stable. The turned coefficients are products with constants: as slices, which
    XLA fuses, order 20 takes minutes to compile with its gradient.
    """
    order = int(reflection.shape[-1])
    found = ops.zeros_like(reflection)
    for m in range(order):
        turned = np.zeros((order, order), np.float32)
        turned[np.arange(m)[::-1], np.arange(m)] = 1.0
        place = np.eye(order, dtype=np.float32)[m]
        last = reflection[..., m : m + 1]
        back = ops.matmul(found, ops.cast(turned, found.dtype)) if m else 0.0
        found = found + last * (ops.cast(place, found.dtype) - back)
    return found


def error_power(coefficients: Any, correlations: Any) -> Any:
    """Power `(...)` of what predictors `(..., order)` leave of sounds whose autocorrelations are
    `(..., order + 1)`."""
    count = int(correlations.shape[-1])
    lags = np.abs(np.arange(count)[:, None] - np.arange(count))
    whole = ops.concatenate([ops.ones_like(coefficients[..., :1]), -coefficients], axis=-1)
    matrix = ops.take(correlations, lags.ravel(), axis=-1)
    matrix = ops.reshape(matrix, (*ops.shape(correlations)[:-1], count, count))
    return ops.sum(whole * ops.squeeze(ops.matmul(matrix, whole[..., None]), -1), axis=-1)
