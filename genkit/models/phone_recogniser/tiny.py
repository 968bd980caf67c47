"""Small configurations that drive every test suite. Light: no Keras."""

from __future__ import annotations

from typing import Any

from genkit.models.speech_prosody.tiny import SPEECH


def configurations() -> dict[str, Any]:
    """With the loss of the next sample, dropout and noise, and without all of them."""
    small = {
        "levels": 16,
        "residual": 4,
        "skip": 6,
        "head": 6,
        "cycles": 1,
        "cycle": 3,
        "pool": 40,
        "layers": 2,
        "channels": 5,
        "width": 3,
    }
    return {
        "plain": {
            "model": {**small, "noise": 1.0, "speeds": [0.8], "gain": 6.0},
            "data": SPEECH,
        },
        "frames": {
            "model": {**small, "kernel": 3, "dropout": 0.0, "next_sample": 0.0, "layers": 1},
            "data": {**SPEECH, "languages": ["en-us", "cmn"]},
        },
    }
