"""The section of a recipe that names a maze in ViZDoom. Light: no NumPy, no Gymnasium."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field, model_validator

from genkit.rl.environments.outside import OutsideConfig, need

if TYPE_CHECKING:
    from genkit.rl.environments.doom.environment import DoomMaze
    from genkit.rl.navigation.maps import MazeMap

Task = Literal["static", "random-goal", "i-maze", "seek-track", "seek-avoid"]
CORRIDOR = 9  # cells of the I-maze between its two bars
TICS = 35  # of the engine, a second


@dataclass(frozen=True)
class Settings:
    """All options of a task as they are in force; 0 where the task has no such option."""

    rows: int = 0
    columns: int = 0
    mazes: int = 0
    arrangements: int = 0
    variant: int = 0
    fruit: int = 0
    limit: int = 0


# What tasks have, and its defaults. -1 follows from other options.
_MAZE = {"rows": 5, "columns": 10, "mazes": 1, "fruit": -1, "limit": -1}
_ROOM = {"rows": 8, "columns": 8, "arrangements": 50}
_TASKS: dict[str, dict[str, int]] = {
    "static": _MAZE,
    "random-goal": {**_MAZE, "arrangements": -1},
    "i-maze": {"fruit": 4, "limit": 900},
    "seek-track": {"variant": 1, "fruit": -1, "limit": 450},
    "seek-avoid": {**_ROOM, "variant": 1, "fruit": 10, "limit": 450},
}
VARIANTS = {"seek-track": 4, "seek-avoid": 2}
_TRACK_FRUIT = {1: 10, 2: 16, 3: 5, 4: 5}
_SMALL = 50  # rooms of the smaller of the two mazes in the paper


class DoomMazeConfig(OutsideConfig):
    """A maze in ViZDoom. What is not given follows from the task.

    Args:
        task: static: find the goal of a maze again and again. random-goal: the goal moves from
            episode to episode. i-maze: the goal is in one of four alcoves. seek-track: eat what
            lies along a corridor. seek-avoid: eat the good and leave the bad, in one room.
        rows, columns: of rooms of a maze, or of the cells of the one room.
        mazes: layouts, of which one is drawn for each episode.
        arrangements: of goal and fruit in a layout, of which one is drawn for each episode.
        variant: seek-track 1 to 4, seek-avoid 1 or 2.
        fruit: pieces of it; with seek-avoid as many bad ones.
        view: pixels, height and width. limit: steps of an episode.
        action_repeat: tics of the engine, of which a second has 35, for each step.
        seed: of layouts, arrangements and textures.
    """

    name: Literal["maze-doom"] = "maze-doom"
    task: Task = "static"
    rows: Annotated[int, Field(ge=1, le=64)] | None = None
    columns: Annotated[int, Field(ge=1, le=64)] | None = None
    mazes: Annotated[int, Field(ge=1, le=1_000)] | None = None
    arrangements: Annotated[int, Field(ge=1, le=1_000)] | None = None
    variant: Annotated[int, Field(ge=1, le=4)] | None = None
    fruit: Annotated[int, Field(ge=0, le=256)] | None = None
    view: Annotated[int, Field(ge=16, le=240)] = 84
    limit: Annotated[int, Field(ge=1, le=1_000_000)] | None = None
    action_repeat: Annotated[int, Field(ge=1, le=12)] = 4
    seed: Annotated[int, Field(ge=0, le=2**31)] = 0

    def settings(self) -> Settings:
        """What is in force."""
        return _derived(self.task, Settings(**{**_TASKS[self.task], **self._given()}))

    def _given(self) -> dict[str, Any]:
        return {
            name: getattr(self, name)
            for name in Settings.__dataclass_fields__
            if getattr(self, name) is not None
        }

    @model_validator(mode="after")
    def _possible(self) -> DoomMazeConfig:
        for name in self._given():
            if name not in _TASKS[self.task]:
                own = ", ".join(_TASKS[self.task])
                raise ValueError(f"the task {self.task} has no option {name}. It has: {own}")
        now = self.settings()
        if now.variant > VARIANTS.get(self.task, 4):
            raise ValueError(
                f"the task {self.task} has the variants 1 to {VARIANTS[self.task]}. "
                f"Received: {now.variant}"
            )
        places, needed = _places(self.task, now)
        if needed > places:
            raise ValueError(
                f"fruit {now.fruit} needs {needed} places, with those for the goal and the "
                f"agent; the task {self.task} has {places} of them"
            )
        if now.mazes * max(now.arrangements, 1) > 9_999:
            raise ValueError(
                f"mazes times arrangements are at most 9999. "
                f"Received: {now.mazes} times {now.arrangements}"
            )
        return self

    def make(self) -> DoomMaze:
        """The environment."""
        need("vizdoom", "rl", "a maze in ViZDoom")
        need("gymnasium", "rl", "a maze in ViZDoom")
        from genkit.rl.environments.doom.environment import DoomMaze

        return DoomMaze(self)

    def has_rooms(self) -> bool:
        return self.task != "seek-track"

    def maze_maps(self) -> list[MazeMap]:
        """The maps of all levels, `arrangements` of each layout; without the engine.

        Raises:
            ValueError: the task is a track, which follows no grid.
        """
        from genkit.rl.environments.doom.levels import levels
        from genkit.rl.navigation.doom_maps import level_map

        return [level_map(level, self) for level in levels(self)]

    def goal_reward(self) -> float | None:
        """Of reaching the goal; None where the task has no goal."""
        from genkit.rl.environments.doom.items import GOAL

        return None if self.task.startswith("seek") else GOAL.reward

    def steps_per_second(self) -> float:
        """Of the environment, in a second of the game."""
        return TICS / self.action_repeat


def _derived(task: str, given: Settings) -> Settings:
    """Settings without -1: a piece of fruit for ten rooms, each room once the goal, and the
    lengths of episodes of Mirowski et al., 2017: 3600 and 10800 frames, 4 of them to a step."""
    rooms = given.rows * given.columns
    derived = {
        "fruit": _TRACK_FRUIT.get(given.variant, 0) if task == "seek-track" else rooms // 10,
        "limit": 900 if rooms <= _SMALL else 2_700,
        "arrangements": rooms,
    }
    return replace(given, **{k: v for k, v in derived.items() if getattr(given, k) == -1})


def _places(task: str, now: Settings) -> tuple[int, int]:
    """How many places there are, and how many goal, fruit and agent take."""
    if task == "i-maze":
        return CORRIDOR, now.fruit
    if task == "seek-track":
        return 256, now.fruit
    if task == "seek-avoid":
        return now.rows * now.columns, 2 * now.fruit + 1
    return now.rows * now.columns, now.fruit + 2
