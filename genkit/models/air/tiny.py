"""Small configurations that drive every test suite. Light: no Keras."""

from __future__ import annotations

from typing import Any


def configurations() -> dict[str, Any]:
    """Each variant and estimator; scenes and plain images, grey and in colour."""
    scenes = {
        "name": "multi_digits",
        "size": 16,
        "sides": [6, 8],
        "validation_count": 6,
        "test_count": 9,
    }
    small = {
        "slots": 2,
        "predict": [5],
        "image": [12],
        "lstm": 8,
        "hidden": 6,
        "what": 3,
        "window": 6,
        "zoom": 2.0,
    }
    sprites = {**scenes, "name": "sprites", "sides": [4, 6], "counts": [0, 2]}
    textures = {"name": "textures", "size": 8, "levels": 4, "train_count": 16, "test_count": 8}
    short = {"batch_size": 6}
    fast = {"batch_size": 5, "importance": 3}
    return {
        "concrete": {"model": small, "data": scenes, "train": short, "eval": fast},
        "nvil": {
            "model": {**small, "estimator": "nvil", "baseline": 5, "baseline_hidden": 4},
            "data": scenes,
            "train": short,
            "eval": fast,
        },
        "dair-colour": {
            "model": {**small, "variant": "dair", "presence": {"name": "learned"}},
            "data": sprites,
            "train": short,
            "eval": fast,
        },
        "solids": {
            "model": {
                "slots": 2,
                "maps": [4],
                "image": [8],
                "lstm": 6,
                "noise": 0.1,
                "renderer": {"particles": 3, "camera": True},
            },
            "data": {
                "name": "solids",
                "size": 10,
                "samples": 1,
                "counts": [1, 2],
                "turn": 20.0,
                "validation_count": 6,
                "test_count": 8,
            },
            "train": short,
            "eval": fast,
        },
        "images": {
            "model": {**small, "image": [], "presence": {"name": "geometric"}},
            "data": textures,
            "train": short,
            "eval": fast,
        },
    }
