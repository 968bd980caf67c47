"""What an AIR recipe may say."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from genkit.errors import RecipeError
from genkit.models.air.config import outlook, parameter_count
from genkit.recipe import from_mapping
from tests import scenes
from tests.scenes import TINY


@pytest.mark.parametrize("tiny", TINY)
def test_parameters_are_counted_in_closed_form(tiny: str) -> None:
    recipe, learner = scenes.recipe(tiny), scenes.learner(tiny)
    built = sum(
        int(np.prod(weight.shape))
        for network in learner.networks.values()
        for weight in network.trainable_variables
    )
    assert parameter_count(recipe.model, recipe.data) == built
    assert outlook(recipe)["parameters"] == built


@pytest.mark.parametrize(
    ("sections", "says"),
    [
        ({"data": {"counts": [0, 3]}}, "must be at least 3, the most things of data.counts"),
        ({"data": {"unseen_counts": [5]}}, "at least 5, the most things of data.unseen_counts"),
        ({"model": {"estimator": "nvil"}, "train": {"accumulate": 2}}, "must be 1 with the estim"),
        ({"model": {"zoom": 1.0, "zoom_deviation": 0.3}}, "zoom must be at least 4 times"),
        ({"model": {"presence": {"name": "uniform"}}}, "model.presence.name"),
        ({"model": {"presence": {"name": "fixed", "probability": 1.0}}}, "less than 1"),
    ],
)
def test_recipes_that_make_no_sense(sections: dict[str, Any], says: str) -> None:
    with pytest.raises(RecipeError) as caught:
        scenes.recipe(**sections)
    assert says in str(caught.value)


def test_sound_cannot_be_taken_apart() -> None:
    with pytest.raises(RecipeError, match="air needs images or scenes; 'strings' holds none"):
        from_mapping({"family": "air", "data": {"name": "strings"}}, "x")
