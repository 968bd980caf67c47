"""A study: many runs of one recipe, over seeds, a grid and random draws."""

from genkit.recipe.study.building import build
from genkit.recipe.study.drawing import draw
from genkit.recipe.study.parts import Cell, Study, StudyInput
from genkit.recipe.study.schema import InputConfig, RangeConfig, StudyConfig, SuccessConfig

__all__ = [
    "Cell",
    "InputConfig",
    "RangeConfig",
    "Study",
    "StudyConfig",
    "StudyInput",
    "SuccessConfig",
    "build",
    "draw",
]
