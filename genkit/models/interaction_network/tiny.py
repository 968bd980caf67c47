"""Small configurations that drive every test suite. Light: no Keras."""

from __future__ import annotations

from typing import Any


def configurations() -> dict[str, Any]:
    """Each kind of scene, model and task."""
    few = {"steps": 12, "train_count": 4, "validation_count": 3, "test_count": 3}
    small = {"relation": [6, 5], "effect": 4, "object": [6], "abstract": [4], "mlp": [8]}
    short = {"batch_size": 8}
    bodies = {"name": "nbody", "bodies": 3, **few}
    balls = {"name": "balls", "balls": 2, "other_counts": [3], "other_scenes": 2, **few}
    string = {"name": "string", "masses": 3, "other_pins": ["both"], **few}
    return {
        "nbody": {"model": small, "data": bodies, "train": short},
        "balls": {
            "model": {**small, "noise": {"share": 0.5}, "effect_l2": 1e-3, "weight_l2": 1e-4},
            "data": balls,
            "train": short,
        },
        "string": {
            "model": {**small, "marshal": "concatenation", "predict": "velocity"},
            "data": string,
            "train": short,
        },
        "dynamics": {"model": {**small, "kind": "dynamics"}, "data": bodies, "train": short},
        "mlp": {"model": {**small, "kind": "mlp"}, "data": string, "train": short},
        "energy": {"model": {**small, "task": "energy"}, "data": string, "train": short},
    }
