"""Small configurations that drive every test suite. Light: no Keras."""

from __future__ import annotations

from typing import Any


def configurations() -> dict[str, Any]:
    """Each mining; the classes of built-in data play the people."""
    small = {"dimensions": 4, "widths": [4, 6], "dense": 8}
    grey = {"name": "textures", "size": 6, "levels": 4, "train_count": 32, "test_count": 8}
    colour = {**grey, "size": 5, "channels": 3}
    batch = {"people": 3, "photographs": 2}
    train = {"batch_size": 6}
    return {
        "grey": {"model": {**small, **batch, "shift": 1}, "data": grey, "train": train},
        "colour": {
            "model": {**small, **batch, "mining": "hard", "dropout": 0.2},
            "data": colour,
            "train": train,
        },
        "digits": {
            "model": {**small, "people": 4, "photographs": 2, "mining": "all"},
            "data": {"name": "digits"},
            "train": {"batch_size": 8},
        },
    }
