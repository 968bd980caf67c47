"""The sizes of an image embedding before and after it is built, and what does not go together."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from genkit.errors import RecipeError
from genkit.models.image_embedding.config import outlook, parameter_count
from genkit.recipe import from_mapping, load_recipe
from genkit.registry import families
from tests import embeddings

TINY = families.get("image_embedding").tiny


@pytest.mark.parametrize(
    "sections",
    [
        *TINY.values(),
        {"model": {"widths": [3], "people": 2}, "data": {"name": "digits"}},
        {
            "model": {"widths": [2, 3, 4, 5], "dimensions": 7, "people": 2},
            "data": {"name": "textures", "size": 11, "channels": 3},
        },
    ],
)
def test_the_closed_form_counts_the_parameters_of_the_network(sections: Mapping[str, Any]) -> None:
    from genkit.models.image_embedding.network import build_network

    values = {"family": "image_embedding", "train": {"batch_size": 8}, **sections}
    recipe = from_mapping(values, "counted")
    network = build_network(recipe)
    assert parameter_count(recipe.model, recipe.data) == network.count_params()
    assert outlook(recipe)["parameters"] == network.count_params()


def test_the_shipped_recipe_is_sized_for_faces() -> None:
    found = load_recipe("gated_pixelcnn/portraits-embedding")
    assert found.data.image_shape() == (32, 28, 1)
    assert found.data.level_count() == 16
    assert outlook(found)["memory_bytes"] < 1e9
    assert found.train.schedule.decay_steps == found.train.steps


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        (
            {"train": {"batch_size": 8}},
            "train.batch_size: must be people x photographs of the model, 3 x 2 = 6. Received: 8",
        ),
        (
            {"model": {"people": 5}, "train": {"batch_size": 10}},
            "model.people: must be at most 4, the people of the data set. Received: 5",
        ),
        (
            {"train": {"accumulate": 3}},
            "train.accumulate: must leave two whole people or more in each piece of a batch of 3",
        ),
        (
            {"model": {"people": 4}, "train": {"batch_size": 8, "accumulate": 4}},
            "two whole people or more in each piece of a batch of 4",
        ),
        (
            {"model": {"shift": 6}},
            "model.shift: must be smaller than the sides of an image. Received: 6",
        ),
        ({"model": {"margin": 4.0}}, "model.margin"),
        ({"model": {"mining": "easy"}}, "model.mining"),
        ({"model": {"widths": []}}, "model.widths"),
        ({"model": {"photographs": 1}, "train": {"batch_size": 3}}, "model.photographs"),
    ],
)
def test_what_does_not_go_together_is_refused(settings: dict[str, Any], says: str) -> None:
    with pytest.raises(RecipeError) as caught:
        embeddings.recipe(**settings)
    assert says in str(caught.value)


@pytest.mark.parametrize(
    ("data", "says"),
    [
        ({"name": "binarized_mnist"}, "needs labels, which the data set lacks"),
        ({"name": "strings"}, "image_embedding needs images; 'strings' holds none"),
    ],
)
def test_data_without_people_is_refused(data: dict[str, Any], says: str) -> None:
    values = {"family": "image_embedding", "data": data}
    with pytest.raises(RecipeError) as caught:
        from_mapping(values, "x")
    assert says in str(caught.value)
