"""What people read for a group of cells: `heads=pixel-control + value-replay`."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from typing import Any

from genkit.recipe.study.naming import as_text, short_names
from genkit.study.grouping import Group


def labels(groups: Sequence[Group]) -> list[str]:
    """A label for each group, of the values in which they differ; no two are alike."""
    keys = list(groups[0].values) if groups else []
    short = short_names(keys)
    differing = [k for k in keys if len({as_text(group.values[k]) for group in groups}) > 1]
    found = [
        ", ".join(f"{short[key]}={words(group.values[key])}" for key in differing or keys) or "all"
        for group in groups
    ]
    return _distinct(found)


def words(value: Any) -> str:
    """A value for people: the items of a list with `+` between them, an empty list as `none`."""
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return " + ".join(map(words, value)) or "none"
    return json.dumps(value)


def _distinct(texts: Sequence[str]) -> list[str]:
    """`[]` and `none` are written alike, and name columns: the second gets a number."""
    seen: Counter[str] = Counter()
    found = []
    for text in texts:
        seen[text] += 1
        found.append(text if seen[text] == 1 else f"{text} ({seen[text]})")
    return found
