"""The blocks of a Video Pixel Network (Kalchbrenner et al., 2016, arXiv:1610.00527, section 3).

In the encoder, and in the decoder of the baseline, convolutions see all neighbours and may be
dilated. In the decoder they are masked as in a PixelCNN: `groups` is the number of colours.
"""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from genkit.layers.masked import GroupedDense
from genkit.layers.masked_square import MaskedConvolution
from genkit.layers.recurrence import activated
from genkit.layers.square import SquareConvolution

GATES = 4  # g1, g2, g3 and the update u of a multiplicative unit


def multiply(gates: Any, maps: Any) -> Any:
    """MU(h) = g1 tanh(g2 h + g3 u) (equation 5 and those before it).

    Args:
        gates: `(..., 4c)`: g1, g2, g3 through a sigmoid, u through a tanh. maps: h, `(..., c)`.
    """
    first, second, third, update = ops.split(gates, GATES, axis=-1)
    return first * ops.tanh(second * maps + third * update)


@keras.saving.register_keras_serializable(package="genkit")
class Unit(keras.Layer):
    """A multiplicative unit, or a convolution and a ReLU in its place (section 5.3, ablation).

    Args:
        width: maps c. kind: `multiplicative` or `relu`. kernel: odd width.
        groups: colours of a masked convolution (kind B); None for one that sees all neighbours.
        dilation: of one that sees all neighbours.

    Input: `(B, H, W, c)`, and what conditions add to the gates, `(B, 1, 1, gates * c)`, or None.
    Output: `(B, H, W, c)`.
    """

    def __init__(
        self,
        width: int,
        kind: str,
        kernel: int = 3,
        groups: int | None = None,
        dilation: int = 1,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.config = {
            "width": width,
            "kind": kind,
            "kernel": kernel,
            "groups": groups,
            "dilation": dilation,
        }
        self.kind, self.gates = kind, gates_of(kind)
        same = {"name": "convolution", "dtype": self.dtype_policy}
        self.convolution: Any
        if groups is None:
            self.convolution = SquareConvolution(self.gates * width, kernel, dilation, **same)
        else:
            self.convolution = MaskedConvolution(width, kernel, groups, "B", self.gates, **same)

    def build(self, input_shape: Any, added_shape: Any = None) -> None:
        self.convolution.build(input_shape)
        self.built = True

    def call(self, maps: Any, added: Any = None) -> Any:
        gates = self.convolution(maps)
        gates = gates if added is None else gates + added
        if self.kind == "relu":
            return ops.relu(gates)
        return multiply(activated(gates), maps)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), **self.config}


def gates_of(kind: str) -> int:
    """Maps of a unit's convolution in multiples of c."""
    return GATES if kind == "multiplicative" else 1


@keras.saving.register_keras_serializable(package="genkit")
class ResidualBlock(keras.Layer):
    """2c maps to c, two units, back to 2c, and the input added (figure 4).

    Args:
        width: c. kind, kernel, groups, dilation: of both units.
        conditions: width D of a vector that is added to the gates of both units, or 0.
        context: maps that are added behind the first layer, or 0; in the decoder these are known
            before the first pixel, so that no mask is needed.

    Input: `(B, H, W, 2c)`; `(B, D)` or None; `(B, H, W, context)` or None.
    Output: `(B, H, W, 2c)`.
    """

    def __init__(
        self,
        width: int,
        kind: str,
        kernel: int = 3,
        groups: int | None = None,
        dilation: int = 1,
        conditions: int = 0,
        context: int = 0,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.config = {
            "width": width,
            "kind": kind,
            "kernel": kernel,
            "groups": groups,
            "dilation": dilation,
            "conditions": conditions,
            "context": context,
        }
        self.units, self.inputs, self.maps = width, conditions, context
        self.gates = gates_of(kind)
        same = {"dtype": self.dtype_policy}
        self.reduce = dense(width, groups, "reduce", **same)
        self.pair = [
            Unit(width, kind, kernel, groups, dilation, name=f"unit_{i}", **same) for i in range(2)
        ]
        self.expand = dense(2 * width, groups, "expand", **same)
        plain = {"use_bias": False, **same}
        # From zero, so that a network learns first what it would learn without conditions.
        self.condition: Any = (
            keras.layers.Dense(
                2 * self.gates * width, kernel_initializer="zeros", name="condition", **plain
            )
            if conditions
            else None
        )
        self.entry: Any = keras.layers.Dense(width, name="entry", **plain) if context else None

    def build(self, input_shape: Any, vector_shape: Any = None, context_shape: Any = None) -> None:
        around = tuple(input_shape)[:-1]
        self.reduce.build((*around, 2 * self.units))
        for unit in self.pair:
            unit.build((*around, self.units))
        self.expand.build((*around, self.units))
        if self.condition is not None:
            self.condition.build((None, self.inputs))
        if self.entry is not None:
            self.entry.build((*around, self.maps))
        self.built = True

    def added(self, vector: Any) -> list[Any]:
        """What the vector `(B, D)` adds to the gates of both units, `(B, 1, 1, gates * c)`."""
        if self.condition is None:
            return [None, None]
        return list(ops.split(self.condition(vector)[:, None, None], 2, axis=-1))

    def call(self, maps: Any, vector: Any = None, context: Any = None) -> Any:
        core = self.reduce(maps)
        if self.entry is not None:
            core = core + self.entry(context)
        for unit, added in zip(self.pair, self.added(vector), strict=True):
            core = unit(core, added)
        return maps + self.expand(core)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), **self.config}


def dense(units: int, groups: int | None, name: str, **kwargs: Any) -> Any:
    """A 1x1 layer, masked by colour in a decoder."""
    if groups is None:
        return keras.layers.Dense(units, name=name, **kwargs)
    return GroupedDense(units, groups, name=name, **kwargs)
