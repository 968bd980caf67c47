"""From a recipe to a learner."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from genkit.family import Learner
from genkit.registry import families, resolve

if TYPE_CHECKING:
    from genkit.recipe.schema import Recipe


def build_learner(recipe: Recipe, inputs: Mapping[str, Any] | None = None) -> Learner:
    """The learner of `recipe`, initial weights a function of its seed.

    Args:
        recipe: resolved.
        inputs: name -> run that the recipe depends on.
    """
    from genkit import backend  # noqa: F401 - chooses the backend before Keras is imported

    import keras  # isort: skip

    make = resolve(families.get(recipe.family).learner)
    # Keras takes seeds of 32 bits; all 63 bits of ours decide.
    keras.utils.set_random_seed((recipe.seed ^ (recipe.seed >> 32)) % 2**32)
    learner: Learner = make(recipe, dict(inputs or {}))
    return learner
