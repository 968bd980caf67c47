"""Small configurations that drive every test suite. Light: no Keras."""

from __future__ import annotations

from typing import Any


def configurations() -> dict[str, Any]:
    """All heads behind stacked LSTMs; a single LSTM; no memory, with depth as an input."""
    small: dict[str, Any] = {
        "dense": [8],
        "convolutions": [{"filters": 2, "kernel": 3, "stride": 2}],
        "unroll": 4,
        "replay": {"capacity": 8},
    }
    depth = {"hidden": 6, "classes": 3, "rows": 2, "columns": 3}
    shared = {
        "data": {
            "name": "maze-raycast",
            "rows": 2,
            "columns": 2,
            "fruit": 1,
            "view": 8,
            "limit": 40,
        },
        "train": {"batch_size": 3},
        "eval": {"episodes": 5, "batch_size": 4},
    }
    return {
        "stacked": {
            "model": {
                **small,
                "lstm": 5,
                "stacked": 3,
                "heads": ["depth-1", "depth-2", "loop-closure", "position"],
                "depth_1": depth,
                "depth_2": {**depth, "form": "regression"},
                "loop_closure": {"hidden": 6, "near": 0.2, "far": 0.4},
            },
            **shared,
        },
        "lstm": {
            "model": {
                **small,
                "lstm": 5,
                "stacked": 0,
                "heads": ["loop-closure", "reward-prediction"],
                "loop_closure": {
                    "hidden": 6,
                    "near": 0.2,
                    "far": 0.4,
                    "source": "velocity",
                },
                "reward_prediction": {"hidden": 6},
            },
            **shared,
        },
        "feed-forward": {
            "model": {
                **small,
                "sees": ["image", "depth"],
                "lstm": 0,
                "stacked": 0,
                "heads": ["depth-1", "position"],
                "depth_1": depth,
            },
            **shared,
        },
    }
