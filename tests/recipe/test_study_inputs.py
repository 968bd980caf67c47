"""Runs that the cells of a study depend on: which there are, and what is wrong with them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from genkit.building import input_recipe
from genkit.errors import GenkitError, RecipeError
from genkit.family import Family
from genkit.recipe import Study, load
from genkit.recipe.schema import Section
from genkit.registry import families
from tests import learners

BASE = "family: line\ndata: {name: points, noise: 0.5}\ntrain: {steps: 9}\n"
CELL = "family: needy\ninputs: {base: base.yaml}\ndata: {name: points}\ntrain: {steps: 5}\n"
STUDY = "kind: study\nrecipe: cell.yaml\nmetric: mse\n"
SHARING = "inputs:\n  base: {recipe: base.yaml, share: [data]}\n"


class NeedyConfig(Section):
    """Of a family that looks at its inputs, as one does that is steered by another network."""

    width: int = 4

    def conflicts(self, recipe: Any) -> Iterator[tuple[str, str]]:
        for name, reference in recipe.inputs.items():
            try:
                other = input_recipe(reference)
            except GenkitError:
                continue  # a recipe may come before its inputs
            if other.data.noise != recipe.data.noise:
                yield f"inputs.{name}", f"has noise {other.data.noise}, not {recipe.data.noise}"


@pytest.fixture(autouse=True)
def _place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.chdir(tmp_path)
    Path("base.yaml").write_text(BASE)
    Path("cell.yaml").write_text(CELL)
    with learners.registered():
        families.add(
            Family("needy", "looks at its inputs", (), f"{__name__}:NeedyConfig", "none:none")
        )
        yield
        families.remove("needy")


def study(text: str, *overrides: str, **settings: int) -> Study:
    Path("s.yaml").write_text(STUDY + text)
    found = load("s.yaml", overrides, **settings)
    assert isinstance(found, Study)
    return found


def problems(text: str, *overrides: str) -> list[str]:
    with pytest.raises(RecipeError) as caught:
        study(text, *overrides)
    return [str(problem) for problem in caught.value.problems]


def paths(found: Study) -> list[str]:
    return [cell.inputs["base"].path for cell in found.cells()]


def test_cells_that_share_the_same_values_share_a_run() -> None:
    found = study(SHARING + "seeds: [0, 1]\ngrid: {data.noise: [0.1, 0.2], model.width: [2, 3]}\n")
    used = paths(found)
    assert len(used) == 8
    assert [item.path for item in found.inputs()] == [used[0], used[4]]
    assert used == [used[0]] * 4 + [used[4]] * 4
    assert used[0].startswith("inputs/base/noise=0.1-")
    assert [(i.name, i.recipe.name, i.recipe.data.noise) for i in found.inputs()] == [
        ("base", "base", 0.1),
        ("base", "base", 0.2),
    ]
    assert {cell.recipe.inputs["base"] for cell in found.cells()} == set(used)


def test_a_run_keeps_its_folder_when_cells_are_added() -> None:
    grid = "grid: {{data.noise: [{}]}}\n"
    few, more = (study(SHARING + grid.format(values)) for values in ("0.2", "0.1, 0.2, 0.3"))
    assert paths(few)[0] in paths(more)


def test_another_recipe_of_the_input_is_another_folder() -> None:
    first = paths(study(SHARING))
    assert first[0].startswith("inputs/base/base-")
    for change in ("overrides.train.steps=8", "overrides.model.width=7"):
        assert paths(study(SHARING, f"inputs.base.{change}")) != first
    assert paths(study(SHARING, "train.steps=2", "eval.split=validation")) == first


def test_what_is_shared_is_what_the_resolved_recipe_of_the_cell_says() -> None:
    (item,) = study(SHARING).inputs()
    assert item.recipe.data.noise == 0.1  # the default of the cell, not the 0.5 of base.yaml
    text = "inputs: {base: {recipe: base.yaml, share: [train.seed, data.noise]}}\n"
    found = study(text + "seeds: [4, 5]\n").inputs()
    assert [item.recipe.seed for item in found] == [4, 5]
    assert found[0].path.startswith("inputs/base/train.seed=4-")
    whole = "grid: {data: [{name: points, noise: 0.3}, {name: points, noise: 0.4}]}\n"
    found = study(text + whole).inputs()
    assert [item.path.rpartition("-")[0] for item in found] == [
        "inputs/base/noise=0.3",
        "inputs/base/noise=0.4",
    ]


def test_overrides_of_an_input_and_options_for_them() -> None:
    text = (
        "inputs:\n  base: {recipe: base.yaml, share: [data],\n"
        "    overrides: {train.steps: 3, model: {width: 6}}}\n"
    )
    (item,) = study(text).inputs()
    assert (item.recipe.train.steps, item.recipe.model.width) == (3, 6)
    found = study(text, "inputs.base.overrides.train.steps=7", steps=2)
    assert (found.inputs()[0].recipe.train.steps, found.cells()[0].recipe.train.steps) == (7, 2)
    assert found.as_dict()["inputs"]["base"]["overrides"] == {"train.steps": 7, "model.width": 6}


def test_an_option_still_names_a_run_for_the_recipe() -> None:
    (cell,) = study("", "inputs.base=runs/mine").cells()
    assert (cell.recipe.inputs, dict(cell.inputs)) == ({"base": "runs/mine"}, {})
    assert problems(SHARING, "inputs.base=runs/mine") == [
        "-o inputs.base=runs/mine: inputs.base: is trained by the study; "
        "set inputs.base.recipe=... instead"
    ]


def test_a_recipe_is_held_against_the_input_that_the_study_trains() -> None:
    """Not against what its file names, which has other values."""
    assert len(study(SHARING + "grid: {data.noise: [0.3, 0.4]}\n").cells()) == 2
    text = "inputs:\n  base: {recipe: base.yaml}\ngrid: {data.noise: [0.5, 0.4]}\n"
    assert problems(text) == ["s.yaml:5: inputs.base: has noise 0.5, not 0.4"]


def test_names_of_inputs_stay_within_the_study() -> None:
    Path("cell.yaml").write_text(CELL.replace("{base:", "{'../../x':"))
    (item,) = study("inputs:\n  ../../x: {recipe: base.yaml, share: [data]}\n").inputs()
    assert item.path.startswith("inputs/x/base-")


def test_all_problems_are_told_at_once() -> None:
    Path("cell.yaml").write_text(CELL.replace("{base:", "{other: base.yaml, base:"))
    text = (
        "inputs:\n  bass: {recipe: base.yaml}\n"
        "  other:\n    recipe: base.yaml\n    share: [data.nois, date, train]\n"
        "  base:\n    recipe: base.yaml\n    share:\n      - data\n      - model\n"
        "    overrides:\n      sample.count: 0\n"
        "seeds: [0, 1]\ngrid: {model.width: [4, 0]}\n"
    )
    assert problems(text) == [
        "s.yaml:5: inputs.bass: unknown input 'bass'. Did you mean 'base'? Allowed: base, other. "
        "These are the inputs of recipe 'cell'.",
        "s.yaml:8: inputs.other.share.0: unknown key 'nois'. Did you mean 'noise'? "
        "Allowed: name, noise.",
        "s.yaml:8: inputs.other.share.1: unknown section 'date'. Did you mean 'data'? "
        "Allowed: data, eval, model, sample, train.",
        "s.yaml:15: sample.count: must be greater than 0. Received: 0",
        "s.yaml:13: model.width: must be greater than 0. Received: 0",
    ]


def test_an_input_is_checked_where_no_cell_is_valid() -> None:
    text = (
        "inputs:\n  base: {recipe: base.yaml, share: [data, train.seed],\n"
        "    overrides: {train.steps: 0, model.widht: 3}}\noverrides: {train.batch_size: 0}\n"
    )
    found = problems(text)
    assert found[0] == "s.yaml:7: train.batch_size: must be greater than 0. Received: 0"
    keys = [line.split(": ")[1] for line in found[1:]]
    assert keys == ["train.steps", "model.widht"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("inputs: {base: {share: [data]}}\n", "s.yaml:4: inputs.base.recipe: is missing"),
        ("inputs: {base: base.yaml}\n",
         "s.yaml:4: inputs.base: must be a mapping (key: value). Received: 'base.yaml'"),
        ("inputs: {base: {recipe: bas.yaml}}\n",
         "s.yaml:4: inputs.base.recipe: no file 'bas.yaml'."),
        ("inputs: {base: {recipe: s.yaml}}\n",
         "s.yaml:4: inputs.base.recipe: 's.yaml' is a study, not a recipe"),
        ("inputs: {base: {recipe: base.yaml, share: [data, data.noise]}}\n",
         "s.yaml:4: inputs.base.share.1: is set twice for input 'base', "
         "as 'data' and as 'data.noise'"),
        ("inputs: {base: {recipe: base.yaml, share: [data], overrides: {data.noise: 1.0}}}\n",
         "s.yaml:4: inputs.base.overrides.data.noise: is set twice for input 'base', "
         "as 'data' and as 'data.noise'"),
        ("inputs: {base: {recipe: base.yaml}}\ngrid: {inputs.base: [x]}\n",
         "s.yaml:4: inputs.base: is set twice in the study, as 'inputs.base' and as "
         "'inputs.base'"),
    ],
)  # fmt: skip
def test_messages(text: str, message: str) -> None:
    assert problems(text) == [message]


def test_rows_and_columns_of_the_table_are_checked() -> None:
    text = "grid:\n  data.noise: [0.1]\n  model.width: [2]\n"
    assert problems(text + "average: [data.nois]\nalso: [nats, mse]\n") == [
        "s.yaml:7: average.0: unknown name of the grid 'data.nois'. Did you mean 'data.noise'? "
        "Allowed: data.noise, model.width.",
        "s.yaml:8: also.1: is the study's `metric` already",
    ]
    assert problems("also: [a, a]\n") == [
        's.yaml:4: also: names something twice. Received: ["a", "a"]'
    ]
    found = study(text, "grid.data.noise=[0.3, 0.4]", "average=[data.noise]", "also=[nats]")
    assert (found.average, found.also) == (["data.noise"], ["nats"])
