"""The signature of a recipe: what two runs must share to be the same run."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from genkit.recipe.schema import Recipe

# The budget may be raised later, the rest of these changes no weight.
_TRAIN_OUTSIDE = ("steps", "log_every", "sample_every", "samples", "checkpoint_every")
_OUTSIDE = ("name", "description", "sample", "eval")


def signature(
    recipe: Recipe,
    inputs: Mapping[str, str] | None = None,
    files: Mapping[str, str] | None = None,
) -> str:
    """SHA-256 in hexadecimal over all that decides the weights, defaults filled in.

    Args:
        recipe: the resolved recipe.
        inputs: name of an input -> signature of the run it stands for. An input without one
            counts by what the recipe says.
        files: name -> checksum of the files that the data set is read from.
    """
    values = signed_values(recipe)
    if files:
        values["files"] = dict(files)
    values["inputs"] = {**recipe.inputs, **(inputs or {})}
    text = json.dumps(values, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()


def signed_values(recipe: Recipe) -> dict[str, Any]:
    """What of a recipe decides the weights: plain values, defaults filled in."""
    values = recipe.as_dict()
    for key in _OUTSIDE:
        del values[key]
    for key in _TRAIN_OUTSIDE:
        del values["train"][key]
    return values
