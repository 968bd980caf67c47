"""Small configurations that drive every test suite. Light: no Keras."""

from __future__ import annotations

from typing import Any

SPEECH = {
    "name": "espeak",
    "sample_rate": 8_000,
    "crop": 400,
    "voices": ["f2", "m3"],
    "rate": 450,
    "train_count": 6,
    "validation_count": 2,
    "test_count": 2,
}


def duration_configurations() -> dict[str, Any]:
    """English without conditions, and two languages with voices."""
    small = {"hop": 40, "dense": 6, "units": 5}
    return {
        "plain": {"model": small, "data": SPEECH},
        "voices": {
            "model": {**small, "condition": ["language", "voice"]},
            "data": {**SPEECH, "languages": ["en-us", "cmn"]},
        },
    }


def pitch_configurations() -> dict[str, Any]:
    """The same."""
    small = {"hop": 80, "cycle": 3, "residual": 4, "skip": 5, "head": 6, "channels": 4}
    return {
        "plain": {"model": small, "data": SPEECH},
        "voices": {
            "model": {**small, "condition": ["language", "voice"]},
            "data": {**SPEECH, "languages": ["en-us", "cmn"]},
        },
    }


def envelope_configurations() -> dict[str, Any]:
    """The same."""
    small = {"hop": 40, "order": 3, "units": 5, "layers": 2}
    return {
        "plain": {"model": small, "data": SPEECH},
        "voices": {
            "model": {**small, "condition": ["language", "voice"]},
            "data": {**SPEECH, "languages": ["en-us", "cmn"]},
        },
    }
