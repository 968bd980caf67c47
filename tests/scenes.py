"""Tiny AIR learners for tests."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from typing import Any

from genkit.registry import families

TINY = families.get("air").tiny


def recipe(tiny: str = "concrete", **sections: Mapping[str, Any]) -> Any:
    """A checked tiny recipe; what is given overrides its values."""
    from genkit.recipe import from_mapping

    values: dict[str, Any] = {"name": "air/test", "family": "air"}
    for key in {*TINY[tiny], *sections}:
        values[key] = {**TINY[tiny].get(key, {}), **sections.get(key, {})}
    return from_mapping(values, "air/test")


def fresh(tiny: str = "concrete", **sections: Any) -> Any:
    """A new learner of `recipe(...)`."""
    from genkit.building import build_learner

    return build_learner(recipe(tiny, **sections))


def learner(tiny: str = "concrete", **sections: Any) -> Any:
    """The one learner of these settings: do not change its weights."""
    return _shared(tiny, json.dumps(sections, sort_keys=True))


@cache
def _shared(tiny: str, sections: str) -> Any:
    return fresh(tiny, **json.loads(sections))
