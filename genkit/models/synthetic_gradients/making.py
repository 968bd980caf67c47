"""Which learner a recipe asks for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from genkit.family import Learner


def make_learner(recipe: Any, inputs: Mapping[str, Any] | None = None) -> Learner:
    """The learner of a cut network, of copying, or of two networks with clocks of their own."""
    if recipe.model.recurrent is not None:
        from genkit.models.synthetic_gradients.recurrent.learner import CopyLearner

        return CopyLearner(recipe, inputs)
    if recipe.model.clocks is not None:
        from genkit.models.synthetic_gradients.clocks.learner import ClocksLearner

        return ClocksLearner(recipe, inputs)
    from genkit.models.synthetic_gradients.learner import SyntheticGradientsLearner

    return SyntheticGradientsLearner(recipe, inputs)
