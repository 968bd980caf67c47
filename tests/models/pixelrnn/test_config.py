"""The sizes of a PixelRNN before and after it is built."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import pytest

from genkit.building import build_learner
from genkit.errors import RecipeError
from genkit.models.pixelrnn.config import outlook, parameter_count
from genkit.recipe import from_mapping
from genkit.registry import families
from tests import densities

COLOURS = {**densities.DATA, "channels": 3, "levels": 256}
CONFIGURATIONS: dict[str, Mapping[str, Any]] = {
    **families.get("pixelrnn").tiny,
    "defaults": {"model": {}, "data": densities.DATA},
    "published, digits": {
        "model": {"kind": "diagonal", "layers": 7, "width": 16, "head": 32},
        "data": {"name": "digits"},
    },
    "residuals only": {
        "model": {"kind": "row", "layers": 5, "width": 40, "head": 70, "skip": False},
        "data": COLOURS,
    },
    "skips only": {
        "model": {"kind": "pixelcnn", "layers": 4, "width": 31, "kernel": 5, "residual": False},
        "data": COLOURS,
    },
    "wide state kernel": {
        "model": {"kind": "row", "first_kernel": 5, "kernel": 7, "state_kernel": 9},
        "data": densities.DATA,
    },
    "head of three layers": {
        "model": {"kind": "diagonal", "layers": 1, "width": 64, "head": 50, "head_layers": 3},
        "data": COLOURS,
    },
}


def recipe(model: Mapping[str, Any], data: Mapping[str, Any], **sections: Any) -> Any:
    """A checked recipe of just these sizes."""
    values = {"family": "pixelrnn", "model": dict(model), "data": dict(data), **sections}
    return from_mapping(values, "sized")


@pytest.mark.parametrize("sections", CONFIGURATIONS.values(), ids=CONFIGURATIONS)
def test_closed_forms_count_the_parameters_of_the_network(sections: Mapping[str, Any]) -> None:
    sized = recipe(**sections)
    learner: Any = build_learner(sized)
    count = sum(network.count_params() for network in learner.networks.values())
    assert parameter_count(sized.model, sized.data) == count
    assert outlook(sized)["parameters"] == count


def test_values_and_memory_are_told_beforehand() -> None:
    model = {"kind": "row", "layers": 2, "width": 8}
    plain, data = {"batch_size": 4, "average": None}, {**densities.DATA, "size": 5, "channels": 3}
    facts = outlook(recipe(model, data, train=plain))
    assert facts["values_per_item"] == 5 * 5 * 3
    averaged = outlook(recipe(model, data, train={**plain, "average": 0.9}))
    assert averaged["memory_bytes"] - facts["memory_bytes"] == 4 * facts["parameters"]
    for less in ({"rematerialise": True}, {"accumulate": 2}, {"batch_size": 2}):
        assert (
            outlook(recipe(model, data, train={**plain, **less}))["memory_bytes"]
            < facts["memory_bytes"]
        )


@pytest.mark.parametrize(
    "model",
    [
        {"kind": "pixelcnn", "layers": 2, "first_kernel": 5, "kernel": 3},
        {"kind": "pixelcnn", "layers": 1, "first_kernel": 3, "kernel": 5},
        {"kind": "row", "layers": 3, "first_kernel": 3, "kernel": 5},
    ],
    ids=str,
)
def test_the_field_in_words_is_that_of_the_network(model: dict[str, Any]) -> None:
    """Against what the view says that each output must depend on."""
    learner = densities.fresh(model, {"size": 16}, family="pixelrnn")
    place = (12, 8, 0)
    seen = [
        (12 - row, column - 8)
        for row in range(16)
        for column in range(16)
        if learner.view.sees(place, (row, column, 0))
    ]
    words = outlook(learner.recipe)["receptive_field"]
    left = max(-across for above, across in seen if above == 0)
    assert int(re.findall(r"(\d+) pixels on the left", words)[0]) == left
    rows = max(above for above, _ in seen)
    if model["kind"] == "pixelcnn":
        assert int(re.findall(r"(\d+) rows above", words)[0]) == rows
    else:
        assert "all rows above" in words
        assert rows == 12


COLOUR: dict[str, Any] = {"channels": 3}
REFUSED: list[tuple[dict[str, Any], dict[str, Any], list[str]]] = [
    ({"kernel": 4}, {}, ["model: kernel must be odd. Received: 4"]),
    ({"first_kernel": 6}, {}, ["model: first_kernel must be odd. Received: 6"]),
    ({"state_kernel": 8}, {}, ["model: state_kernel must be odd. Received: 8"]),
    ({"state_kernel": 1}, {}, ["model.state_kernel: must be at least 3. Received: 1"]),
    ({"layers": 0}, {}, ["model.layers: must be at least 1. Received: 0"]),
    ({"head_layers": 0}, {}, ["model.head_layers: must be at least 1. Received: 0"]),
    (
        {"kind": "column"},
        {},
        ["model.kind: must be one of pixelcnn, row, diagonal. Received: 'column'"],
    ),
    ({"condition": "class"}, {}, ["model.condition: unknown key 'condition'"]),
    ({"width": 2}, COLOUR, ["model.width: must be at least 3, a map a colour"]),
    (
        {"width": 1, "head": 2},
        COLOUR,
        [
            "model.width: must be at least 3, a map a colour",
            "model.head: must be at least 3, a map a colour",
        ],
    ),
]


@pytest.mark.parametrize(
    ("model", "data", "says"), REFUSED, ids=[str({**model, **data}) for model, data, _ in REFUSED]
)
def test_sizes_that_cannot_be_are_refused(
    model: dict[str, Any], data: dict[str, Any], says: list[str]
) -> None:
    with pytest.raises(RecipeError) as caught:
        densities.recipe(model, data, family="pixelrnn")
    for line in says:
        assert line in str(caught.value)
    assert str(caught.value).startswith(f"pixelrnn/test: {len(says)} problem")


def test_narrow_layers_are_enough_for_grey_images() -> None:
    sized = densities.recipe({"width": 1, "head": 1}, family="pixelrnn")
    assert (sized.model.width, sized.model.head) == (1, 1)


def test_sound_is_no_image() -> None:
    with pytest.raises(RecipeError, match=r"data\.name: pixelrnn needs images; 'strings' holds"):
        recipe({}, {"name": "strings"})
