"""From a merged document to a checked Recipe, with every problem at once."""

from __future__ import annotations

import json
import re
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from genkit import registry
from genkit.errors import GenkitError, Problem, RecipeError
from genkit.recipe.explain import dotted_names, explain, show, unknown_key
from genkit.recipe.schema import EvalConfig, Recipe, SampleConfig, TrainConfig
from genkit.recipe.yaml_reader import Document

SHARED: dict[str, type[BaseModel]] = {
    "train": TrainConfig,
    "sample": SampleConfig,
    "eval": EvalConfig,
}
KEYS = ("kind", "name", "description", "family", "extends", "inputs", "model", "data", *SHARED)
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*(/[A-Za-z0-9_][A-Za-z0-9_.-]*)*")

Model = TypeVar("Model", bound=BaseModel)


def check(document: Document, name: str, source: str) -> Recipe:
    """The recipe in a merged document.

    Args:
        document: all layers merged.
        name: the recipe's name, unless the document says one.
        source: named where a value has no location, such as a missing key.

    Raises:
        RecipeError: with every problem.
    """
    checker = _Checker(document, source)
    recipe = checker.recipe(name)
    if recipe is None:
        raise refused(source, checker.problems)
    return recipe


def refused(source: str, problems: list[Problem]) -> RecipeError:
    """The error that holds `problems`, each once."""
    found = list(dict.fromkeys(problems))
    count = "1 problem" if len(found) == 1 else f"{len(found)} problems"
    return RecipeError(f"{source}: {count}", found)


def validate(
    model: type[Model], document: Document, section: tuple[str, ...], source: str
) -> tuple[Model | None, list[Problem]]:
    """One section as an instance of its class, or its problems.

    Goes through JSON, in which pydantic's strict mode takes a list for a tuple.
    """
    values: Any = document.values
    for part in section:
        values = values.get(part) if isinstance(values, dict) else None
    values = {} if values is None else values
    if not isinstance(values, dict):
        text = f"must be a mapping (key: value). Received: {show(values)}"
        return None, [document.problem(text, section, source)]
    try:
        return model.model_validate_json(json.dumps(values)), []
    except ValidationError as error:
        return None, explain(error, document, section, model, source)


class _Checker:
    def __init__(self, document: Document, source: str) -> None:
        self.document = document
        self.values: dict[str, Any] = document.values
        self.source = source
        self.problems: list[Problem] = list(document.problems)

    def recipe(self, name: str) -> Recipe | None:
        self._text("name", "description", "family", "kind")
        name = self._name(name)
        sections = {key: self._section(key, model) for key, model in SHARED.items()}
        classes = {"model": self._model_class(), "data": self._data_class()}
        for key, found in classes.items():
            sections[key] = self._section(key, found) if found else None
        inputs = self._inputs()
        self._unknown_keys({**SHARED, **{k: c for k, c in classes.items() if c}})
        if self.problems:
            return None
        recipe = Recipe(
            name=name,
            family=self.values["family"],
            description=" ".join((self.values.get("description") or "").split()),
            inputs=inputs,
            **sections,  # type: ignore[arg-type]  # each of its own class, checked above
        )
        self._conflicts(recipe)
        return None if self.problems else recipe

    def _problem(self, message: str, *path: str) -> None:
        self.problems.append(self.document.problem(message, path, self.source))

    def _text(self, *keys: str) -> None:
        for key in keys:
            value = self.values.get(key)
            if value is not None and not isinstance(value, str):
                self._problem(f"must be text. Received: {show(value)}", key)

    def _name(self, default: str) -> str:
        name = self.values.get("name") or default
        if isinstance(name, str) and not _NAME.fullmatch(name):
            self._problem(
                "a name is made of letters, digits, '_', '-', '.' and single '/' between them. "
                f"Received: {show(name)}",
                "name",
            )
        return str(name)

    def _section(self, key: str, model: type[BaseModel]) -> BaseModel | None:
        found, problems = validate(model, self.document, (key,), self.source)
        self.problems += problems
        return found

    def _model_class(self) -> type[BaseModel] | None:
        family = self.values.get("family")
        if family is None:
            self._problem(f"is missing. Allowed: {', '.join(registry.families.names())}.", "family")
        if not isinstance(family, str):
            return None
        try:
            return _section_class(registry.families.get(family).config)
        except GenkitError as error:
            self._problem(error.message, "family")
            return None

    def _data_class(self) -> type[BaseModel] | None:
        data = self.values.get("data")
        if data is not None and not isinstance(data, dict):
            self._problem(f"must be a mapping (key: value). Received: {show(data)}", "data")
            return None
        name = (data or {}).get("name")
        known = self._data_registry()
        if name is None:
            self._problem(f"is missing. Allowed: {', '.join(known.names())}.", "data", "name")
            return None
        if not isinstance(name, str):
            self._problem(f"must be text. Received: {show(name)}", "data", "name")
            return None
        try:
            return _section_class(known.get(name).config)
        except GenkitError as error:
            self._problem(error.message, "data", "name")
            return None

    def _data_registry(self) -> Any:
        """Where the family's data is from: data sets, or environments."""
        family = self.values.get("family")
        if isinstance(family, str) and family in registry.families.names():
            return registry.sources(family)
        return registry.datasets

    def _inputs(self) -> dict[str, str]:
        inputs = self.values.get("inputs") or {}
        if isinstance(inputs, dict):  # null takes an input of a parent back
            inputs = {key: value for key, value in inputs.items() if value is not None}
        if not isinstance(inputs, dict):
            self._problem(
                f"must be a mapping (name: run or recipe). Received: {show(inputs)}", "inputs"
            )
            return {}
        for key, value in inputs.items():
            if not isinstance(value, str) or not value:
                self._problem(
                    f"must name a run or a recipe. Received: {show(value)}", "inputs", key
                )
        return inputs

    def _unknown_keys(self, classes: dict[str, type[BaseModel]]) -> None:
        elsewhere = [n for key, model in classes.items() for n in dotted_names(model, f"{key}.")]
        for key in self.values:
            if key not in KEYS:
                self._problem(unknown_key(key, KEYS, elsewhere), key)

    def _conflicts(self, recipe: Recipe) -> None:
        for section in (recipe.model, recipe.data):
            for key, message in section.conflicts(recipe):
                self._problem(message, *key.split("."))


def _section_class(target: str) -> type[BaseModel]:
    found: type[BaseModel] = registry.resolve(target)
    return found
