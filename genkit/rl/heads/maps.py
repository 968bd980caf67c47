"""Values of actions for each cell of a map, from features without one."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from genkit.rl.heads.config import base


@keras.saving.register_keras_serializable(package="genkit")
class MapValues(keras.Layer):
    """Dueling action values of the cells of a map (Jaderberg et al., 2017, arXiv:1611.05397,
    appendix A): a dense layer makes small maps, one transposed convolution turns them into value
    and advantages; `Q = V + A - mean A`. Both are linear: an advantage may be negative.

    Args:
        actions: A. grid: rows and columns of cells.
        width: of the small maps. units: values of each cell and action.

    Input: features `(N, n)`. Output: `(N, rows, columns, units, A)`.
    """

    def __init__(
        self, actions: int, grid: tuple[int, int], width: int, units: int = 1, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.actions, self.width, self.units = actions, width, units
        self.grid = (int(grid[0]), int(grid[1]))
        (rows, high, down), (columns, wide, right) = (base(side) for side in self.grid)
        self.small = (rows, columns, width)
        self.dense = keras.layers.Dense(rows * columns * width, activation="relu", name="small")
        # From zero: nothing is promised.
        self.values = keras.layers.Conv2DTranspose(
            units * (1 + actions),
            (high, wide),
            (down, right),
            kernel_initializer="zeros",
            name="values",
        )

    def build(self, input_shape: Any) -> None:
        self.dense.build(input_shape)
        self.values.build((None, *self.small))
        self.built = True

    def call(self, features: Any) -> Any:
        small = ops.reshape(self.dense(features), (-1, *self.small))
        found = ops.reshape(self.values(small), (-1, *self.grid, self.units, 1 + self.actions))
        value, advantage = found[..., :1], found[..., 1:]
        return value + advantage - ops.mean(advantage, axis=-1, keepdims=True)

    def get_config(self) -> dict[str, Any]:
        own = {"actions": self.actions, "grid": self.grid, "width": self.width, "units": self.units}
        return {**super().get_config(), **own}


def chosen(values: Any, action: Any) -> Any:
    """Values `(T, B, ..., A)` of the actions that were taken, `(T, B)` int32: `(T, B, ...)`."""
    taken = ops.one_hot(action, int(values.shape[-1]), dtype="float32")
    shape = (*action.shape, *[1] * (len(values.shape) - 3), values.shape[-1])
    return ops.sum(values * ops.reshape(taken, shape), axis=-1)


def over_time(layer: Any, features: Any) -> Any:
    """A layer of features `(T, B, n)`: `(T, B, ...)`."""
    steps, batch, width = (int(n) for n in features.shape)
    found = layer(ops.reshape(features, (steps * batch, width)))
    return ops.reshape(found, (steps, batch, *found.shape[1:]))
