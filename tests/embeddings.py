"""Tiny image embeddings for tests; the classes of textures play the people."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from typing import Any

import numpy as np

from genkit.data.images.dataset import ImageDataset, ImageSplit
from genkit.randomness import uniform

MODEL = {"dimensions": 4, "widths": [4, 6], "dense": 8, "people": 3, "photographs": 2}
DATA = {"name": "textures", "size": 6, "levels": 4, "train_count": 32, "test_count": 10}


def recipe(
    model: Mapping[str, Any] | None = None, data: Mapping[str, Any] | None = None, **sections: Any
) -> Any:
    """A checked tiny recipe; what is given overrides the values above."""
    from genkit.recipe import from_mapping

    values = {
        "name": "image_embedding/test",
        "family": "image_embedding",
        "model": {**MODEL, **(model or {})},
        "data": {**DATA, **(data or {})},
        "train": {"batch_size": 6, **sections.pop("train", {})},
        "eval": {"batch_size": 4, **sections.pop("eval", {})},
        **sections,
    }
    return from_mapping(values, values["name"])


def fresh(**settings: Any) -> Any:
    """A new learner of `recipe(...)`."""
    from genkit.building import build_learner

    return build_learner(recipe(**settings))


def learner(**settings: Any) -> Any:
    """The one learner of these settings: do not change its weights."""
    return _shared(json.dumps(settings, sort_keys=True))


@cache
def _shared(settings: str) -> Any:
    return fresh(**json.loads(settings))


def split(labels: Any, purpose: str = "tests/people") -> ImageSplit:
    """Random images of the tiny recipe's shape, with these labels."""
    labels = np.asarray(labels, np.int64)
    images = uniform(0, purpose, 0, (len(labels), 6, 6, 1)) * 4
    return ImageSplit(images.astype(np.uint8), labels, 4)


def dataset(train: Any, validation: Any, test: Any) -> ImageDataset:
    """Three such splits."""
    labels = {"train": train, "validation": validation, "test": test}
    return ImageDataset("people", {name: split(own, name) for name, own in labels.items()})
