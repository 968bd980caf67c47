"""Small configurations that drive every test suite. Light: no Keras."""

from __future__ import annotations

from typing import Any


def configurations() -> dict[str, Any]:
    """Grey and colour, with and without conditions and dependence."""
    grey = {
        "name": "bouncing_digits",
        "size": 6,
        "digit_size": 4,
        "frames": 4,
        "validation_count": 4,
        "test_count": 6,
    }
    pushing = {
        "name": "pushing_sim",
        "size": 8,
        "frames": 4,
        "levels": 4,
        "objects": 1,
        "validation_count": 4,
        "test_count": 4,
    }
    small = {
        "context": 2,
        "width": 4,
        "encoder": 2,
        "dilations": [1, 2],
        "decoder": 1,
        "first_kernel": 3,
        "lstm": 3,
        "head": 5,
    }
    steered = {"condition": ["state", "action"], "context_condition": ["state"]}
    return {
        "grey": {"model": {**small, "output": "sigmoid"}, "data": grey},
        "softmax": {
            "model": {**small, "block": "relu", "entry": "every", "peepholes": True},
            "data": {**grey, "levels": 4},
        },
        "pushing": {"model": {**small, **steered, "entry": "every"}, "data": pushing},
    }
