"""The sizes of a WaveNet before and after it is built."""

from __future__ import annotations

from typing import Any

import pytest

from genkit.errors import RecipeError
from genkit.models.wavenet.config import PRESETS, outlook, parameter_count
from genkit.models.wavenet.learner import build_network
from tests import sounds

CONTEXT = {"pool": 4, "cycles": 2, "cycle": 2, "residual": 3, "skip": 4, "outputs": 2}
CASES: list[tuple[str, dict[str, Any]]] = [
    *((tiny, {}) for tiny in sounds.TINY),
    ("plain", {"dilations": [3, 1], "gated": 5, "input_kernel": 3}),
    ("tags", {"context": [CONTEXT, {**CONTEXT, "kernel": 3}]}),
    ("local", {"local": {"strides": [6], "upsampling": "repeat", "halo": 0, "bands": 5}}),
]


@pytest.mark.parametrize(("tiny", "model"), CASES)
def test_closed_forms_hold_for_the_network(tiny: str, model: dict[str, Any]) -> None:
    recipe = sounds.recipe(tiny, model)
    network = build_network(recipe)
    assert parameter_count(recipe.model, recipe.data) == network.count_params()
    assert recipe.model.reach() == network.receptive_field
    assert recipe.model.grid == network.grid
    facts = outlook(recipe)
    assert facts["parameters"] == network.count_params()
    assert facts["receptive_field_samples"] == network.receptive_field
    assert facts["receptive_field_milliseconds"] == network.receptive_field  # at 1,000 Hz


@pytest.mark.parametrize(
    ("name", "samples"), [("speech-240ms", 3836), ("speakers-300ms", 4859), ("music-3s", 49150)]
)
def test_presets_are_the_receptive_fields_of_the_paper(name: str, samples: int) -> None:
    """At 16 kHz: 240 ms for speech, about 300 ms for many speakers, seconds for music."""
    assert set(PRESETS) == {"speech-240ms", "speakers-300ms", "music-3s"}
    recipe = sounds.recipe("plain", {"dilations": name, "input_kernel": 1})
    assert recipe.model.reach() == samples


@pytest.mark.parametrize(
    ("tiny", "sections", "says"),
    [
        (
            "linguistic",
            {"model": {"local": {"features": "linguistic", "pitch": False, "harmonics": 1}}},
            "harmonics need features: linguistic, and pitch: true",
        ),
        (
            "local",
            {"model": {"local": {"prediction": 1}}},
            "prediction needs features: linguistic",
        ),
        (
            "linguistic",
            {"model": {"local": {"features": "linguistic", "prediction": 4, "strides": [8]}}},
            "model.local.prediction: needs a run that tells the predictors",
        ),
        (
            "plain",
            {"model": {"condition": ["speaker"]}},
            "model.condition: the data set has no 'speaker'. It has: tags",
        ),
        (
            "context",
            {"data": {"crop": 22}},
            "data.crop: must be a multiple of 4, the model's pool and hop",
        ),
        (
            "context",
            {"model": {"context": [CONTEXT, {**CONTEXT, "pool": 2}]}},
            "all context stacks need the same pool. Received: [2, 4]",
        ),
        (
            "plain",
            {"model": {"condition": ["tags", "tags"]}},
            "condition names something twice. Received: ['tags', 'tags']",
        ),
        ("plain", {"model": {"kernel": 4}}, "model.kernel"),
    ],
)
def test_sizes_that_cannot_be_are_refused(tiny: str, sections: dict, says: str) -> None:
    with pytest.raises(RecipeError) as caught:
        sounds.recipe(tiny, **sections)
    assert says in str(caught.value)


def test_images_are_no_sound() -> None:
    from genkit.recipe import from_mapping

    with pytest.raises(RecipeError, match="wavenet needs sound; 'digits' holds none"):
        from_mapping({"family": "wavenet", "data": {"name": "digits"}}, "mine")
