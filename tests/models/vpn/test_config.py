"""The sizes of a VPN before and after it is built."""

from __future__ import annotations

from typing import Any

import pytest

from genkit.errors import RecipeError
from genkit.models.vpn.config import outlook, parameter_count
from tests import clips

STEERED = {"condition": ["state", "action"], "context_condition": ["state"]}


@pytest.mark.parametrize(
    ("model", "data"),
    [
        ({}, clips.GREY),
        ({"output": "sigmoid", "decoder": 3, "head": 7}, clips.GREY),
        ({"block": "relu", "entry": "every", "peepholes": True}, {**clips.GREY, "levels": 2}),
        ({"dependent": False, "lstm_layers": 2, "lstm_kernel": 1}, {**clips.GREY, "levels": 8}),
        ({**STEERED, "width": 5, "entry": "every", "kernel": 5}, clips.PUSHING),
        ({**STEERED, "dependent": False}, clips.PUSHING),
    ],
)
def test_the_closed_form_counts_the_parameters(model: Any, data: Any) -> None:
    learner = clips.fresh(model=model, data=data)
    count = learner.networks["network"].count_params()
    assert parameter_count(learner.recipe) == count
    assert outlook(learner.recipe)["parameters"] == count


@pytest.mark.parametrize(
    ("model", "data", "says"),
    [
        ({"context": 4}, clips.GREY, "model.context: must leave something of 4 frames"),
        ({"kernel": 2}, clips.GREY, "kernel must be odd. Received: 2"),
        ({"first_kernel": 1}, clips.GREY, "first_kernel must be 3 at least"),
        (
            {"condition": ["acton"]},
            clips.PUSHING,
            "unknown condition 'acton'. Did you mean 'action'",
        ),
        ({"condition": ["action"]}, clips.GREY, "unknown condition 'action'"),
        ({"context_condition": ["state"]}, clips.PUSHING, "which condition does not"),
        ({"output": "sigmoid"}, clips.PUSHING, "model.output: sigmoid is for grey videos"),
        ({"width": 2}, clips.PUSHING, "model.width: must be at least 3, a map a colour"),
        ({}, {"name": "digits"}, "vpn needs videos; 'digits' holds none"),
    ],
)
def test_sizes_that_cannot_be_are_refused(model: Any, data: Any, says: str) -> None:
    with pytest.raises(RecipeError) as caught:
        clips.recipe(model, data)
    assert says in str(caught.value)
