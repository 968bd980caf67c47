"""Tiny video densities for tests, each built and compiled once in a process."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from typing import Any

import numpy as np

from genkit.registry import families
from tests.densities import randomise

TINY = families.get("vpn").tiny
MODEL = {key: value for key, value in TINY["grey"]["model"].items() if key != "output"}
GREY, PUSHING = (TINY[name]["data"] for name in ("grey", "pushing"))
SOFT: dict[str, Any] = {"model": {"output": "sigmoid"}}
PUSHED: dict[str, Any] = {
    "model": {"condition": ["state", "action"], "context_condition": ["state"]},
    "data": PUSHING,
}


def recipe(
    model: Mapping[str, Any] | None = None, data: Mapping[str, Any] | None = None, **sections: Any
) -> Any:
    """A checked tiny recipe."""
    from genkit.recipe import from_mapping

    values = {
        "name": "vpn/test",
        "family": "vpn",
        "model": {**MODEL, **(model or {})},
        "data": data or GREY,
        "train": {"batch_size": 3, **sections.pop("train", {})},
        "sample": {"tile": 2},
        "eval": {"batch_size": 4, **sections.pop("eval", {})},
        **sections,
    }
    return from_mapping(values, "vpn/test")


def fresh(*args: Any, randomised: bool = False, **kwargs: Any) -> Any:
    """A new learner; with `randomised` far from its bland initial weights."""
    from genkit.building import build_learner

    learner = build_learner(recipe(*args, **kwargs))
    if randomised:
        randomise(learner)
    return learner


def learner(**kwargs: Any) -> Any:
    """The one learner of these settings, with random weights: do not change its weights."""
    return _shared(json.dumps(kwargs, sort_keys=True))


@cache
def _shared(settings: str) -> Any:
    return fresh(randomised=True, **json.loads(settings))


def items(learner: Any, count: int = 2, split: str = "test") -> dict[str, np.ndarray]:
    return learner.split(split).items(np.arange(count))
