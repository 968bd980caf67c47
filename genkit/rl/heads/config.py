"""Sections of recipes that set a head, and what follows from them. Light: no Keras."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from genkit.recipe.schema import Section

Weight = Annotated[float, Field(ge=0, le=1e6)]
Width = Annotated[int, Field(ge=1, le=4096)]
Fraction = Annotated[float, Field(ge=0, le=1)]

FRAMES = 3  # that a reward is predicted from
CLASSES = ("zero", "positive", "negative")  # of rewards


class ValueReplayConfig(Section):
    """Values of earlier experience are learned once more.

    Args:
        weight: of the squared error, halved.
    """

    weight: Weight = 1.0


class CellsConfig(Section):
    """Cells of the picture whose change is meant.

    Args:
        cell: pixels, height and width. crop: pixels left out on every side.
    """

    cell: Annotated[int, Field(ge=1, le=64)] = 4
    crop: Annotated[int, Field(ge=0, le=64)] = 2

    def grid(self, height: int, width: int) -> tuple[int, int]:
        """Rows and columns of cells in a picture.

        Raises:
            ValueError: they do not fill it.
        """
        inner = (height - 2 * self.crop, width - 2 * self.crop)
        if min(inner) < self.cell or any(side % self.cell for side in inner):
            raise ValueError(
                f"cells of {self.cell} pixels do not fill {inner[0]} x {inner[1]}, "
                f"what crop ({self.crop}) leaves of {height} x {width}"
            )
        return inner[0] // self.cell, inner[1] // self.cell


class PixelControlConfig(CellsConfig):
    """To change each cell of the picture as much as one can.

    Args:
        weight: of the squared error, summed over cells and steps.
        discount: of a step. width: maps that are turned into values of cells.
    """

    weight: Weight = 0.05
    discount: Fraction = 0.9
    width: Width = 32


class FeatureControlConfig(Section):
    """To excite each unit behind the last convolution as much as one can.

    Args:
        weight: of the squared error, summed over units and steps.
        discount: of a step. width: maps that are turned into values of units.
        rate: how much of the way the slow network goes in an update.
    """

    weight: Weight = 1e-5
    discount: Fraction = 0.9
    width: Width = 32
    rate: Annotated[float, Field(gt=0, le=1)] = 0.005


class RewardPredictionConfig(Section):
    """Whether the reward that follows three frames is zero, positive or negative.

    Args:
        weight: of the cross-entropy. hidden: units.
    """

    weight: Weight = 1.0
    hidden: Width = 128


class InputReconstructionConfig(Section):
    """The picture that is seen, from what the network makes of it.

    Args:
        weight: of the squared error, summed over pixels and steps.
    """

    weight: Weight = 0.001


class InputChangeConfig(CellsConfig):
    """How much each cell of the picture will change by the action.

    Args:
        weight: of the squared error, summed over cells and steps.
        width: maps that are turned into changes.
    """

    weight: Weight = 0.05
    width: Width = 32


def reward_parameters(encoded: int, settings: RewardPredictionConfig) -> int:
    """Trained parameters of the prediction of rewards."""
    return perceptron_parameters(FRAMES * encoded, settings.hidden, len(CLASSES))


def perceptron_parameters(inputs: int, hidden: int, outputs: int) -> int:
    """Trained parameters of a `Perceptron`."""
    return (inputs + 1) * hidden + (hidden + 1) * outputs


def base(side: int) -> tuple[int, int, int]:
    """Base, kernel and stride of a transposed convolution that makes a side of this length: of
    stride 2 and, as in UNREAL, kernel 4 for even sides; `(base - 1) * stride + kernel = side`."""
    if side < 3:
        return side, 1, 1
    kernel = 4 if side % 2 == 0 else 3
    return (side - kernel) // 2 + 1, kernel, 2


def map_parameters(features: int, grid: tuple[int, int], width: int, maps: int) -> int:
    """Trained parameters of `MapValues` with so many maps in all."""
    (rows, high, _), (columns, wide, _) = (base(side) for side in grid)
    units = rows * columns * width
    return (features + 1) * units + (high * wide * width + 1) * maps
