"""What all sections of recipes that name an environment have in common. Light: no Keras."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from genkit.recipe.schema import Section

if TYPE_CHECKING:
    from genkit.rl.navigation.maps import MazeMap

Layout = dict[str, tuple[int, ...]]


class EnvironmentConfig(Section):
    """Base of the sections of environments."""

    def layout(self) -> Layout | None:
        """Shapes of the parts of an observation, without making the environment; None where that
        is not known."""
        return None

    def action_count(self) -> int | None:
        """How many actions there are; None where that is not known."""
        return None

    def whole_games(self) -> Self:
        """The same, but for what ends episodes early for training's sake."""
        return self

    def has_rooms(self) -> bool:
        """Whether it is a maze with a grid of rooms, as `maze_maps` tells."""
        return False

    def maze_maps(self) -> list[MazeMap]:
        """The maps of its mazes.

        Raises:
            ValueError: it has no grid of rooms.
        """
        raise ValueError("the environment has no map of rooms")

    def goal_reward(self) -> float | None:
        """Of reaching the goal, behind which the agent is put somewhere else; None without one."""
        return None

    def steps_per_second(self) -> float | None:
        """Of the environment, in a second of the game; None where it has no clock."""
        return None

    def reference_scores(self) -> tuple[float, float] | None:
        """Mean returns of a random and of a human player, where they are published."""
        return None
