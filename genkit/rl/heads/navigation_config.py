"""Sections of recipes that set the heads of an agent that navigates (Mirowski et al., 2017,
arXiv:1611.03673), and how many parameters they train. Light: no Keras, no NumPy.

Weights are of sums over steps, in the mean over environments and, of depth, over cells.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from genkit.recipe.schema import PositiveFloat, Section
from genkit.rl.heads.config import Weight, Width, perceptron_parameters

Side = Annotated[int, Field(ge=1, le=64)]


class DepthConfig(Section):
    """A coarse map of depth, from what the encoder makes of a frame.

    Args:
        weight: of the loss, the paper's beta. form: `classes`, each cell's depth is one of some
            bins, or `regression`, it is a number.
        classes: bins. rows, columns: of cells. hidden: units.
    """

    weight: Weight = 10.0
    form: Literal["classes", "regression"] = "classes"
    classes: Annotated[int, Field(ge=2, le=256)] = 8
    rows: Side = 4
    columns: Side = 16
    hidden: Width = 128

    @property
    def outputs(self) -> int:
        """Numbers that are computed for each cell."""
        return self.classes if self.form == "classes" else 1


class LaterDepthConfig(DepthConfig):
    """The same from what policy and value are computed from; its weight is another one."""

    weight: Weight = 3.33


class LoopConfig(Section):
    """Whether the agent has been here before.

    Args:
        weight: of the cross-entropy. hidden: units.
        near: how close places lie that count as one; far: how far away one was in between. In units
            of length of the environment, cells in mazes.
        source: of places. `position` is exact. `velocity` is the paper's: it is summed up, and
            begins anew where the agent is put somewhere else.
    """

    weight: Weight = 1.0
    hidden: Width = 128
    near: PositiveFloat = 1.0
    far: PositiveFloat = 2.0
    source: Literal["position", "velocity"] = "position"

    @model_validator(mode="after")
    def _consistent(self) -> LoopConfig:
        if self.far < self.near:
            raise ValueError(f"far ({self.far}) must not be less than near ({self.near})")
        return self


class PositionConfig(Section):
    """In which room the agent is; nothing but this head learns from it.

    Args:
        weight: of the cross-entropy.
    """

    weight: Weight = 1.0


def depth_parameters(width: int, settings: DepthConfig) -> int:
    """Trained parameters of the prediction of depth from so many numbers."""
    outputs = settings.rows * settings.columns * settings.outputs
    return perceptron_parameters(width, settings.hidden, outputs)


def loop_parameters(width: int, settings: LoopConfig) -> int:
    """Trained parameters of loop closure from so many numbers."""
    return perceptron_parameters(width, settings.hidden, 1)


def position_parameters(width: int, rooms: int) -> int:
    """Trained parameters of the decoder of the position from so many numbers."""
    return (width + 1) * rooms
