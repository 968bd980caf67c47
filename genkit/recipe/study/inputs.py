"""The runs that cells depend on: their recipes, checked with the values of each cell."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from genkit.errors import Problem, RecipeError, unknown
from genkit.recipe.checking import check
from genkit.recipe.explain import unknown_key
from genkit.recipe.merging import from_settings, merge
from genkit.recipe.schema import Recipe
from genkit.recipe.signing import signed_values
from genkit.recipe.study.drawing import Settings
from genkit.recipe.study.naming import input_path
from genkit.recipe.study.parts import StudyInput
from genkit.recipe.study.reading import overlap, read_recipe
from genkit.recipe.study.schema import InputConfig
from genkit.recipe.yaml_reader import Document, Location, Path_, shown

SECTIONS = ("data", "eval", "model", "sample", "train")  # what can be shared


class CellInputs:
    """Makes the inputs of cells, and collects what is wrong with them.

    Args:
        document: of the study, its overrides flat.
        file: where it was read.
        configs: the study's `inputs`; without them the recipes are read only, for their problems.
    """

    def __init__(
        self, document: Document, file: Path, configs: Mapping[str, InputConfig] | None
    ) -> None:
        self.document = document
        self.source = shown(file)
        self.configs = configs or {}
        self.problems: list[Problem] = []
        self.recipes: dict[str, Document] = {}
        self._made: dict[str, StudyInput | None] = {}
        self._read(file)

    def _read(self, file: Path) -> None:
        inputs = self.document.values.get("inputs")
        for name in inputs if isinstance(inputs, dict) else ():
            recipe, problems = read_recipe(self.document, ("inputs", name, "recipe"), file)
            self.problems += problems
            if recipe is not None:
                self.recipes[name] = recipe

    def named(self, recipe: Document, paths: Mapping[str, str]) -> Document:
        """The recipe of a cell whose inputs name the runs at `paths`.

        An input that the recipe lacks is not added: its family decides what it depends on.
        """
        inputs = recipe.values.get("inputs")
        known = [name for name in paths if isinstance(inputs, dict) and name in inputs]
        values = {name: paths[name] for name in known}
        places: dict[Path_, Location] = {("inputs", name): self._at(name) for name in known}
        return merge(recipe, Document({"inputs": values} if values else {}, places))

    def pending(self, recipe: Document) -> Document:
        """The recipe of a cell before its inputs are known: they name nothing that is there."""
        return self.named(recipe, {name: f"inputs/{name}" for name in self.configs})

    def of(self, recipe: Recipe, varied: Sequence[str]) -> dict[str, StudyInput]:
        """The inputs of a cell; those with problems are left out.

        Args:
            recipe: of the cell, resolved.
            varied: dotted names in which cells differ.
        """
        values = recipe.as_dict()
        found = {}
        for name, config in self.configs.items():
            if name not in recipe.inputs:
                says = unknown("input", name, recipe.inputs)
                self._problem(f"{says} These are the inputs of recipe '{recipe.name}'.", name)
                continue
            shared = self._shared(name, config, values)
            item = None if shared is None else self._input(name, shared, values, varied)
            if item is not None:
                found[name] = item
        return found

    def alone(self) -> None:
        """Checks what can be checked where no cell is valid: all but shared values."""
        for name, config in self.configs.items():
            if name in self.recipes:
                try:
                    check(self._document(name, {}), "recipe", self.source)
                except RecipeError as error:
                    self.problems += [
                        problem
                        for problem in error.problems
                        if not any(overlap(problem.key, key) for key in config.share)
                    ]

    def _shared(
        self, name: str, config: InputConfig, values: dict[str, Any]
    ) -> dict[str, Any] | None:
        """Dotted name -> value of the cell, or None where one does not exist."""
        shared = {}
        for number, key in enumerate(config.share):
            missing = _missing(values, key)
            if missing:
                self._problem(missing, name, "share", str(number))
            else:
                shared[key] = _value(values, key)
        return shared if len(shared) == len(config.share) else None

    def _input(
        self, name: str, shared: dict[str, Any], values: dict[str, Any], varied: Sequence[str]
    ) -> StudyInput | None:
        """The input with these values, made once."""
        key = json.dumps([name, shared], sort_keys=True)
        if key not in self._made:
            self._made[key] = self._make(name, shared, values, varied)
        return self._made[key]

    def _make(
        self, name: str, shared: dict[str, Any], values: dict[str, Any], varied: Sequence[str]
    ) -> StudyInput | None:
        if name not in self.recipes:
            return None
        try:
            recipe = check(self._document(name, shared), "recipe", self.source)
        except RecipeError as error:
            self.problems += error.problems
            return None
        words = {key: _value(values, key) for key in _distinguishing(list(shared), varied)}
        path = input_path(name, words, identity(recipe))
        return StudyInput(name, path, recipe, tuple(shared))

    def _document(self, name: str, shared: dict[str, Any]) -> Document:
        """The input's recipe with the values of a cell in their place, and its overrides."""
        settings: Settings = [
            (key, value, self._at(name, "share", str(number)))
            for number, (key, value) in enumerate(shared.items())
        ]
        settings += [
            (key, value, self._at(name, "overrides", key))
            for key, value in self.configs[name].overrides.items()
        ]
        recipe = self.recipes[name]
        for key in shared:
            recipe = Document(_without(recipe.values, key), recipe.locations, recipe.problems)
        return merge(recipe, from_settings(settings))

    def _at(self, name: str, *path: str) -> Location:
        return self.document.locate(("inputs", name, *path), self.source)

    def _problem(self, message: str, name: str, *path: str) -> None:
        found = self.document.problem(message, ("inputs", name, *path), self.source)
        self.problems.append(found)


def identity(recipe: Recipe) -> dict[str, Any]:
    """What decides the weights of an input that is trained to its end: plain values.

    Its steps are among them, unlike in a signature: cells are trained with what is there after
    the last one.
    """
    values = signed_values(recipe)
    values["train"]["steps"] = recipe.train.steps
    return values


def _distinguishing(share: Sequence[str], varied: Sequence[str]) -> list[str]:
    """Dotted names of what cells vary and share."""
    found = []
    for key in varied:
        for name in share:
            if overlap(key, name):
                found.append(max(key, name, key=len))
    return list(dict.fromkeys(found))


def _missing(values: dict[str, Any], key: str) -> str:
    """What is wrong with a dotted name of a resolved recipe; empty where it exists."""
    section, *parts = key.split(".")
    if section not in SECTIONS:
        return unknown("section", section, SECTIONS)
    inner = values[section]
    for part in parts:
        if not isinstance(inner, dict) or part not in inner:
            return unknown_key(part, inner if isinstance(inner, dict) else ())
        inner = inner[part]
    return ""


def _value(values: Any, key: str) -> Any:
    for part in key.split("."):
        values = values[part]
    return values


def _without(values: dict[str, Any], key: str) -> dict[str, Any]:
    """A copy of `values` without the value at a dotted name."""
    first, _, rest = key.partition(".")
    if not rest:
        return {name: value for name, value in values.items() if name != first}
    inner = values.get(first)
    return {**values, first: _without(inner, rest)} if isinstance(inner, dict) else values
