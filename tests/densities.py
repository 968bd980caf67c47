"""Tiny image densities for tests, each built and compiled once in a process."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from typing import Any

import numpy as np

from genkit.randomness import normal

MODEL = {"layers": 2, "width": 4, "first_kernel": 3, "kernel": 3, "head": 6}
DATA = {"name": "textures", "size": 4, "levels": 3, "train_count": 12, "test_count": 10}


def recipe(
    model: Mapping[str, Any] | None = None,
    data: Mapping[str, Any] | None = None,
    family: str = "gated_pixelcnn",
    **sections: Any,
) -> Any:
    """A checked tiny recipe; what is given overrides the values above."""
    from genkit.recipe import from_mapping

    values = {
        "name": f"{family}/test",
        "family": family,
        "model": {**MODEL, **(model or {})},
        "data": {**DATA, **(data or {})},
        "train": {"batch_size": 4, **sections.pop("train", {})},
        "eval": {"batch_size": 4, **sections.pop("eval", {})},
        **sections,
    }
    return from_mapping(values, values["name"])


def fresh(*args: Any, randomised: bool = False, **kwargs: Any) -> Any:
    """A new learner of `recipe(...)`; with `randomised` far from its bland initial weights."""
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


def randomise(learner: Any, seed: int = 0) -> None:
    """Weights as in a trained network: every bias and every kernel matters."""
    for i, variable in enumerate(learner.networks["network"].variables):
        shape = tuple(variable.shape)
        scale = 1.2 / np.sqrt(np.prod(shape[:-1])) if len(shape) > 1 else 0.3
        variable.assign(normal(seed, "tests/weights", i, shape) * np.float32(scale))


def array(value: Any) -> np.ndarray:
    """A tensor of either backend as a NumPy array."""
    from keras import ops

    return np.asarray(ops.convert_to_numpy(value))


def log_softmax(logits: np.ndarray) -> np.ndarray:
    """Along the last axis, float64: the reference."""
    shifted = logits.astype(np.float64) - logits.max(-1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(-1, keepdims=True))
