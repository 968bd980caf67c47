"""The sizes of a Gated PixelCNN before and after it is built."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from genkit.errors import RecipeError
from genkit.models.gated_pixelcnn.config import outlook, parameter_count
from genkit.registry import families
from tests import densities

CONFIGURATIONS = [
    *families.get("gated_pixelcnn").tiny.values(),
    {"model": {"layers": 1, "width": 3, "first_kernel": 7}, "data": {"channels": 3}},
    {"model": {"layers": 1, "condition": "class"}, "data": {"levels": 256}},
    {"model": {"autoencoder": {"widths": [3, 4], "decoder": "mse"}}, "data": {"channels": 3}},
    {"model": {"condition": "class", "autoencoder": {"decoder": "mse", "dense": 5}}, "data": {}},
    {"model": {"condition": ["class"], "spatial": {"factor": 4, "maps": 5}}, "data": {"size": 12}},
    {"model": {"layers": 4, "width": 5, "kernel": 5, "head": 11}, "data": {"name": "digits"}},
]


def own_data(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Settings in which digits do not inherit what only textures have."""
    data = settings["data"]
    if data.get("name") == "digits":
        return {"name": "digits"}
    return {**densities.DATA, **data}


@pytest.mark.parametrize("settings", CONFIGURATIONS)
def test_the_closed_form_counts_the_parameters_of_the_network(settings: Mapping[str, Any]) -> None:
    from genkit.building import build_learner
    from genkit.recipe import from_mapping

    recipe = from_mapping(
        {
            "name": "counted",
            "family": "gated_pixelcnn",
            "model": {**densities.MODEL, **settings["model"]},
            "data": own_data(settings),
        },
        "counted",
    )
    learner: Any = build_learner(recipe)
    network = learner.networks["network"]
    assert parameter_count(recipe) == network.count_params()
    assert outlook(recipe)["parameters"] == network.count_params()


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"model": {"kernel": 4}}, "kernel must be odd. Received: 4"),
        ({"model": {"first_kernel": 6}}, "first_kernel must be odd. Received: 6"),
        (
            {"model": {"width": 2}, "data": {"channels": 3}},
            "model.width: must be at least 3, a map a colour",
        ),
        (
            {"model": {"head": 1}, "data": {"channels": 3}},
            "model.head: must be at least 3, a map a colour",
        ),
        (
            {"model": {"condition": "clas"}},
            "unknown condition 'clas'. Did you mean 'class'? Allowed: class.",
        ),
        ({"model": {"condition": ["class", "class"]}}, "condition names something twice"),
        (
            {"model": {"spatial": {"factor": 3}, "condition": "class"}},
            "model.spatial.factor: makes the images 3 times smaller, which must divide their "
            "height and width, 4 x 4",
        ),
        ({"model": {"spatial": {}}}, "model.spatial: needs something in model.condition"),
        (
            {"model": {"autoencoder": {"widths": [2, 2, 2], "decoder": "mse"}}},
            "model.autoencoder.widths: makes the images 8 times smaller",
        ),
    ],
)
def test_sizes_that_cannot_be_are_refused(settings: dict, says: str) -> None:
    with pytest.raises(RecipeError) as caught:
        densities.recipe(**settings)
    assert says in str(caught.value)
