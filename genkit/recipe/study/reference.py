"""The row that the others are compared with: whether it is one, and there."""

from __future__ import annotations

import json
from typing import Any

from genkit.errors import Problem, unknown
from genkit.recipe.study.naming import as_text
from genkit.recipe.study.schema import StudyConfig
from genkit.recipe.yaml_reader import Document


def reference_problems(config: StudyConfig, document: Document, source: str) -> list[Problem]:
    """What is wrong with the `reference` of a study."""
    if not config.reference:
        return []
    problems = [
        document.problem(says, ("reference", key), source)
        for key, value in config.reference.items()
        if (says := _wrong(config, key, value))
    ]
    open_ = [key for key in _telling(config) if key not in config.reference]
    if open_ and not problems:
        says = f"names several rows; it needs a value of {' and of '.join(open_)} too"
        problems.append(document.problem(says, ("reference",), source))
    if not config.curve:
        says = "compares curves, so the study needs `curve`"
        problems.append(document.problem(says, ("reference",), source))
    return problems


def _wrong(config: StudyConfig, key: str, value: Any) -> str:
    """What is wrong with one of its values; empty where nothing is."""
    if key not in config.grid:
        return unknown("name of the grid", key, config.grid)
    if key in config.average:
        return "is averaged over: no row has one value of it"
    allowed = config.grid[key]
    if as_text(value) not in map(as_text, allowed):
        return unknown("value of the grid", _shown(value), map(_shown, allowed))
    return ""


def _telling(config: StudyConfig) -> list[str]:
    """Names of the grid in which rows differ."""
    return [
        key
        for key, values in config.grid.items()
        if key not in config.average and len(set(map(as_text, values))) > 1
    ]


def _shown(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)
