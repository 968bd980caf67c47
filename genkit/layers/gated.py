"""The gated two-stack block of the Gated PixelCNN."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from genkit.layers.masked import GroupedDense, RowConvolution, RowsAboveConvolution


def gate(maps: Any) -> Any:
    """tanh(filter) * sigmoid(gate) of `(..., 2p)` maps, the filter first; `(..., p)`.

    Equation 2 of van den Oord et al., 2016 (arXiv:1606.05328).
    """
    filters, gates = ops.split(maps, 2, axis=-1)
    return ops.tanh(filters) * ops.sigmoid(gates)


def shift_down(maps: Any) -> Any:
    """Move `(batch, height, ...)` maps down by one row; row 0 becomes zeros."""
    return ops.pad(maps[:, :-1], [(0, 0), (1, 0)] + [(0, 0)] * (len(maps.shape) - 2))


@keras.saving.register_keras_serializable(package="genkit")
class ConditionalBias(keras.Layer):
    """The terms V^T h and V * s of a gated unit: a vector or a map as a bias.

    Equations 4 and 5 of van den Oord et al., 2016 (arXiv:1606.05328). No mask is needed: what
    steers is known before the first pixel.

    Args:
        units: width of each bias. count: how many biases (one a stack).

    Input: `(batch, ..., D)`. Output: `count` arrays `(batch, ..., units)`.
    """

    def __init__(self, units: int, count: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.units, self.count = units, count

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        self.kernel = self.add_weight(
            name="kernel", shape=(int(input_shape[-1] or 0), self.count * self.units)
        )
        super().build(input_shape)

    def call(self, given: Any) -> list[Any]:
        kernel = ops.cast(self.kernel.value, self.compute_dtype)
        biases = ops.matmul(ops.cast(given, self.compute_dtype), kernel)
        return list(ops.split(biases, self.count, axis=-1))

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "units": self.units, "count": self.count}


@keras.saving.register_keras_serializable(package="genkit")
class GatedBlock(keras.Layer):
    """One layer of both stacks (van den Oord et al., 2016, arXiv:1606.05328, figure 2).

    The vertical stack sees the rows above, the horizontal stack the pixels on the left; maps of
    the vertical stack, taken before its gate and shifted down one row, enter the horizontal one.
    Nothing flows back, so there is neither a blind spot nor a leak.

    Args:
        width: maps p of each stack. kernel: odd width n. groups: colours.
        first: mask A and no residual, as the first layer needs.
        conditional: whether something steers the block.

    Input: vertical `(B, H, W, C)`, horizontal `(B, H, W, C)`, what steers the block, `(B, 1, 1, D)`
    for all places alike or `(B, H, W, D)`, or None, and
    `kept`, `(B, 2p)` factors of the gated maps of both stacks (dropout of whole maps), or None.
    Output: vertical and horizontal `(B, H, W, p)`.
    """

    def __init__(
        self, width: int, kernel: int, groups: int, first: bool, conditional: bool, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.config = {
            "width": width,
            "kernel": kernel,
            "groups": groups,
            "first": first,
            "conditional": conditional,
        }
        self.width, self.first = width, first
        kind = "A" if first else "B"
        same = {"dtype": self.dtype_policy}
        self.vertical = RowsAboveConvolution(2 * width, kernel, name="vertical", **same)
        self.horizontal = RowConvolution(width, kernel, groups, kind, name="horizontal", **same)
        self.link = keras.layers.Dense(2 * width, name="link", **same)
        self.output_map = GroupedDense(width, groups, name="output_map", **same)
        self.condition: Any = (
            ConditionalBias(2 * width, 2, name="condition", **same) if conditional else None
        )

    def build(
        self,
        vertical_shape: tuple[int | None, ...],
        horizontal_shape: tuple[int | None, ...],
        given_shape: tuple[int | None, ...] | None = None,
    ) -> None:
        maps = (*tuple(vertical_shape)[:-1], self.width)
        self.vertical.build(vertical_shape)
        self.horizontal.build(horizontal_shape)
        self.link.build((*maps[:-1], 2 * self.width))
        self.output_map.build(maps)
        if self.condition is not None and given_shape is not None:
            self.condition.build(given_shape)
        self.built = True

    def call(
        self, vertical: Any, horizontal: Any, given: Any = None, kept: Any = None
    ) -> tuple[Any, Any]:
        above = self.vertical(vertical)
        across = self.horizontal(horizontal) + self.link(shift_down(above))
        if self.condition is not None:
            for_vertical, for_horizontal = self.condition(given)
            above, across = above + for_vertical, across + for_horizontal
        above, across = gate(above), gate(across)
        if kept is not None:
            for_vertical, for_horizontal = ops.split(kept[:, None, None], 2, axis=-1)
            above, across = above * for_vertical, across * for_horizontal
        out = self.output_map(across)
        return above, out if self.first else out + horizontal

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), **self.config}
