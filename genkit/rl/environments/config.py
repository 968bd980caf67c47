"""Sections of recipes that name a built-in environment. Light: no NumPy, no Keras."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from genkit.rl.environments.section import EnvironmentConfig, Layout

if TYPE_CHECKING:
    from genkit.rl.environments.base import ArrayEnvironment
    from genkit.rl.environments.maze_raycast import RaycastMaze
    from genkit.rl.navigation.maps import MazeMap

Count = Annotated[int, Field(ge=1, le=1_000_000)]
Side = Annotated[int, Field(ge=1, le=256)]
Variant = Literal["plain", "noisy", "black", "white", "zoom", "v-flip", "h-flip", "vh-flip"]


class BuiltinConfig(EnvironmentConfig):
    """Base of the sections of environments that are functions of arrays."""

    def make(self) -> ArrayEnvironment:
        """The environment."""
        raise NotImplementedError


class CatchConfig(BuiltinConfig):
    """A ball falls, a paddle catches it or not.

    Args:
        rows, columns: of the field.
    """

    name: Literal["catch"] = "catch"
    rows: Annotated[int, Field(ge=2, le=256)] = 10
    columns: Annotated[int, Field(ge=2, le=256)] = 5

    def make(self) -> ArrayEnvironment:
        """The environment."""
        from genkit.rl.environments.catch import Catch

        return Catch(self.rows, self.columns)

    def layout(self) -> Layout:
        return {"image": (self.rows, self.columns, 1)}

    def action_count(self) -> int:
        return 3


class KeyDoorConfig(BuiltinConfig):
    """A key, a locked door, a goal behind it.

    Args:
        size: rows and columns of the grid. limit: steps of an episode.
    """

    name: Literal["key-door"] = "key-door"
    size: Annotated[int, Field(ge=6, le=256)] = 7
    limit: Count = 100

    def make(self) -> ArrayEnvironment:
        """The environment."""
        from genkit.rl.environments.key_door import KeyDoor

        return KeyDoor(self.size, self.limit)

    def layout(self) -> Layout:
        return {"image": (self.size, self.size, 5)}

    def action_count(self) -> int:
        return 4


class PongConfig(BuiltinConfig):
    """A reduced Pong.

    Args:
        variant: of the picture, as in Pong soup. size: pixels. limit: steps of an episode.
    """

    name: Literal["pong-reduced"] = "pong-reduced"
    variant: Variant = "plain"
    size: Annotated[int, Field(ge=8, le=256)] = 16
    limit: Count = 1_000

    def make(self) -> ArrayEnvironment:
        """The environment."""
        from genkit.rl.environments.pong import ReducedPong

        return ReducedPong(self.variant, self.size, self.limit)

    def layout(self) -> Layout:
        return {"image": (self.size, self.size, 2)}

    def action_count(self) -> int:
        return 3


class MazeConfig(BuiltinConfig):
    """A maze seen from inside.

    Args:
        rows, columns: of rooms. mazes: layouts, of which one is drawn for each episode.
        fixed_goal: whether the goal of a layout stays in one place.
        fruit: pieces of it. view: pixels, height and width. limit: steps of an episode.
        seed: of the layouts.
    """

    name: Literal["maze-raycast"] = "maze-raycast"
    rows: Side = 4
    columns: Side = 5
    mazes: Annotated[int, Field(ge=1, le=10_000)] = 1
    fixed_goal: bool = True
    fruit: Annotated[int, Field(ge=0, le=64)] = 0
    view: Annotated[int, Field(ge=4, le=256)] = 40
    limit: Count = 450
    seed: Annotated[int, Field(ge=0, le=2**31)] = 0

    def make(self) -> RaycastMaze:
        """The environment."""
        from genkit.rl.environments.maze_raycast import RaycastMaze

        return RaycastMaze(
            self.rows,
            self.columns,
            self.mazes,
            self.fixed_goal,
            self.fruit,
            self.view,
            self.limit,
            self.seed,
        )

    def layout(self) -> Layout:
        seen = {"image": (self.view, self.view, 3), "depth": (self.view, self.view)}
        return {**seen, "velocity": (6,), "position": (3,)}

    def action_count(self) -> int:
        return 8

    def has_rooms(self) -> bool:
        return True

    def maze_maps(self) -> list[MazeMap]:
        """The maps of the layouts."""
        made = self.make()
        return [made.maze_map(number) for number in range(self.mazes)]

    def goal_reward(self) -> float:
        """Of reaching the goal."""
        from genkit.rl.environments.maze_raycast import GOAL

        return GOAL
