"""Small configurations that drive every test suite. Light: no Keras."""

from __future__ import annotations

from typing import Any

from genkit.models.speech_prosody.tiny import SPEECH


def configurations() -> dict[str, Any]:
    """Strings of a twentieth of a second; every condition that a WaveNet can have."""
    sound = {
        "name": "strings",
        "sample_rate": 1_000,
        "seconds": 0.05,
        "crop": 24,
        "train_count": 16,
        "validation_count": 4,
        "test_count": 4,
    }
    small = {"levels": 16, "residual": 4, "skip": 6, "head": 6, "cycles": 1, "cycle": 3}
    context = {"pool": 4, "cycles": 1, "cycle": 2, "residual": 3, "skip": 4, "outputs": 2}
    local = {"bands": 4, "strides": [2, 3], "channels": 3, "halo": 1}
    spoken = {"features": "linguistic", "strides": [2, 4], "channels": 3, "halo": 1}
    return {
        "plain": {"model": small, "data": sound},
        "tags": {
            "model": {**small, "kernel": 3, "condition": ["tags"], "noise": 1.0},
            "data": sound,
        },
        "context": {
            "model": {**small, "condition": ["tags"], "context": [context]},
            "data": sound,
        },
        "local": {
            "model": {**small, "local": local, "gaps": {"share": 0.3, "shortest": 2, "longest": 8}},
            "data": sound,
        },
        "linguistic": {
            "model": {**small, "condition": ["voice"], "local": spoken},
            "data": {**SPEECH, "sample_rate": 1_000, "crop": 24},
        },
        "harmonics": {
            "model": {**small, "local": {**spoken, "harmonics": 2}},
            "data": {**SPEECH, "sample_rate": 1_000, "crop": 24},
        },
    }
