"""Names of cells and of the runs they depend on: stable, and fit for a folder."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from genkit.recipe.study.parts import Cell

LONGEST_NAME = 120  # characters of a cell's name, which also names its folder


def short_names(keys: Sequence[str]) -> dict[str, str]:
    """The last part of each dotted name, or the whole where two would be alike."""
    last = [key.split(".")[-1] for key in keys]
    return {
        key: end if last.count(end) == 1 and end != "seed" else key
        for key, end in zip(keys, last, strict=True)
    }


def cell_name(values: Mapping[str, Any], seed: int | None, number: int) -> str:
    """Of cell `number`: what it sets, by short names, and its seed where that is varied."""
    parts = _parts(values)
    parts += [] if seed is None else [f"seed={seed}"]
    name = ",".join(parts) or "base"
    if len(name) <= LONGEST_NAME:
        return name
    return f"cell-{number:04d}-{_digest(name)}" + (f",seed={seed}" if seed is not None else "")


def input_path(name: str, values: Mapping[str, Any], identity: Any) -> str:
    """Of a run that cells depend on, within the study's folder.

    Args:
        name: of the input.
        values: dotted name -> what of the cells it depends on; read by people only.
        identity: plain values that decide its weights.
    """
    short = short_names(list(values))
    words = ",".join(_parts({short[key]: value for key, value in values.items()})) or "base"
    words = words if len(words) <= LONGEST_NAME else "input"
    return f"inputs/{_word(name)}/{words}-{_digest(as_text(identity))}"


def _parts(values: Mapping[str, Any]) -> list[str]:
    return [f"{key}={_word(value)}" for key, value in values.items()]


def _word(value: Any) -> str:
    if value in ([], {}):
        return "none"
    text = value if isinstance(value, str) else json.dumps(value)
    return re.sub(r"[^A-Za-z0-9_.+-]+", "-", text).strip("-.") or _digest(text)


def as_text(value: Any) -> str:
    """Plain values as text that is the same where they are: 1 and true are not."""
    return json.dumps(value, sort_keys=True)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:8]


def distinct(cells: Sequence[Cell]) -> list[Cell]:
    """Names made different where two values are written alike, or drawn twice."""
    seen: dict[str, int] = {}
    result = []
    for cell in cells:
        seen[cell.name] = seen.get(cell.name, 0) + 1
        again = seen[cell.name]
        name = cell.name if again == 1 else f"{cell.name},again={again}"
        result.append(replace(cell, name=name))
    return result
