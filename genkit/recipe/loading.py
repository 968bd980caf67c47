"""Loads recipes and studies by reference: files, shipped recipes, `extends`, options."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from genkit.errors import GenkitError, RecipeError, UsageError, unknown
from genkit.recipe import catalogue, yaml_reader
from genkit.recipe.checking import check, refused
from genkit.recipe.merging import from_options, from_settings, merge
from genkit.recipe.schema import Recipe
from genkit.recipe.yaml_reader import Document, Location

if TYPE_CHECKING:
    from genkit.recipe.study import Study

LONGEST_CHAIN = 20
_OWN = ("name", "description", "extends", "kind")  # say something about one file, not its heirs


def load(
    reference: str,
    overrides: Sequence[str] = (),
    seed: int | None = None,
    steps: int | None = None,
) -> Recipe | Study:
    """Loads and checks a recipe, or a study with the recipes of all its cells.

    Args:
        reference: a path, or the name of a shipped recipe.
        overrides: `key=value` with dotted names; later ones win.
        seed, steps: set `train.seed` (for a study: its seeds) and `train.steps`; they win over
            `overrides`.

    Raises:
        UsageError: for an unknown reference.
        RecipeError: with every problem of all files and options at once.
    """
    file = catalogue.locate(reference)
    document = yaml_reader.read(file)
    options = _options(overrides, steps)
    if document.values.get("kind") == "study":
        from genkit.recipe import study

        return study.build(document, file, options, seed)
    options = merge(options, from_settings(_seed(seed)))
    return check(merge(chain(document, file), options), name_of(file), yaml_reader.shown(file))


def load_recipe(
    reference: str,
    overrides: Sequence[str] = (),
    seed: int | None = None,
    steps: int | None = None,
) -> Recipe:
    """As `load`, for where a study is of no use.

    Raises:
        UsageError: for a study.
    """
    found = load(reference, overrides, seed, steps)
    if not isinstance(found, Recipe):
        raise UsageError(
            f"'{reference}' is a study of many runs; name one recipe, such as '{found.recipe}'."
        )
    return found


def from_mapping(mapping: Mapping[str, Any], name: str) -> Recipe:
    """A recipe from plain values, checked as a file is; `name` stands where it says none.

    Raises:
        RecipeError: with every problem.
    """
    try:
        values = json.loads(json.dumps(mapping))
    except (TypeError, ValueError) as error:
        raise RecipeError(f"{name}: a recipe holds plain values only: {error}") from error
    if not isinstance(values, dict):
        raise RecipeError(f"{name}: a recipe must be a mapping")
    document = Document(values)
    if "extends" in values:
        document = chain(document, Path.cwd() / "mapping")
    return check(document, name, name)


def chain(document: Document, file: Path) -> Document:
    """The document laid over all it extends.

    Raises:
        RecipeError: when something it extends cannot be found or read, or extends itself.
    """
    layers, files = [document], [file]
    while (extended := layers[-1].values.get("extends")) is not None:
        parent = _parent(layers[-1], extended, files)
        layers.append(yaml_reader.read(parent))
        files.append(parent)
        kind = layers[-1].values.get("kind")
        if kind not in (None, "recipe"):
            raise _extends_error(layers[-2], f"'{extended}' is a {kind}, not a recipe", files[-2])
    result = Document({})
    for layer in reversed(layers):
        _check_kind(layer)
        result = merge(result, layer if layer is document else _inherited(layer))
    return Document(
        {k: v for k, v in result.values.items() if k not in ("extends", "kind")},
        result.locations,
        result.problems,
    )


def name_of(file: Path) -> str:
    """The name of the recipe in a file that says none: the shipped name, or the file's."""
    shipped = catalogue.name_of(file)
    return shipped or re.sub(r"[^A-Za-z0-9_-]+", "-", file.stem).strip("-") or "recipe"


def _parent(layer: Document, extended: Any, files: list[Path]) -> Path:
    here = files[-1]
    if not isinstance(extended, str):
        raise _extends_error(layer, f"must name a recipe. Received: {extended!r}", here)
    try:
        parent = catalogue.locate(extended, here.parent)
    except GenkitError as error:
        raise _extends_error(layer, error.message, here) from error
    known = [file.resolve() for file in files]
    if parent.resolve() in known:
        loop = [*files[known.index(parent.resolve()) :], parent]
        text = " -> ".join(name_of(file) for file in loop)
        raise _extends_error(layer, f"a recipe cannot extend itself: {text}", here)
    if len(files) > LONGEST_CHAIN:
        raise _extends_error(layer, f"more than {LONGEST_CHAIN} recipes extend each other", here)
    return parent


def _extends_error(layer: Document, message: str, file: Path) -> RecipeError:
    source = yaml_reader.shown(file)
    problem = layer.problem(message, ("extends",), source)
    return refused(source, [*layer.problems, problem])


def _check_kind(layer: Document) -> None:
    kind = layer.values.get("kind")
    if kind not in (None, "recipe"):
        layer.problems.append(
            layer.problem(unknown("kind", str(kind), ("recipe", "study")), ("kind",))
        )


def _inherited(layer: Document) -> Document:
    values = {key: value for key, value in layer.values.items() if key not in _OWN}
    places = {path: at for path, at in layer.locations.items() if path[0] not in _OWN}
    return Document(values, places, layer.problems)


def _options(overrides: Sequence[str], steps: int | None) -> Document:
    options = from_options(overrides)
    for key in ("extends", "kind"):
        if key in options.values:
            options.problems.append(
                options.problem(
                    f"'{key}' cannot be set by an option; write a recipe that extends another",
                    (key,),
                )
            )
            del options.values[key]
    if steps is None:
        return options
    return merge(options, from_settings([("train.steps", steps, Location(f"--steps {steps}"))]))


def _seed(seed: int | None) -> list[tuple[str, Any, Location]]:
    return [] if seed is None else [("train.seed", seed, Location(f"--seed {seed}"))]
