"""Reads YAML 1.2 into plain values and says where each of them was written.

Only mappings, lists and scalars are built: no tags but the plain ones, no merge keys, no objects.
Duplicate keys are errors. Size, depth and number of values are limited, so that a small file
cannot grow without bound through aliases.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)

from genkit.errors import Problem, RecipeError
from genkit.recipe import scalars

MAX_BYTES = 1_000_000
MAX_VALUES = 50_000
MAX_DEPTH = 32

Path_ = tuple[str, ...]  # of keys, a list's index as text
_TAG = "tag:yaml.org,2002:"


@dataclass(frozen=True)
class Location:
    """Where a value was written: a file or an option, and a 1-based line."""

    source: str = ""
    line: int | None = None


@dataclass
class Document:
    """Plain values of one YAML document, and the location of each key and list item.

    `problems` are those after which the rest could still be read, such as duplicate keys.
    """

    values: Any
    locations: dict[Path_, Location] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def locate(self, path: Path_, default: str = "") -> Location:
        """Where `path`, or else the nearest mapping around it, was written."""
        for length in range(len(path), 0, -1):
            if path[:length] in self.locations:
                return self.locations[path[:length]]
        return Location(default)

    def problem(self, message: str, path: Path_, default: str = "") -> Problem:
        """A problem with the value at `path`."""
        at = self.locate(path, default)
        return Problem(message, ".".join(path), at.source, at.line)


class _Stop(Exception):
    """Nothing sensible can be read after this problem."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem


@dataclass
class _Anchor:
    values: Any
    locations: dict[Path_, Location]  # relative to the anchored value
    count: int


class _Builder:
    """Builds values from parser events; collects problems instead of stopping at the first.

    Events are `Any`: ruamel declares their attributes to no type checker.
    """

    def __init__(self, events: Iterator[Any], source: str) -> None:
        self.events = events
        self.source = source
        self.locations: dict[Path_, Location] = {}
        self.problems: list[Problem] = []
        self.anchors: dict[str, _Anchor | None] = {}
        self.count = 0

    def build(self, event: Any, path: Path_) -> Any:
        """The value that starts with `event`."""
        self._counted(1, event, path)
        if len(path) > MAX_DEPTH:
            raise _Stop(self._problem(f"nested more than {MAX_DEPTH} deep", event, path[:1]))
        if isinstance(event, AliasEvent):
            return self._alias(event, path)
        anchor, before = event.anchor, self.count
        if anchor:
            self.anchors[anchor] = None  # being built: an alias to it from inside is a loop
        value = self._collection_or_scalar(event, path)
        if anchor:
            size = len(path)
            inside = {
                p[size:]: at
                for p, at in self.locations.items()
                if len(p) > size and p[:size] == path
            }
            self.anchors[anchor] = _Anchor(value, inside, self.count - before)
        return value

    def _collection_or_scalar(self, event: Any, path: Path_) -> Any:
        if isinstance(event, MappingStartEvent):
            self._check_tag(event, path, "map")
            return self._mapping(path)
        if isinstance(event, SequenceStartEvent):
            self._check_tag(event, path, "seq")
            return self._sequence(path)
        return self._scalar(event, path)

    def _mapping(self, path: Path_) -> dict[str, Any]:
        values: dict[str, Any] = {}
        while not isinstance(event := next(self.events), MappingEndEvent):
            if not isinstance(event, ScalarEvent):
                raise _Stop(
                    self._problem("a key must be plain text, not a collection", event, path)
                )
            key = str(event.value)
            here = (*path, key)
            if not key:
                self.problems.append(self._problem("a key must not be empty", event, path))
            first = self.locations.get(here)
            if key in values:
                where = f"; first written in line {first.line}" if first else ""
                self.problems.append(self._problem(f"written twice{where}", event, here))
            else:
                self.locations[here] = self._at(event)
            values[key] = self.build(next(self.events), here)
        return values

    def _sequence(self, path: Path_) -> list[Any]:
        values: list[Any] = []
        while not isinstance(event := next(self.events), SequenceEndEvent):
            here = (*path, str(len(values)))
            self.locations[here] = self._at(event)
            values.append(self.build(event, here))
        return values

    def _scalar(self, event: Any, path: Path_) -> scalars.Scalar:
        text: str = event.value
        if any(0xD800 <= ord(letter) <= 0xDFFF for letter in text):
            self.problems.append(self._problem("holds half of a surrogate pair", event, path))
            return ""
        if event.tag == _TAG + "str" or event.tag == "!" or (event.style and not event.tag):
            return text
        if event.tag:
            self._check_tag(event, path, "int", "float", "bool", "null")
        try:
            value = scalars.parse(text)
        except ValueError as error:
            self.problems.append(self._problem(str(error), event, path))
            return 0
        return value

    def _alias(self, event: Any, path: Path_) -> Any:
        if event.anchor not in self.anchors:
            self.problems.append(
                self._problem(f"'*{event.anchor}' names no anchor above it", event, path)
            )
            return None
        anchor = self.anchors[event.anchor]
        if anchor is None:
            raise _Stop(self._problem(f"'*{event.anchor}' holds itself", event, path))
        self._counted(anchor.count, event, path)
        self.locations.update({(*path, *inner): at for inner, at in anchor.locations.items()})
        return copy.deepcopy(anchor.values)

    def _check_tag(self, event: Any, path: Path_, *allowed: str) -> None:
        tag = str(event.tag) if event.tag else ""
        if tag and tag not in {_TAG + name for name in allowed}:
            shown = "!!" + tag.removeprefix(_TAG) if tag.startswith(_TAG) else tag
            self.problems.append(
                self._problem(
                    f"the tag '{shown}' is not allowed; a recipe holds plain values only",
                    event,
                    path,
                )
            )

    def _counted(self, count: int, event: Any, path: Path_) -> None:
        self.count += count
        if self.count > MAX_VALUES:
            raise _Stop(self._problem(f"more than {MAX_VALUES} values", event, path[:1]))

    def _at(self, event: Any) -> Location:
        return Location(self.source, event.start_mark.line + 1)

    def _problem(self, message: str, event: Any, path: Path_) -> Problem:
        return Problem(message, ".".join(path), self.source, event.start_mark.line + 1)


def read(file: Path, source: str | None = None) -> Document:
    """Reads a YAML file whose top level is a mapping.

    Args:
        file: what to read.
        source: how messages name the file; by default its path, from the current folder if below.

    Raises:
        RecipeError: when the file is no YAML mapping, or too large. Problems after which the rest
            could be read are left in the document.
    """
    name = source or shown(file)
    try:
        with file.open("rb") as stream:
            data = stream.read(MAX_BYTES + 1)
    except OSError as error:
        raise RecipeError(f"cannot read {name}: {error.strerror}") from error
    if len(data) > MAX_BYTES:
        raise RecipeError(f"{name} is larger than {MAX_BYTES:,} bytes: too large for a recipe")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        problem = Problem("is not UTF-8 text", source=name, line=line)
        raise RecipeError(f"{name} cannot be read", [problem]) from None
    document = parse(text, name)
    if not isinstance(document.values, dict):
        received = "nothing" if document.values is None else _kind(document.values)
        problem = Problem(
            f"a recipe must be a mapping (key: value). Received: {received}", source=name, line=1
        )
        raise RecipeError(f"{name} cannot be read", [problem])
    return document


def shown(file: Path) -> str:
    """A file as messages name it: from the current folder where it lies below."""
    here = Path.cwd()
    return str(file.relative_to(here) if file.is_relative_to(here) else file)


def parse(text: str, source: str) -> Document:
    """Reads YAML text.

    Raises:
        RecipeError: for text that is not YAML; holds the problems found up to there.
    """
    events = YAML(typ="safe", pure=True).parse(text)
    builder = _Builder(events, source)
    values: Any = None
    fatal: Problem | None = None
    documents = 0
    try:
        for event in events:
            if isinstance(event, DocumentStartEvent):
                documents += 1
                if documents > 1:
                    raise _Stop(builder._problem("holds a second document after '---'", event, ()))
                values = builder.build(next(events), ())
    except _Stop as stop:
        fatal = stop.problem
    except MarkedYAMLError as error:
        fatal = _syntax(error, source)
    except YAMLError as error:
        line = text.count("\n", 0, getattr(error, "position", 0)) + 1
        reason = str(error).splitlines()[0]
        fatal = Problem(f"is not YAML: {reason}", source=source, line=line)
    if fatal:
        raise RecipeError(f"{source} cannot be read", [*builder.problems, fatal])
    return Document(values, builder.locations, builder.problems)


def parse_value(text: str, source: str) -> Document:
    """Reads the value of an option: a scalar, or a collection in brackets or braces."""
    document = parse(text, source)
    if isinstance(document.values, dict | list) and text.lstrip()[:1] not in "[{":
        problem = Problem(
            "a mapping must be in braces, such as {name: adam}, a list in brackets, "
            "and text with ': ' in quotes",
            source=source,
        )
        raise RecipeError(f"{source} cannot be read", [problem])
    # The text of an option has no lines worth naming.
    places = {path: Location(source) for path in document.locations}
    problems = [replace(problem, key="", line=None) for problem in document.problems]
    return Document(document.values, places, problems)


def _syntax(error: MarkedYAMLError, source: str) -> Problem:
    mark = error.problem_mark or error.context_mark
    reason = error.problem or error.context or "syntax error"
    context = f" {error.context}" if error.context and error.problem else ""
    where = f", column {mark.column + 1}" if mark else ""
    message = f"is not YAML: {reason}{context}{where}"
    return Problem(message, source=source, line=mark.line + 1 if mark else None)


def _kind(value: object) -> str:
    if isinstance(value, list):
        return "a list"
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
