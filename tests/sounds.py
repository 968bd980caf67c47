"""Tiny WaveNet learners on strings for tests."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from genkit.building import build_learner
from genkit.conformance.weights import randomise
from genkit.recipe import from_mapping
from genkit.recipe.schema import Recipe
from genkit.registry import families

TINY = families.get("wavenet").tiny


def recipe(tiny: str = "plain", model: Mapping[str, Any] | None = None, **sections: Any) -> Recipe:
    """A tiny configuration with other values."""
    base = TINY[tiny]
    data = {**base["data"], **sections.pop("data", {})}
    whole = {"model": {**base["model"], **(model or {})}, "data": data, **sections}
    return from_mapping({"name": "tiny", "family": "wavenet", **whole}, "tiny")


def learner(tiny: str = "plain", **sections: Any) -> Any:
    """Its learner with random weights."""
    found = build_learner(recipe(tiny, **sections))
    randomise(found.network.variables, 3)  # type: ignore[attr-defined]
    return found
