"""What a checked study is made of: cells, and runs that cells depend on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from genkit.recipe.schema import Recipe
from genkit.recipe.study.schema import KeepConfig, StudyConfig, SuccessConfig


@dataclass(frozen=True)
class StudyInput:
    """A run that cells depend on and that the study trains.

    Args:
        name: among the `inputs` of the cells' recipe.
        path: of its run within the study's folder, such as `inputs/embedding/fold=0-1a2b3c4d`:
            what of the cells it depends on, and a digest of all that decides its weights. Cells
            that share the same values have the same one.
        recipe: resolved.
        share: dotted names of what comes from the cells.
    """

    name: str
    path: str
    recipe: Recipe
    share: tuple[str, ...] = ()


@dataclass(frozen=True)
class Cell:
    """One run of a study.

    Args:
        name: such as `learning_rate=0.001,seed=0`: stable, and fit for a folder.
        overrides: what this cell sets, dotted name -> value.
        seed: seed of training.
        recipe: resolved. Inputs that the study trains are named by their `path`, for which
            `genkit.study.cell_recipe` puts the run itself.
        inputs: name -> run that the study trains for this cell.
    """

    name: str
    overrides: Mapping[str, Any]
    seed: int
    recipe: Recipe
    inputs: Mapping[str, StudyInput] = field(default_factory=dict)


@dataclass(frozen=True)
class Study:
    """A checked study; `config` is what it says, defaults filled in."""

    name: str
    config: StudyConfig
    _cells: tuple[Cell, ...] = field(repr=False)

    @property
    def description(self) -> str:
        return " ".join(self.config.description.split())

    @property
    def recipe(self) -> str:
        return self.config.recipe

    @property
    def average(self) -> list[str]:
        return self.config.average

    @property
    def metric(self) -> str:
        return self.config.metric

    @property
    def also(self) -> list[str]:
        return self.config.also

    @property
    def mode(self) -> Literal["min", "max"]:
        return self.config.mode

    @property
    def split(self) -> str:
        return self.config.split

    @property
    def curve(self) -> str:
        return self.config.curve

    @property
    def reference(self) -> dict[str, Any]:
        return self.config.reference

    @property
    def success(self) -> SuccessConfig | None:
        return self.config.success

    @property
    def keep(self) -> KeepConfig | None:
        return self.config.keep

    def metrics(self) -> list[str]:
        """What the evaluation of every cell has to measure, each once."""
        kept = [self.keep.metric] if self.keep is not None else []
        return list(dict.fromkeys([self.metric, *self.also, *kept]))

    def cells(self) -> list[Cell]:
        """All runs, in order: the grid's first name slowest, seeds fastest."""
        return list(self._cells)

    def inputs(self) -> list[StudyInput]:
        """The runs that cells depend on, each once, in the order in which cells need them."""
        found = {item.path: item for cell in self._cells for item in cell.inputs.values()}
        return list(found.values())

    def as_dict(self) -> dict[str, Any]:
        """Plain values, defaults filled in."""
        return {**self.config.model_dump(mode="json"), "name": self.name}
