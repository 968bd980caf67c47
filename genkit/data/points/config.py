"""The `data` section of toy problems. Light: no Keras."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from genkit.recipe.schema import DataConfig, PositiveInt, Seed

Base = Literal["regression", "separable", "overlapping", "xor", "random"]


class ToysConfig(DataConfig):
    """Points of a normal distribution, and a vector of targets for each.

    `regression`: a linear map of the point and noise. The others have two classes, told as
    (1, 0) and (0, 1): `separable` by a plane with a gap, `overlapping` around two centres,
    `xor` by the signs of the first two coordinates, which no plane parts, `random` by chance.

    Args:
        base: which problem.
        dimensions: of a point.
        noise: deviation of the noise on targets of `regression`.
        count: points of each split.
        made_by: seed of the problem and its points.
    """

    name: Literal["toys"] = "toys"
    base: Base = "overlapping"
    dimensions: Annotated[int, Field(ge=2, le=1000)] = 2
    noise: Annotated[float, Field(ge=0, le=10)] = 0.1
    count: PositiveInt = 400
    made_by: Seed = 0

    def point_shape(self) -> tuple[int]:
        """(dimensions,)."""
        return (self.dimensions,)

    def target_count(self) -> int:
        """Width of a target."""
        return 2

    def class_count(self) -> int | None:
        """Classes, or None where targets are numbers."""
        return None if self.base == "regression" else 2
