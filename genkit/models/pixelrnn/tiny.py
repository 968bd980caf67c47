"""Small configurations that drive every test suite. Light: no Keras."""

from __future__ import annotations

from typing import Any


def configurations() -> dict[str, Any]:
    """Each kind of layer, grey and in colour, with and without its connections."""
    small = {"layers": 2, "width": 4, "first_kernel": 3, "head": 6}
    split = {"train_count": 32, "test_count": 8}
    grey = {"name": "textures", "size": 6, "levels": 4, **split}
    colour = {"name": "textures", "size": 4, "levels": 3, "channels": 3, **split}
    found: dict[str, Any] = {}
    for kind in ("pixelcnn", "row", "diagonal"):
        found[f"{kind}-grey"] = {"model": {"kind": kind, **small}, "data": grey}
        found[f"{kind}-colour"] = {"model": {"kind": kind, **small, "width": 5}, "data": colour}
    bare = {"kernel": 5, "state_kernel": 5, "residual": False, "skip": False, "head_layers": 1}
    found["row-bare"] = {"model": {"kind": "row", **small, **bare}, "data": grey}
    found["pixelcnn-wide"] = {
        "model": {"kind": "pixelcnn", **small, "kernel": 5},
        "data": {**grey, "levels": 2},
    }
    scales = {"factor": 2, "maps": 3, "layers": 1, "width": 4}
    for kind, data in (("row", grey), ("diagonal", colour), ("pixelcnn", grey)):
        model = {"kind": kind, **small, "layers": 1, "multiscale": scales}
        found[f"{kind}-multiscale"] = {"model": model, "data": {**data, "size": 4}}
    return found
