"""Small configurations that drive every test suite. Light: no Keras."""

from __future__ import annotations

from typing import Any


def configurations() -> dict[str, Any]:
    """Grey and colour, with and without conditions of every kind."""
    split = {"train_count": 32, "test_count": 8}
    small = {"layers": 2, "width": 4, "first_kernel": 3, "kernel": 3, "head": 6}
    code = {"bottleneck": 3, "widths": [4, 5], "dense": 6}
    wide = {"layers": 3, "width": 8, "first_kernel": 5, "kernel": 5, "head": 10}
    return {
        "grey": {
            "model": {"layers": 3, "width": 6, "first_kernel": 5, "kernel": 3, "head": 8},
            "data": {"name": "textures", "size": 6, "levels": 5, **split},
        },
        "binary-conditional": {
            "model": {**small, "condition": "class"},
            "data": {"name": "textures", "size": 5, "levels": 2, **split},
        },
        "colour": {
            "model": {**small, "width": 7, "head": 8},
            "data": {"name": "textures", "size": 4, "levels": 4, "channels": 3, **split},
        },
        "colour-conditional": {
            "model": {**wide, "condition": "class"},
            "data": {"name": "textures", "size": 5, "levels": 3, "channels": 3, **split},
        },
        "autoencoder": {
            "model": {**small, "autoencoder": code},
            "data": {"name": "textures", "size": 5, "levels": 3, **split},
        },
        "colour-spatial": {
            "model": {
                **small,
                "condition": "class",
                "spatial": {"maps": 3, "factor": 2},
                "autoencoder": code,
            },
            "data": {"name": "textures", "size": 4, "levels": 3, "channels": 3, **split},
        },
    }
