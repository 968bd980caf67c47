"""Tiny phone recognisers for tests."""

from __future__ import annotations

from typing import Any

from genkit.conformance.weights import randomise
from tests.tiny import Tiny

TINY = Tiny("phone_recogniser", "plain")
NAMES = ("plain", "frames")


def learner(tiny: str = "plain", **sections: Any) -> Any:
    """With random weights."""
    found: Any = TINY.fresh(tiny, **sections)
    randomise(found.network.variables, 3)
    return found
