"""Lays recipe documents over each other: parents, the file itself, then options."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from genkit.errors import Problem, RecipeError
from genkit.recipe import yaml_reader
from genkit.recipe.yaml_reader import Document, Location, Path_

_KEY = re.compile(r"[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*")


def merge(below: Document, above: Document) -> Document:
    """Deep merge of mappings; anything else is replaced by what lies above.

    A `model` section is not merged into that of another family, nor a `data` section into that
    of another data set: their keys mean nothing there.
    """
    values, places = below.values, dict(below.locations)
    for section in _replaced(below.values, above.values):
        values = {key: value for key, value in values.items() if key != section}
        places = _without(places, (section,))
    values = _merged(values, above.values, (), places)
    places.update(above.locations)
    return Document(values, places, [*below.problems, *above.problems])


def _replaced(below: Mapping[str, Any], above: Mapping[str, Any]) -> list[str]:
    sections = []
    if "family" in above and "family" in below and above["family"] != below["family"]:
        sections.append("model")
    names = [_data_name(below), _data_name(above)]
    if None not in names and names[0] != names[1]:
        sections.append("data")
    return sections


def _data_name(values: Mapping[str, Any]) -> Any:
    data = values.get("data")
    return data.get("name") if isinstance(data, dict) else None


def _merged(below: Any, above: Any, path: Path_, places: dict[Path_, Location]) -> Any:
    if isinstance(below, dict) and isinstance(above, dict):
        result = dict(below)
        for key, value in above.items():
            here = (*path, key)
            result[key] = _merged(below[key], value, here, places) if key in below else value
        return result
    # An empty section (`train:` with nothing under it) says nothing about the one below.
    if isinstance(below, dict) and above is None and len(path) == 1:
        return below
    for inner in [place for place in places if place[: len(path)] == path]:
        del places[inner]
    return above


def _without(places: Mapping[Path_, Location], path: Path_) -> dict[Path_, Location]:
    return {place: at for place, at in places.items() if place[: len(path)] != path}


def nested(key: str, inner: Document, location: Location) -> Document:
    """A document that sets the dotted name `key` to the value of `inner`."""
    parts = tuple(key.split("."))
    values = inner.values
    for part in reversed(parts):
        values = {part: values}
    places = {parts[:length]: location for length in range(1, len(parts) + 1)}
    places.update({(*parts, *path): at for path, at in inner.locations.items()})
    return Document(values, places, list(inner.problems))


def from_settings(settings: Sequence[tuple[str, Any, Location]]) -> Document:
    """A document of (dotted name, plain value, location); later settings win."""
    result = Document({})
    for key, value, location in settings:
        result = merge(result, nested(key, Document(value), location))
    return result


def from_options(options: Sequence[str]) -> Document:
    """A document of `key=value` options, parsed like a recipe; later options win.

    What cannot be read is left among the document's problems.
    """
    result = Document({})
    for option in options:
        source = f"-o {option}"
        key, equals, text = option.partition("=")
        key = key.strip()
        if not equals or not _KEY.fullmatch(key):
            result.problems.append(
                Problem(
                    "expected key=value with a dotted name, such as train.steps=1000. "
                    f"Received: {option!r}",
                    source=source,
                )
            )
            continue
        try:
            inner = yaml_reader.parse_value(text, source)
        except RecipeError as error:
            result.problems.extend(
                Problem(problem.message, key, source) for problem in error.problems
            )
            continue
        result = merge(result, nested(key, inner, Location(source)))
    return result
