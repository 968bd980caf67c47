"""The environments by name. Light: no NumPy, no Keras."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class EnvironmentEntry:
    """An environment by name.

    Args:
        name: such as `catch`. summary: one line.
        config: `module:Class` of the pydantic model of a recipe's section, whose `make()` gives
            the environment.
        builtin: whether it is a function of arrays (`base.ArrayEnvironment`); else it is played
            one at a time (`outside.OutsideConfig`).
        extra: what has to be installed for it.
    """

    name: str
    summary: str
    config: str
    builtin: bool = True
    extra: str = ""


ENTRIES = (
    EnvironmentEntry(
        "catch",
        "a ball falls, a paddle catches it or not; 10 x 5 pixels",
        "genkit.rl.environments.config:CatchConfig",
    ),
    EnvironmentEntry(
        "key-door",
        "a grid of two rooms: fetch the key, open the door, reach the goal",
        "genkit.rl.environments.config:KeyDoorConfig",
    ),
    EnvironmentEntry(
        "pong-reduced",
        "Pong of 16 x 16 pixels, with the variants of Pong soup",
        "genkit.rl.environments.config:PongConfig",
    ),
    EnvironmentEntry(
        "maze-raycast",
        "mazes seen from inside: RGB, depth, velocity, position",
        "genkit.rl.environments.config:MazeConfig",
    ),
    EnvironmentEntry(
        "gymnasium",
        "environments that are registered with Gymnasium, by id",
        "genkit.rl.environments.outside_config:GymnasiumConfig",
        builtin=False,
        extra="rl",
    ),
    EnvironmentEntry(
        "atari",
        "Atari games in the Arcade Learning Environment, by name",
        "genkit.rl.environments.outside_config:AtariConfig",
        builtin=False,
        extra="atari",
    ),
    EnvironmentEntry(
        "maze-doom",
        "mazes, tracks and rooms in ViZDoom: RGB, depth, velocity, position",
        "genkit.rl.environments.doom.config:DoomMazeConfig",
        builtin=False,
        extra="rl",
    ),
)
