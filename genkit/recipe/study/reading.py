"""The documents of the recipes that a study names."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from genkit.errors import GenkitError, Problem, RecipeError
from genkit.recipe import catalogue, loading, yaml_reader
from genkit.recipe.merging import from_settings, merge
from genkit.recipe.yaml_reader import Document, Location, Path_


def read_recipe(
    document: Document, path: Path_, file: Path
) -> tuple[Document | None, list[Problem]]:
    """The document of a recipe, with all it extends and its name, and what is wrong with it.

    Args:
        document: of the study.
        path: in `document`, of the recipe's name or path.
        file: of the study.
    """
    reference: Any = document.values
    for part in path:
        reference = reference.get(part) if isinstance(reference, dict) else None
    source = yaml_reader.shown(file)
    if not isinstance(reference, str):
        return None, []  # told by the schema
    try:
        found = catalogue.locate(reference, file.parent)
        recipe = yaml_reader.read(found)
        if recipe.values.get("kind") == "study":
            message = f"'{reference}' is a study, not a recipe"
            return None, [document.problem(message, path, source)]
        base = loading.chain(recipe, found)
    except RecipeError as error:
        return None, list(error.problems) or [document.problem(error.message, path, source)]
    except GenkitError as error:
        return None, [document.problem(error.message, path, source)]
    if not base.values.get("name"):
        base = merge(base, from_settings([("name", loading.name_of(found), Location())]))
    return base, []


def overlap(one: str, other: str) -> bool:
    """Whether two dotted names are the same, or one lies within the other."""
    return one == other or one.startswith(f"{other}.") or other.startswith(f"{one}.")
