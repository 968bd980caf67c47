"""Recipes: YAML files checked by a schema, and studies over them.

Light: no Keras. What is named here is imported when it is first used, since `genkit list` needs
the catalogue only.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from genkit.recipe import catalogue as catalogue
    from genkit.recipe.dumping import dump as dump
    from genkit.recipe.loading import from_mapping as from_mapping
    from genkit.recipe.loading import load as load
    from genkit.recipe.loading import load_recipe as load_recipe
    from genkit.recipe.schema import Recipe as Recipe
    from genkit.recipe.signing import signature as signature
    from genkit.recipe.study import Cell as Cell
    from genkit.recipe.study import Study as Study
    from genkit.recipe.study import StudyInput as StudyInput

_HOMES = {
    "load": "loading",
    "load_recipe": "loading",
    "from_mapping": "loading",
    "dump": "dumping",
    "signature": "signing",
    "Recipe": "schema",
    "Study": "study",
    "Cell": "study",
    "StudyInput": "study",
}

__all__ = [
    "Cell",
    "Recipe",
    "Study",
    "StudyInput",
    "catalogue",
    "dump",
    "from_mapping",
    "load",
    "load_recipe",
    "signature",
]


def __getattr__(name: str) -> Any:
    if name == "catalogue":
        return importlib.import_module("genkit.recipe.catalogue")
    if name in _HOMES:
        return getattr(importlib.import_module(f"genkit.recipe.{_HOMES[name]}"), name)
    raise AttributeError(f"module 'genkit.recipe' has no attribute '{name}'")
