"""Tiny video densities for tests, each built and compiled once in a process."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from typing import Any

from tests.densities import randomise

MODEL = {
    "context": 2,
    "width": 4,
    "encoder": 2,
    "dilations": [1, 2],
    "decoder": 1,
    "first_kernel": 3,
    "lstm": 3,
    "head": 5,
}
GREY = {
    "name": "bouncing_digits",
    "size": 6,
    "digit_size": 4,
    "frames": 4,
    "validation_count": 4,
    "test_count": 6,
}
PUSHING = {
    "name": "pushing_sim",
    "size": 8,
    "frames": 4,
    "levels": 4,
    "objects": 1,
    "validation_count": 4,
    "test_count": 4,
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
