"""Tiny learners of durations and pitch for tests."""

from __future__ import annotations

from typing import Any

from genkit.building import build_learner
from genkit.conformance.weights import randomise
from genkit.recipe import from_mapping
from genkit.registry import families


def learner(family: str, tiny: str = "plain", random: bool = True, **sections: Any) -> Any:
    """A tiny configuration's learner, with random weights or the initial ones."""
    base = families.get(family).tiny[tiny]
    model = {**base["model"], **sections.pop("model", {})}
    whole = {"model": model, "data": base["data"], **sections}
    found: Any = build_learner(from_mapping({"name": "tiny", "family": family, **whole}, "tiny"))
    if random:
        randomise(found.network.variables, 3)
    return found
