"""Options of the command line: what of them is the study's, and dotted names made flat."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from genkit.recipe.checking import KEYS
from genkit.recipe.study.schema import StudyConfig
from genkit.recipe.yaml_reader import Document, Location, Path_


def split(options: Document) -> tuple[Document, Document]:
    """Options for the study itself, and for the recipe of its cells.

    Both have `inputs`: text there names a run, as in a recipe; anything else says how the study
    trains one.
    """
    own: dict[str, Any] = {}
    shared: dict[str, Any] = {}
    for key, value in options.values.items():
        if key == "inputs" and isinstance(value, dict):
            for name, inner in value.items():
                (shared if isinstance(inner, str) else own).setdefault(key, {})[name] = inner
        else:
            (shared if key in KEYS and key not in StudyConfig.model_fields else own)[key] = value
    return (
        Document(own, _locations(own, options)),
        Document(shared, _locations(shared, options), list(options.problems)),
    )


def _locations(values: dict[str, Any], options: Document) -> dict[Path_, Location]:
    """The locations of those options that are among `values`."""
    inputs = values.get("inputs")

    def here(path: Path_) -> bool:
        if path[0] == "inputs" and isinstance(inputs, dict) and len(path) > 1:
            return path[1] in inputs
        return path[0] in values

    return {path: at for path, at in options.locations.items() if here(path)}


def flattened(document: Document) -> Document:
    """`grid: {train: {steps: [1, 2]}}`, which `-o grid.train.steps=[1,2]` makes, with dots; and
    likewise the reference and the overrides of each input."""
    document = _flat(document, ("grid",))
    grid = document.values.get("grid")  # whose values may be mappings themselves
    document = _flat(document, ("reference",), grid if isinstance(grid, dict) else ())
    inputs = document.values.get("inputs")
    for name in inputs if isinstance(inputs, dict) else ():
        document = _flat(document, ("inputs", name, "overrides"))
    return document


def _flat(document: Document, section: Path_, whole: Collection[str] = ()) -> Document:
    """The mappings within a section as one, with dotted names; the last of two alike counts.

    Args:
        whole: dotted names whose values are left as they are.
    """
    nested, depth = _at(document.values, section), len(section)
    if not isinstance(nested, dict):
        return document
    flat: dict[str, Any] = {}
    places = {
        path: at
        for path, at in document.locations.items()
        if path == section or path[:depth] != section
    }

    def visit(values: dict[str, Any], path: Path_) -> None:
        for key, value in values.items():
            here = (*path, key)
            dotted = ".".join(here[depth:])
            if isinstance(value, dict) and dotted not in whole:
                visit(value, here)
                continue
            flat[dotted] = value
            for place, at in document.locations.items():
                if place[: len(here)] == here:
                    places[(*section, dotted, *place[len(here) :])] = at

    visit(nested, section)
    return Document(_put(document.values, section, flat), places, document.problems)


def _at(values: Any, path: Path_) -> Any:
    for part in path:
        values = values.get(part) if isinstance(values, dict) else None
    return values


def _put(values: dict[str, Any], path: Path_, value: Any) -> dict[str, Any]:
    """A copy of `values` with another value at `path`, whose mappings are all there."""
    key, *rest = path
    return {**values, key: _put(values[key], tuple(rest), value) if rest else value}
