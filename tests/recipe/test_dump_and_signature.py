"""A resolved recipe is written, read and signed."""

from typing import Any, ClassVar

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from genkit.recipe import Recipe, dump, from_mapping, load_recipe, signature, yaml_reader
from genkit.recipe.dumping import write

TINY: dict[str, Any] = {
    "family": "gated_pixelcnn",
    "model": {"layers": 2, "width": 4},
    "data": {"name": "textures", "size": 6},
}


def tiny(**sections: Any) -> Recipe:
    return from_mapping({**TINY, **sections}, "tiny")


def reload(recipe: Recipe) -> Recipe:
    return from_mapping(yaml_reader.parse(dump(recipe), "dump").values, "other")


texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=30) | st.text(
    ":,#'\"[]{}()-? \n\tab1e.~&*!|>%@`=<_\\", max_size=12
)
scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | texts
values = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(texts.filter(bool), inner, max_size=4)
    ),
    max_leaves=15,
)


def in_range(value: Any) -> bool:
    if isinstance(value, dict):
        return all(in_range(inner) for inner in value.values())
    if isinstance(value, list):
        return all(in_range(inner) for inner in value)
    return not isinstance(value, int) or abs(value) < 10**90


@settings(max_examples=300, deadline=None)
@given(st.dictionaries(texts.filter(bool), values.filter(in_range), max_size=5))
def test_any_plain_mapping_is_read_as_it_was_written(mapping: dict[str, Any]) -> None:
    assert yaml_reader.parse(write(mapping), "written").values == mapping


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    description=st.text(st.characters(codec="utf-8"), max_size=40),
    rate=st.floats(min_value=1e-300, max_value=1e300),
    steps=st.integers(1, 2**62),
    seed=st.integers(0, 2**63 - 1),
    clip=st.none() | st.floats(min_value=1e-6, max_value=10),
    top_p=st.none() | st.floats(min_value=1e-6, max_value=1),
    precision=st.sampled_from(["float32", "bfloat16"]),
    boundaries=st.lists(st.integers(1, 10**6), unique=True, min_size=1, max_size=5).map(sorted),
    inputs=st.dictionaries(
        st.text("abcdefghij", min_size=1, max_size=8),
        st.text(st.characters(codec="utf-8"), min_size=1, max_size=20),
        max_size=3,
    ),
)
def test_a_dumped_recipe_loads_to_the_same(
    description, rate, steps, seed, clip, top_p, precision, boundaries, inputs
) -> None:
    recipe = tiny(
        description=description,
        inputs=inputs,
        train={
            "learning_rate": rate,
            "steps": steps,
            "seed": seed,
            "clip_norm": clip,
            "precision": precision,
            "schedule": {"name": "steps", "boundaries": boundaries},
        },
        sample={"top_p": top_p},
    )
    again = reload(recipe)
    assert again == recipe
    assert signature(again) == signature(recipe)
    assert dump(again) == dump(recipe)


def test_a_saved_recipe_loads_from_its_file_under_its_own_name(tmp_path) -> None:
    recipe = load_recipe("gated_pixelcnn/digits", ["train.learning_rate=1e-7"])
    file = tmp_path / "recipe.yaml"
    file.write_text(dump(recipe), encoding="utf-8")
    assert load_recipe(str(file)) == recipe


def test_the_text_is_readable() -> None:
    lines = dump(tiny(description="Small, and quick", train={"steps": 5})).splitlines()
    assert lines[:4] == ["name: tiny", "family: gated_pixelcnn",
                         "description: Small, and quick", "inputs: {}"]  # fmt: skip
    assert "  steps: 5" in lines


def test_a_signature_is_64_hexadecimal_digits() -> None:
    assert len(signature(tiny())) == 64
    assert int(signature(tiny()), 16)


@pytest.mark.parametrize(
    "sections",
    [
        {"name": "other"},
        {"description": "words"},
        {"train": {"steps": 7}},
        {"train": {"log_every": 7, "sample_every": 3, "samples": 2, "checkpoint_every": 9}},
        {"sample": {"count": 3, "temperature": 0.5}},
        {"eval": {"split": "validation"}},
        {"train": {"learning_rate": 1e-3}},  # the default, written out
        {"train": {"learning_rate": 0.001, "optimizer": {"name": "adam", "beta_1": 0.9}}},
        {"data": {"name": "textures", "size": 6, "levels": 16}},
        {"kind": "recipe"},
    ],
)
def test_what_does_not_change_the_signature(sections: dict[str, Any]) -> None:
    assert signature(tiny(**sections)) == signature(tiny())


@pytest.mark.parametrize(
    "sections",
    [
        {"train": {"seed": 1}},
        {"train": {"learning_rate": 2e-3}},
        {"train": {"validate_every": 5}},
        {"train": {"precision": "bfloat16"}},
        {"model": {"layers": 2, "width": 5}},
        {"data": {"name": "textures", "size": 7}},
        {"inputs": {"text": "runs/x"}},
    ],
)
def test_what_changes_the_signature(sections: dict[str, Any]) -> None:
    assert signature(tiny(**sections)) != signature(tiny())


def test_inputs_count_by_their_signatures_not_their_paths() -> None:
    here, there = tiny(inputs={"text": "runs/x"}), tiny(inputs={"text": "/elsewhere/x"})
    assert signature(here, {"text": "ab"}) == signature(there, {"text": "ab"})
    assert signature(here, {"text": "ab"}) != signature(here, {"text": "cd"})
    assert signature(here) != signature(there)


def test_a_whole_number_for_a_float_is_the_same_value() -> None:
    assert signature(tiny(train={"clip_norm": 1})) == signature(tiny(train={"clip_norm": 1.0}))


def test_the_signature_of_a_fixed_recipe_stays() -> None:
    """Runs are found again by it: a change here orphans everyone's runs."""
    from genkit.recipe import signing

    class Fixed:
        inputs: ClassVar[dict[str, str]] = {}

        def as_dict(self) -> dict[str, Any]:
            return {"name": "n", "description": "", "family": "f", "inputs": {}, "model": {"a": 1},
                    "data": {"name": "d"}, "sample": {}, "eval": {}, "train": {
                        "steps": 1, "log_every": 1, "sample_every": 0, "samples": 1,
                        "checkpoint_every": 1, "seed": 0, "learning_rate": 1e-3}}  # fmt: skip

    assert signing.signature(Fixed()) == (  # type: ignore[arg-type]
        "e722e0df39a8e474923a2fa254a8788b3ad8ab877cb87824c5fdd7e7d6df2b55"
    )
