"""Initial weights of codes that stand for amounts: neighbours begin alike."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import ops


@keras.saving.register_keras_serializable(package="genkit")
class SmoothCodes(keras.initializers.Initializer):
    """Random weights that vary smoothly along an axis of ordered codes.

    Independent rows leave it to training to find out that code 130 lies between 129 and 131, for
    each code anew, and rare codes are rarely seen. Here each column is a sum of cosines over
    the codes with random factors that fall as 1 / frequency: mostly a slope and a bend. Measured on
    speech in `docs/results.md` ("Initial weights of the codes").

    Args:
        axis: of the codes. waves: how many cosines. stddev: of the weights.
    """

    def __init__(self, axis: int, waves: int, stddev: float) -> None:
        self.axis, self.waves, self.stddev = axis, waves, stddev
        self._factors = keras.initializers.RandomNormal(stddev=1.0)

    def __call__(self, shape: Any, dtype: Any = None) -> Any:
        sizes = list(shape)
        basis = cosines(sizes[self.axis], self.waves) * self.stddev
        sizes[self.axis] = self.waves
        factors = self._factors(sizes, dtype="float32")
        found = ops.tensordot(factors, ops.convert_to_tensor(basis, "float32"), [[self.axis], [1]])
        return ops.cast(ops.moveaxis(found, -1, self.axis), dtype or "float32")

    def get_config(self) -> dict[str, Any]:
        return {"axis": self.axis, "waves": self.waves, "stddev": self.stddev}


def cosines(levels: int, waves: int) -> np.ndarray:
    """`(levels, waves)`: cosines of 1, 2, ... half turns over the codes, falling as 1 / frequency;
    the squares of a row's entries sum to 1 on average."""
    turns = np.arange(1, waves + 1)
    found = np.cos(np.pi * (np.arange(levels) + 0.5)[:, None] / levels * turns) / turns
    return found * np.sqrt(2 / (turns**-2.0).sum())
