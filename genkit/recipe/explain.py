"""Turns what pydantic found into sentences: what was received, what is allowed, where."""

from __future__ import annotations

import json
import types
from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError

from genkit.errors import Problem, nearest, unknown
from genkit.recipe.yaml_reader import Document, Path_

_LONGEST = 60

_EXPECTED = {
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "int_parsing": "a whole number",
    "float_type": "a number",
    "float_parsing": "a number",
    "finite_number": "a finite number",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "string_type": "text",
    "list_type": "a list",
    "tuple_type": "a list",
    "dict_type": "a mapping (key: value)",
    "model_type": "a mapping (key: value)",
    "model_attributes_type": "a mapping (key: value)",
    "none_required": "null",
}
_BOUNDS = {
    "greater_than": ("gt", "greater than"),
    "greater_than_equal": ("ge", "at least"),
    "less_than": ("lt", "less than"),
    "less_than_equal": ("le", "at most"),
    "multiple_of": ("multiple_of", "a multiple of"),
}
_LENGTHS = {
    "too_short": ("min_length", "at least"),
    "too_long": ("max_length", "at most"),
    "string_too_short": ("min_length", "at least"),
    "string_too_long": ("max_length", "at most"),
}
_OLD_BOOLEANS = ("yes", "no", "on", "off", "y", "n")


def explain(
    error: ValidationError, document: Document, section: Path_, model: type[BaseModel], source: str
) -> list[Problem]:
    """The problems of one section.

    Args:
        error: what pydantic raised for the section.
        document: the whole recipe with its locations.
        section: path of the section in `document`; empty for the whole of it.
        model: class of the section.
        source: named where a value has no location.
    """
    values = _at(document.values, section)
    sentences: dict[Path_, list[str]] = {}
    for detail in error.errors(include_url=False):
        inner = _path(detail["loc"], values, detail["type"])
        path = (*section, *inner)
        sentences.setdefault(path, []).append(_sentence(detail, inner, section, model))
    return [document.problem(_joined(found), path, source) for path, found in sentences.items()]


def show(value: Any) -> str:
    """A value as it would be written in a recipe, shortened."""
    text = f"'{value}'" if isinstance(value, str) else json.dumps(value, default=repr)
    return text if len(text) <= _LONGEST else text[: _LONGEST - 3] + "..."


def dotted_names(model: type[BaseModel], prefix: str = "") -> list[str]:
    """Every dotted name below a section."""
    found: list[str] = []
    for name, info in model.model_fields.items():
        found.append(prefix + name)
        inner = _model_in(info.annotation)
        if inner is not None:
            found += dotted_names(inner, f"{prefix}{name}.")
    return found


def unknown_key(key: str, allowed: Iterable[str], elsewhere: Sequence[str] = ()) -> str:
    """Sentence for an unknown key; `elsewhere` are dotted names of the whole recipe."""
    allowed = list(allowed)
    if nearest(key, allowed) is None:
        same = [name for name in elsewhere if name.split(".")[-1] == key]
        close = same[0] if same else nearest(key, elsewhere)
        if close:
            return (
                f"unknown key '{key}'. Did you mean '{close}'? "
                f"Allowed here: {', '.join(sorted(allowed))}."
            )
    return unknown("key", key, allowed)


def _sentence(
    detail: Mapping[str, Any], inner: Path_, section: Path_, model: type[BaseModel]
) -> str:
    kind, received, context = detail["type"], detail["input"], detail.get("ctx", {})
    if kind == "missing":
        return "is missing"
    if kind == "extra_forbidden":
        owner = _model_at(model, inner[:-1])
        if owner is None:
            return f"unknown key '{inner[-1]}'"
        # A name of a deeper mapping is a likely slip: `warmup` for `schedule.warmup`.
        deeper = dotted_names(model, "".join(f"{part}." for part in section))
        return unknown_key(inner[-1], owner.model_fields, deeper)
    if kind in ("value_error", "assertion_error"):
        return str(context.get("error", detail["msg"]))
    if kind == "literal_error":
        return _literal(context["expected"], received)
    if kind in _BOUNDS:
        name, words = _BOUNDS[kind]
        return f"must be {words} {_bound(context[name])}. Received: {show(received)}"
    if kind in _LENGTHS:
        name, words = _LENGTHS[kind]
        return f"must have {words} {context[name]} items. Received: {show(received)}"
    if kind in _EXPECTED:
        return f"must be {_EXPECTED[kind]}. Received: {show(received)}{_hint(kind, received)}"
    text = str(detail["msg"]).replace("Input should", "should")
    return f"{text[:1].lower()}{text[1:]}. Received: {show(received)}"


def _bound(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def _hint(kind: str, received: Any) -> str:
    if kind.startswith("bool") and received in _OLD_BOOLEANS:
        return f" (in YAML 1.2 '{received}' is text)"
    if kind.startswith("int") and isinstance(received, float) and received == int(received):
        return f" (write {int(received)})"
    if kind == "string_type" and isinstance(received, int | float):
        return " (put it in quotes)"
    return ""


def _literal(expected: str, received: Any) -> str:
    choices = expected.replace("' or '", "', '")
    names = [part.strip("'") for part in choices.split(", ")]
    guess = nearest(received, names) if isinstance(received, str) else None
    hint = f". Did you mean '{guess}'?" if guess else ""
    options = f"one of {', '.join(names)}" if len(names) > 1 else names[0]
    return f"must be {options}. Received: {show(received)}{hint}"


def _joined(sentences: list[str]) -> str:
    """One sentence for the members of a union, which pydantic reports one by one."""
    found = list(dict.fromkeys(sentences))
    heads = [sentence.partition(". Received")[0] for sentence in found]
    if len(found) == 1 or not all(head.startswith("must be ") for head in heads):
        return "; ".join(found)
    options = " or ".join(head.removeprefix("must be ") for head in heads)
    return f"must be {options}. Received{found[0].partition('. Received')[2]}"


def _path(location: Sequence[int | str], values: Any, kind: str) -> Path_:
    """The keys of a pydantic location, without the labels of union members."""
    path: list[str] = []
    for number, part in enumerate(location):
        last = number == len(location) - 1
        if _holds(values, part):
            values = values[part]
        elif not (last and kind == "missing"):
            continue
        path.append(str(part))
    return tuple(path)


def _holds(values: Any, part: int | str) -> bool:
    if isinstance(values, dict):
        return part in values
    return isinstance(values, list) and isinstance(part, int) and part < len(values)


def _at(values: Any, path: Path_) -> Any:
    for part in path:
        values = values.get(part, {}) if isinstance(values, dict) else {}
    return values


def _model_at(model: type[BaseModel], path: Path_) -> type[BaseModel] | None:
    current: type[BaseModel] | None = model
    for part in path:
        if part.isdigit():
            continue
        info = current.model_fields.get(part) if current else None
        current = _model_in(info.annotation) if info else None
    return current


def _model_in(annotation: Any) -> type[BaseModel] | None:
    """The pydantic model in an annotation such as `Model | None` or `list[Model]`."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    if get_origin(annotation) in (Union, types.UnionType, Annotated, list, tuple):
        for inner in get_args(annotation):
            found = _model_in(inner)
            if found is not None:
                return found
    return None
