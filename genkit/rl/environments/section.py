"""What all sections of recipes that name an environment have in common. Light: no Keras."""

from __future__ import annotations

from typing import Self

from genkit.recipe.schema import Section

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

    def reference_scores(self) -> tuple[float, float] | None:
        """Mean returns of a random and of a human player, where they are published."""
        return None
