"""The document of a study, section by section."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, field_validator, model_validator

from genkit.recipe.explain import show
from genkit.recipe.schema import PositiveInt, Section, Seed


class RangeConfig(Section):
    """What one value is drawn from: an interval, or `choices`.

    Args:
        low, high: the ends; both are drawn for whole numbers.
        scale: `log` draws the logarithm evenly.
        integer: draw whole numbers.
        choices: draw one of these instead.
    """

    low: float | None = None
    high: float | None = None
    scale: Literal["linear", "log"] = "linear"
    integer: bool = False
    choices: Annotated[list[Any], Field(min_length=1)] | None = None

    @model_validator(mode="after")
    def _either(self) -> RangeConfig:
        if self.choices is not None:
            if self.low is not None or self.high is not None:
                raise ValueError("give choices, or low and high, not both")
            return self
        if self.low is None or self.high is None:
            raise ValueError("needs low and high, or choices")
        if self.low >= self.high:
            raise ValueError(f"low ({self.low:g}) must be less than high ({self.high:g})")
        if self.scale == "log" and self.low <= 0:
            raise ValueError(f"a log scale needs low above 0. Received: {self.low:g}")
        if self.integer and (self.low % 1 or self.high % 1):
            raise ValueError("low and high must be whole numbers where integer is true")
        return self


class RandomConfig(Section):
    """`samples` draws of every range; draw i is a function of (seed, name, i)."""

    samples: PositiveInt
    seed: Seed = 0
    ranges: Annotated[dict[str, RangeConfig], Field(min_length=1)]


class SuccessConfig(Section):
    """When a cell counts as a success."""

    at_most: float | None = None
    at_least: float | None = None

    @model_validator(mode="after")
    def _one(self) -> SuccessConfig:
        if (self.at_most is None) == (self.at_least is None):
            raise ValueError("give either at_most or at_least")
        return self

    def reached(self, value: float) -> bool:
        """Whether a cell that measured `value` is a success; a value that is no number is none."""
        if self.at_most is not None:
            return value <= self.at_most
        return self.at_least is not None and value >= self.at_least


class KeepConfig(Section):
    """Which run of a row is kept: the one with the best `metric`, such as a likelihood, which
    needs no labels."""

    metric: str
    mode: Literal["min", "max"] = "min"


class InputConfig(Section):
    """A run that cells depend on and that the study trains.

    Args:
        recipe: name or path (relative to the study) of its recipe.
        share: dotted names of sections or values that it takes from the recipe of each cell.
        overrides: dotted name -> value, for its recipe.
    """

    recipe: str
    share: list[str] = Field(default_factory=list)
    overrides: dict[str, Any] = Field(default_factory=dict)


class StudyConfig(Section):
    """The document of a study.

    Args:
        recipe: name or path (relative to the study) of the recipe.
        overrides: dotted name -> value, for all cells.
        inputs: name among the recipe's `inputs` -> the run that the study trains for it.
        seeds: of training; empty for the recipe's own.
        grid: dotted name -> values; all combinations are run.
        random: values drawn at random; each draw meets each combination of the grid.
        average: names of the grid whose values share a row of the table, as seeds do.
        metric, mode, split: what the table compares, and which way is better.
        also: further metrics of the table.
        success: when a cell counts as a success.
        keep: which run of a row one would go on with; None for no such column.
        curve: a figure of training that is drawn over its steps; empty for none.
        top: a mean curve is of so many of the best draws, or runs where nothing is drawn, of a
            point of the grid; null for all.
        reference: dotted name of the grid -> value, of the row whose best the others are to
            reach; empty for none.
    """

    kind: Literal["study"] = "study"
    name: str = ""
    description: str = ""
    recipe: str
    overrides: dict[str, Any] = Field(default_factory=dict)
    inputs: dict[str, InputConfig] = Field(default_factory=dict)
    seeds: list[Seed] = Field(default_factory=list)
    grid: dict[str, Annotated[list[Any], Field(min_length=1)]] = Field(default_factory=dict)
    random: RandomConfig | None = None
    average: list[str] = Field(default_factory=list)
    metric: str
    mode: Literal["min", "max"] = "min"
    split: str = "test"
    also: list[str] = Field(default_factory=list)
    success: SuccessConfig | None = None
    keep: KeepConfig | None = None
    curve: str = ""
    top: PositiveInt | None = None
    reference: dict[str, Any] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _distinct(self) -> StudyConfig:
        if len(set(self.seeds)) != len(self.seeds):
            raise ValueError(f"seeds must differ. Received: {show(self.seeds)}")
        return self

    @field_validator("average", "also")
    @classmethod
    def _named_once(cls, names: list[str]) -> list[str]:
        if len(set(names)) != len(names):
            raise ValueError(f"names something twice. Received: {show(names)}")
        return names
