"""Small configurations that drive every test suite. Light: no Keras."""

from __future__ import annotations

from typing import Any


def configurations() -> dict[str, Any]:
    """Feed-forward and recurrent, on each built-in environment."""
    small = {"dense": [8], "unroll": 4}
    few = {"batch_size": 3}
    played = {"episodes": 5, "batch_size": 4}
    convolutions = [{"filters": 2, "kernel": 3, "stride": 2}]
    return {
        "catch": {
            "model": small,
            "data": {"name": "catch", "rows": 4, "columns": 3},
            "train": few,
            "eval": played,
        },
        "catch-lstm": {
            "model": {
                **small,
                "lstm": 5,
                "previous": ["action", "reward"],
                "heads": ["value-replay"],
                "value_replay": {"weight": 0.3},
                "replay": {"capacity": 4},
            },
            "data": {"name": "catch", "rows": 4, "columns": 3},
            "train": few,
            "eval": played,
        },
        "key-door": {
            "model": {**small, "convolutions": convolutions, "action_repeat": 2},
            "data": {"name": "key-door", "size": 6, "limit": 9},
            "train": few,
            "eval": played,
        },
        "pong": {
            "model": {**small, "convolutions": convolutions, "lstm": 4, "reward_clip": 0.5},
            "data": {"name": "pong-reduced", "size": 8, "limit": 12},
            "train": few,
            "eval": played,
        },
        "maze": {
            "model": {
                **small,
                "sees": ["image", "depth", "velocity"],
                "convolutions": convolutions,
                "lstm": 4,
                "previous": ["action"],
            },
            "data": {"name": "maze-raycast", "rows": 2, "columns": 2, "view": 8, "limit": 7},
            "train": few,
            "eval": played,
        },
    }
