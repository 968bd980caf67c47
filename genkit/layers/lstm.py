"""The two LSTM layers of PixelRNN: along rows and along diagonals of an image.

van den Oord et al., 2016 (arXiv:1601.06759), sections 3.1 and 3.2. Gates come in the order output,
forget, input, content. Input-to-state maps are masked by colour (kind B) and taken for the whole
image at once; states are passed on unmasked, because they come from finished pixels. Where the
image has no pixel the state is a learned one.
"""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import ops

from genkit.layers.masked import GroupedDense, RowConvolution
from genkit.layers.recurrence import GATES, recur

SIDE_BY_SIDE = 4


def skew(maps: Any) -> Any:
    """Row i moved right by i: `(B, H, W, n)` to `(B, H, H + W - 1, n)`, zeros around."""
    batch, height, width, units = maps.shape
    batch = ops.shape(maps)[0] if batch is None else batch
    length = height + width - 1
    padded = ops.pad(maps, ((0, 0), (0, 0), (0, height), (0, 0)))
    flat = ops.reshape(padded, (batch, height * (length + 1), units))
    return ops.reshape(flat[:, : height * length], (batch, height, length, units))


def unskew(maps: Any) -> Any:
    """The inverse of `skew`: `(B, H, H + W - 1, n)` to `(B, H, W, n)`."""
    batch, height, length, units = maps.shape
    batch = ops.shape(maps)[0] if batch is None else batch
    flat = ops.reshape(maps, (batch, height * length, units))
    padded = ops.pad(flat, ((0, 0), (0, height), (0, 0)))
    rows = ops.reshape(padded, (batch, height, length + 1, units))
    return rows[:, :, : length + 1 - height]


def chained(batch: int) -> int:
    """Images that go through the diagonals side by side, `SIDE_BY_SIDE` or a divisor near it; the
    rest of the batch follows behind them."""
    return next(rows for rows in range(min(SIDE_BY_SIDE, batch), 0, -1) if batch % rows == 0)


@keras.saving.register_keras_serializable(package="genkit")
class ForgetBias(keras.initializers.Initializer):
    """Biases of the gates of an LSTM: 1 where they forget, so that early states last."""

    def __call__(self, shape: Any, dtype: Any = None) -> Any:
        bias = np.zeros(tuple(shape), np.float32).reshape(GATES, -1)
        bias[1] = 1.0
        return ops.cast(bias.reshape(tuple(shape)), dtype or "float32")

    def get_config(self) -> dict[str, Any]:
        return {}


class RowNeighbours:
    """The states of the row above, `width` of them around each pixel; zeros beside the image."""

    def __init__(self, width: int) -> None:
        self.width, self.side = width, width // 2

    def seen(self, own: Any, states: Any, outside: Any) -> Any:
        columns, padded = int(own.shape[-2]), self._padded(own)
        taps = [padded[..., k : k + columns, :] for k in range(self.width)]
        return ops.concatenate(taps, axis=-1)

    def unseen(self, gradient: Any) -> tuple[Any, Any, Any]:
        columns = int(gradient.shape[-2])
        taps = [self._padded(tap) for tap in ops.split(gradient, self.width, axis=-1)]
        last = self.width - 1
        total = sum(tap[..., last - k : last - k + columns, :] for k, tap in enumerate(taps))
        return total, ops.zeros_like(total), ops.zeros_like(total)

    def _padded(self, maps: Any) -> Any:
        around = [(0, 0)] * (len(maps.shape) - 2)
        return ops.pad(maps, [*around, (self.side, self.side), (0, 0)])


class DiagonalNeighbours:
    """On the diagonal before: the state of the own row, then that of the row above."""

    def seen(self, own: Any, states: Any, outside: Any) -> Any:
        top = ops.broadcast_to(outside[..., :1, :], ops.shape(states[..., :1, :]))
        above = ops.concatenate([top, states[..., :-1, :]], axis=-2)
        return ops.concatenate([own, above], axis=-1)

    def unseen(self, gradient: Any) -> tuple[Any, Any, Any]:
        own, above = ops.split(gradient, 2, axis=-1)
        around = [(0, 0)] * (len(above.shape) - 2)
        states = ops.pad(above[..., 1:, :], [*around, (0, 1), (0, 0)])
        below = int(above.shape[-2]) - 1
        return own, states, ops.pad(above[..., :1, :], [*around, (0, below), (0, 0)])


@keras.saving.register_keras_serializable(package="genkit")
class RowLSTM(keras.Layer):
    """Row after row, all pixels of a row at once: a triangle above each pixel is seen.

    Args:
        units: width h. kernel: odd width of the masked input-to-state convolution along the row.
        state_kernel: odd width of the state-to-state convolution on the row above, unmasked.
        groups: colours.

    Input: `(B, H, W, C_in)`; optionally `given`, `(B, H, W, 4h)`, added to the input-to-state
    maps. Output: `(B, H, W, h)`.
    """

    def __init__(
        self, units: int, kernel: int, state_kernel: int, groups: int, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        if state_kernel % 2 == 0:
            raise ValueError(f"state_kernel must be odd. Received: {state_kernel}")
        self.units, self.kernel_width, self.groups = units, kernel, groups
        self.state_width = state_kernel
        self.input_to_state = RowConvolution(
            units, kernel, groups, "B", GATES, name="input_to_state", dtype=self.dtype_policy
        )

    def build(self, input_shape: tuple[int | None, ...], given_shape: Any = None) -> None:
        self.input_to_state.build(input_shape)
        self.state_to_state = self.add_weight(
            name="state_to_state", shape=(self.state_width, self.units, GATES * self.units)
        )
        self.bias = self.add_weight(
            name="bias", shape=(GATES * self.units,), initializer=ForgetBias()
        )
        self.initial = self.add_weight(name="initial", shape=(2, self.units), initializer="zeros")
        self.built = True

    def state_kernel(self) -> Any:
        """`(taps * h, 4h)`, the leftmost tap first, in the compute dtype."""
        shape = (self.state_width * self.units, GATES * self.units)
        return ops.cast(ops.reshape(self.state_to_state.value, shape), self.compute_dtype)

    def call(self, x: Any, given: Any = None) -> Any:
        maps = self.input_to_state(x) + ops.cast(self.bias.value, self.compute_dtype)
        if given is not None:
            maps = maps + given
        rows = ops.transpose(maps, (1, 0, 2, 3))
        initial = ops.reshape(ops.cast(self.initial.value, self.compute_dtype), (-1,))
        outside = ops.broadcast_to(initial, (*ops.shape(rows)[1:3], 2 * self.units))
        states = recur(rows, self.state_kernel(), outside, RowNeighbours(self.state_width))
        return ops.transpose(states, (1, 0, 2, 3))

    def get_config(self) -> dict[str, Any]:
        own = {
            "units": self.units,
            "kernel": self.kernel_width,
            "state_kernel": self.state_width,
            "groups": self.groups,
        }
        return {**super().get_config(), **own}


@keras.saving.register_keras_serializable(package="genkit")
class DiagonalBiLSTM(keras.Layer):
    """Along both diagonals: everything above and on the left is seen.

    The first direction reads the pixel's left and upper neighbour. The second one is its mirror
    image and reads the right and upper neighbour; its output is moved down by one row, or it would
    see pixels that are still to come.

    Args:
        units: width h. groups: colours.

    Input: `(B, H, W, C_in)`; optionally `given`, `(B, H, W, 8h)`, added to the input-to-state maps
    of the first, then of the second direction. Output: `(B, H, W, h)`, the sum of both.
    """

    def __init__(self, units: int, groups: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.units, self.groups = units, groups
        same = {"dtype": self.dtype_policy}
        bias = ForgetBias()
        self.to_first = GroupedDense(units, groups, GATES, bias, name="to_first", **same)
        # Read one row later only, so that colours need no mask.
        self.to_second = keras.layers.Dense(
            GATES * units, bias_initializer=bias, name="to_second", **same
        )

    def build(self, input_shape: tuple[int | None, ...], given_shape: Any = None) -> None:
        self.to_first.build(input_shape)
        self.to_second.build(input_shape)
        shape = (2, 2 * self.units, GATES * self.units)
        self.state_to_state = self.add_weight(name="state_to_state", shape=shape)
        self.initial = self.add_weight(
            name="initial", shape=(2, 2, self.units), initializer="zeros"
        )
        self.built = True

    def call(self, x: Any, given: Any = None) -> Any:
        first, second = self.to_first(x), self.to_second(x)
        if given is not None:
            added = ops.split(given, 2, axis=-1)
            first, second = first + added[0], second + added[1]
        both = ops.stack([first, ops.flip(second, axis=2)])
        states = self._scan(both)
        first, second = states[0], ops.flip(states[1], axis=2)
        return first + self.moved_down(second)

    def moved_down(self, maps: Any) -> Any:
        """`(B, H, W, h)` one row lower, zeros above."""
        return ops.pad(maps[:, :-1], ((0, 0), (1, 0), (0, 0), (0, 0)))

    def _scan(self, maps: Any) -> Any:
        """States `(2, B, H, W, h)` of input-to-state maps `(2, B, H, W, 4h)`.

        A diagonal of a single image is short at both ends. So some images follow each other in a
        row of their own: the next one begins where the last one ends.
        """
        _, _, height, width, _ = maps.shape
        if maps.shape[1] is None:
            raise ValueError("DiagonalBiLSTM needs to know the size of the batch. Received: None")
        units, batch = self.units, int(maps.shape[1])
        rows = chained(batch)
        count, length = batch // rows, height + batch // rows * width - 1
        wide = ops.reshape(maps, (2, count, rows, height, width, GATES * units))
        wide = ops.transpose(wide, (0, 2, 3, 1, 4, 5))
        wide = ops.reshape(wide, (2 * rows, height, count * width, GATES * units))
        diagonals = ops.transpose(skew(wide), (2, 0, 1, 3))
        diagonals = ops.reshape(diagonals, (length, 2, rows, height, GATES * units))
        initial = ops.reshape(self.initial.value, (2, 1, 1, 2 * units))
        initial = ops.cast(initial, self.compute_dtype)
        outside = ops.broadcast_to(initial, (2, rows, height, 2 * units))
        place = np.arange(length)[:, None] - np.arange(height)
        fresh = (place % width == 0)[:, None, None, :, None]
        # Reshaped, because a cast to its own type leaves a variable one, which has no axes to swap.
        kernel = ops.reshape(self.state_to_state.value, (2, 2 * units, GATES * units))
        kernel = ops.cast(kernel, self.compute_dtype)
        states = recur(diagonals, kernel, outside, DiagonalNeighbours(), fresh)
        states = ops.reshape(states, (length, 2 * rows, height, units))
        found = unskew(ops.transpose(states, (1, 2, 0, 3)))
        found = ops.reshape(found, (2, rows, height, count, width, units))
        return ops.reshape(
            ops.transpose(found, (0, 3, 1, 2, 4, 5)), (2, batch, height, width, units)
        )

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "units": self.units, "groups": self.groups}
