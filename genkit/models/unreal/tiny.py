"""Small configurations that drive every test suite. Light: no Keras."""

from __future__ import annotations

from typing import Any


def configurations() -> dict[str, Any]:
    """The paper's agent, feature control, and the heads that it is compared with."""
    small = {"dense": [8], "lstm": 5, "unroll": 4, "replay": {"capacity": 8}}
    cells = {"cell": 2, "crop": 1}
    shared: dict[str, Any] = {"train": {"batch_size": 3}, "eval": {"episodes": 5, "batch_size": 4}}
    convolutions = [{"filters": 2, "kernel": 3, "stride": 2}]
    return {
        "catch": {
            "model": {
                **small,
                "convolutions": [{"filters": 2, "kernel": 2}],
                "pixel_control": {"cell": 1, "crop": 0},
            },
            "data": {"name": "catch", "rows": 4, "columns": 3},
            **shared,
        },
        "maze": {
            "model": {
                **small,
                "convolutions": convolutions,
                "heads": ["pixel-control", "feature-control", "reward-prediction"],
                "pixel_control": cells,
                "action_repeat": 2,
            },
            "data": {
                "name": "maze-raycast",
                "rows": 2,
                "columns": 2,
                "fruit": 1,
                "view": 8,
                "limit": 14,
            },
            **shared,
        },
        "self-supervised": {
            "model": {
                **small,
                "lstm": 0,
                "convolutions": convolutions,
                "heads": ["input-change", "input-reconstruction"],
                "input_change": cells,
            },
            "data": {"name": "pong-reduced", "size": 8, "limit": 12},
            **shared,
        },
    }
