"""The blocks of PixelRNN: 2h maps in, 2h maps out, a layer of width h between."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from genkit.layers.lstm import DiagonalBiLSTM, RowLSTM
from genkit.layers.masked import GroupedDense
from genkit.layers.masked_square import MaskedConvolution
from genkit.layers.recurrence import GATES


class Block(keras.Layer):
    """What the blocks share: the way back to 2h maps, residual and skip (figure 5).

    Args:
        width: h. groups: colours. residual: add the input. skip: give 2h more maps, which go
            past all later blocks to the head.
        given: width of the maps of a picture that steers the block, or None.

    Input: `(B, H, W, 2h)`; `(B, H, W, given)` or None; and `kept`, `(B, h)` factors of the layer's
    maps (dropout of whole maps), or None.
    Output: the same shape, and the skip maps or None.
    """

    # Maps of the layer's input-to-state term, in multiples of h: what a given picture adds to.
    steered = 1

    def __init__(
        self,
        width: int,
        groups: int,
        residual: bool,
        skip: bool,
        given: int | None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.units, self.groups = width, groups
        self.residual, self.skip, self.given = residual, skip, given
        self.same = {"dtype": self.dtype_policy}
        self.output_map = GroupedDense(
            2 * width, groups, 2 if skip else 1, name="output_map", **self.same
        )
        self.condition: Any = (
            keras.layers.Dense(self.steered * width, use_bias=False, name="condition", **self.same)
            if given is not None
            else None
        )

    def build(self, input_shape: Any, given_shape: Any = None, kept_shape: Any = None) -> None:
        around = tuple(input_shape)[:-1]
        self.build_core((*around, 2 * self.units))
        self.output_map.build((*around, self.units))
        if self.condition is not None:
            self.condition.build((*around, self.given))
        self.built = True

    def build_core(self, input_shape: Any) -> None:
        raise NotImplementedError

    def core(self, maps: Any, given: Any) -> Any:
        """`(B, H, W, h)` of 2h maps and of what the picture adds, or None."""
        raise NotImplementedError

    def call(self, maps: Any, given: Any = None, kept: Any = None) -> tuple[Any, Any]:
        added = None if self.condition is None else self.condition(given)
        out = self.core(maps, added)
        out = self.output_map(out if kept is None else out * kept[:, None, None])
        past = None
        if self.skip:
            out, past = ops.split(out, 2, axis=-1)
        return (out + maps if self.residual else out), past

    def get_config(self) -> dict[str, Any]:
        own = {
            "width": self.units,
            "groups": self.groups,
            "residual": self.residual,
            "skip": self.skip,
            "given": self.given,
        }
        return {**super().get_config(), **own}


@keras.saving.register_keras_serializable(package="genkit")
class ConvolutionBlock(Block):
    """PixelCNN: ReLU and 1x1 to h maps, ReLU and masked n x n, ReLU before the way back.

    Args:
        kernel: odd n. Others as in `Block`.
    """

    def __init__(self, *args: Any, kernel: int, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.kernel = kernel
        self.reduce = GroupedDense(self.units, self.groups, name="reduce", **self.same)
        self.convolution = MaskedConvolution(
            self.units, kernel, self.groups, "B", name="convolution", **self.same
        )

    def build_core(self, input_shape: Any) -> None:
        self.reduce.build(input_shape)
        self.convolution.build((*input_shape[:-1], self.units))

    def core(self, maps: Any, given: Any) -> Any:
        out = self.convolution(ops.relu(self.reduce(ops.relu(maps))))
        return ops.relu(out if given is None else out + given)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "kernel": self.kernel}


@keras.saving.register_keras_serializable(package="genkit")
class RowBlock(Block):
    """Row LSTM.

    Args:
        kernel, state_kernel: odd widths along the row. Others as in `Block`.
    """

    steered = GATES

    def __init__(self, *args: Any, kernel: int, state_kernel: int, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.kernels = (kernel, state_kernel)
        self.lstm = RowLSTM(self.units, kernel, state_kernel, self.groups, name="lstm", **self.same)

    def build_core(self, input_shape: Any) -> None:
        self.lstm.build(input_shape)

    def core(self, maps: Any, given: Any) -> Any:
        return self.lstm(maps, given)

    def get_config(self) -> dict[str, Any]:
        own = {"kernel": self.kernels[0], "state_kernel": self.kernels[1]}
        return {**super().get_config(), **own}


@keras.saving.register_keras_serializable(package="genkit")
class DiagonalBlock(Block):
    """Diagonal BiLSTM."""

    steered = 2 * GATES

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.lstm = DiagonalBiLSTM(self.units, self.groups, name="lstm", **self.same)

    def build_core(self, input_shape: Any) -> None:
        self.lstm.build(input_shape)

    def core(self, maps: Any, given: Any) -> Any:
        return self.lstm(maps, given)
