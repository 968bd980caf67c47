"""The system of a section."""

from __future__ import annotations

from typing import Any

from genkit.data.physics.balls import Balls
from genkit.data.physics.nbody import NBody
from genkit.data.physics.scenes import System
from genkit.data.physics.string import String

SYSTEMS: dict[str, type] = {"nbody": NBody, "balls": Balls, "string": String}


def system(config: Any) -> System:
    """What simulates the scenes of a `data` section."""
    made: System = SYSTEMS[config.name](config)
    return made
