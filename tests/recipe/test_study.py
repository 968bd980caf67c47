"""Studies: cells, names, draws, and every problem of every cell."""

from pathlib import Path

import pytest

from genkit.errors import RecipeError
from genkit.recipe import Study, load
from genkit.recipe.study import RangeConfig, draw

RECIPE = """\
family: gated_pixelcnn
model: {layers: 2, width: 4}
data: {name: textures, size: 6}
train: {steps: 10}
"""
STUDY = "kind: study\nrecipe: base.yaml\nmetric: bits_per_dim\n"


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("base.yaml").write_text(RECIPE)
    return tmp_path


def study(text: str, *overrides: str, **settings: int) -> Study:
    Path("s.yaml").write_text(STUDY + text)
    found = load("s.yaml", overrides, **settings)
    assert isinstance(found, Study)
    return found


def problems(text: str, *overrides: str, head: str = STUDY) -> list[str]:
    Path("s.yaml").write_text(head + text)
    with pytest.raises(RecipeError) as caught:
        load("s.yaml", overrides)
    return [str(problem) for problem in caught.value.problems]


def test_seeds() -> None:
    cells = study("seeds: [0, 4]\n").cells()
    assert [(cell.name, cell.seed, cell.recipe.seed) for cell in cells] == [
        ("seed=0", 0, 0),
        ("seed=4", 4, 4),
    ]
    assert all(cell.recipe.name == "base" for cell in cells)


def test_without_anything_there_is_one_cell_with_the_recipes_seed() -> None:
    assert [(cell.name, cell.seed) for cell in study("").cells()] == [("base", 0)]


def test_a_grid_is_the_product_with_seeds_fastest() -> None:
    found = study(
        "seeds: [0, 1]\noverrides: {train.steps: 3}\n"
        "grid:\n  train.learning_rate: [1e-3, 3e-4]\n  model.width: [4, 8]\n"
    )
    cells = found.cells()
    assert [cell.name for cell in cells][:3] == [
        "learning_rate=0.001,width=4,seed=0",
        "learning_rate=0.001,width=4,seed=1",
        "learning_rate=0.001,width=8,seed=0",
    ]
    assert len({cell.name for cell in cells}) == len(cells) == 8
    last = cells[-1]
    assert last.overrides == {"train.learning_rate": 3e-4, "model.width": 8}
    assert (last.recipe.train.learning_rate, last.recipe.model.width) == (3e-4, 8)
    assert {cell.recipe.train.steps for cell in cells} == {3}


def test_names_with_one_ending_are_written_in_full() -> None:
    cells = study("grid: {train.optimizer.name: [adam], train.schedule.name: [constant]}\n").cells()
    assert cells[0].name == "train.optimizer.name=adam,train.schedule.name=constant"


def test_names_fit_a_folder_and_differ() -> None:
    found = study(
        "grid:\n  train.optimizer: [{name: adam}, {name: sgd, momentum: 0.9}]\n"
        "  description: ['a/b', 'a:b', '../..', '" + "x" * 300 + "']\n"
    )
    names = [cell.name for cell in found.cells()]
    assert len(set(names)) == 8
    for name in names:
        assert "/" not in name
        assert not name.startswith(".")
        assert len(name) <= 150


def test_random_draws_are_a_function_of_the_seed() -> None:
    text = (
        "random:\n  samples: 6\n  seed: 3\n  ranges:\n"
        "    train.learning_rate: {low: 1e-5, high: 1e-2, scale: log}\n"
        "    model.width: {low: 2, high: 4, integer: true}\n"
        "    train.optimizer.name: {choices: [adam, sgd]}\n"
    )
    cells = study(text).cells()
    assert len(cells) == 6
    assert cells == study(text).cells()
    more = study(text.replace("samples: 6", "samples: 8")).cells()
    assert more[:6] == cells  # a larger study keeps the cells it had
    other = study(text.replace("seed: 3", "seed: 4")).cells()
    assert [cell.name for cell in other] != [cell.name for cell in cells]


def test_draws_stay_in_their_range_and_fill_it() -> None:
    log = RangeConfig(low=1e-5, high=1e-1, scale="log")
    drawn = [draw(log, 0, "x", i) for i in range(400)]
    assert all(1e-5 <= value <= 1e-1 for value in drawn)
    assert 60 < sum(value < 1e-4 for value in drawn) < 140  # a quarter of the decades
    whole = RangeConfig(low=1, high=3, integer=True)
    counts = [[draw(whole, 0, "x", i) for i in range(300)].count(k) for k in (1, 2, 3)]
    assert sum(counts) == 300
    assert min(counts) > 70
    chosen = {draw(RangeConfig(choices=["a", None, 3]), 0, "x", i) for i in range(50)}
    assert chosen == {"a", None, 3}


def test_a_large_whole_number_stays_whole() -> None:
    span = RangeConfig(low=1, high=2**31, scale="log", integer=True)
    assert all(isinstance(draw(span, 0, "x", i), int) for i in range(20))


def test_options_go_to_the_study_or_to_the_recipe_of_every_cell() -> None:
    found = study("seeds: [0, 1]\n", "seeds=[5]", "train.batch_size=8",
                  "grid.model.width=[2, 3]", steps=4)  # fmt: skip
    cells = found.cells()
    assert [cell.name for cell in cells] == ["width=2,seed=5", "width=3,seed=5"]
    assert {(c.recipe.train.batch_size, c.recipe.train.steps) for c in cells} == {(8, 4)}
    assert [cell.seed for cell in study("seeds: [0, 1]\n", seed=9).cells()] == [9]


def test_what_a_study_says() -> None:
    found = study("mode: max\nsplit: validation\nsuccess: {at_least: 0.5}\ndescription: Why\n")
    assert (found.name, found.description, found.recipe) == ("s", "Why", "base.yaml")
    assert (found.metric, found.mode, found.split) == ("bits_per_dim", "max", "validation")
    assert found.success is not None
    assert [found.success.reached(value) for value in (0.4, 0.5, float("nan"))] == [
        False,
        True,
        False,
    ]


def test_problems_of_the_study_its_recipe_and_its_cells() -> None:
    assert problems("grid:\n  model.widht: [1]\n  train.steps: [1,\n    0]\n") == [
        "s.yaml:5: model.widht: unknown key 'widht'. Did you mean 'width'? Allowed: "
        + ", ".join(sorted(_model_fields()))
        + ".",
        "s.yaml:7: train.steps: must be greater than 0. Received: 0",
    ]
    Path("base.yaml").write_text(RECIPE + "evla: 1\n")
    found = problems("modd: min\nseeds: [1, -1]\n")
    assert found[0] == "s.yaml:5: seeds.1: must be at least 0. Received: -1"
    assert found[1].startswith("s.yaml:4: modd: unknown key 'modd'. Did you mean 'mode'?")
    assert found[2].startswith("base.yaml:5: evla: unknown key 'evla'. Did you mean 'eval'?")


def _model_fields() -> list[str]:
    cells = study("").cells()
    return list(type(cells[0].recipe.model).model_fields)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("seeds: [1, 1]\n", "s.yaml: seeds must differ. Received: [1, 1]"),
        ("grid: {model.width: 3}\n", "s.yaml:4: grid.model.width: must be a list. Received: 3"),
        ("grid: {model.width: []}\n",
         "s.yaml:4: grid.model.width: must have at least 1 items. Received: []"),
        ("mode: lowest\n", "s.yaml:4: mode: must be one of min, max. Received: 'lowest'"),
        ("success: {}\n", "s.yaml:4: success: give either at_most or at_least"),
        ("random: {ranges: {model.width: {choices: [1]}}}\n",
         "s.yaml:4: random.samples: is missing"),
        ("random: {samples: 2, ranges: {model.width: {low: 3}}}\n",
         "s.yaml:4: random.ranges.model.width: needs low and high, or choices"),
        ("random: {samples: 2, ranges: {model.width: {low: 3, high: 2}}}\n",
         "s.yaml:4: random.ranges.model.width: low (3) must be less than high (2)"),
        ("random: {samples: 2, ranges: {model.width: {low: 0, high: 2, scale: log}}}\n",
         "s.yaml:4: random.ranges.model.width: a log scale needs low above 0. Received: 0"),
        ("random: {samples: 2, ranges: {model.width: {low: 1, high: 2.5, integer: true}}}\n",
         "s.yaml:4: random.ranges.model.width: low and high must be whole numbers "
         "where integer is true"),
        ("random: {samples: 2, ranges: {model.width: {low: 1, high: 2, choices: [1]}}}\n",
         "s.yaml:4: random.ranges.model.width: give choices, or low and high, not both"),
        ("seeds: [1]\ngrid: {train.seed: [2]}\n",
         "s.yaml:4: seeds: is set twice in the study, as 'train.seed' and as 'train.seed'"),
        ("overrides: {train: {steps: 3}}\ngrid: {train.steps: [2]}\n",
         "s.yaml:4: overrides.train: is set twice in the study, as 'train.steps' and as 'train'"),
        ("grid: {model.width: [4]}\nrandom: {samples: 2000, ranges: {train.seed: "
         "{low: 1, high: 9, integer: true}}}\n",
         "s.yaml:4: grid: makes 2000 cells; at most 1000 are allowed"),
    ],
)  # fmt: skip
def test_messages(text: str, message: str) -> None:
    assert problems(text) == [message]


AGENTS = "curve: loss\ngrid: {model.width: [4, 8], train.optimizer.name: [adam, sgd]}\n"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("reference: {model.widht: 4}\n",
         "s.yaml:6: reference.model.widht: unknown name of the grid 'model.widht'. Did you mean "
         "'model.width'? Allowed: model.width, train.optimizer.name."),
        ("reference: {train: {optimizer: {name: adm}}, model.width: 4}\n",
         "s.yaml:6: reference.train.optimizer.name: unknown value of the grid 'adm'. Did you mean "
         "'adam'? Allowed: adam, sgd."),
        ("reference: {train.optimizer.name: adam, model.width: 16}\n",
         "s.yaml:6: reference.model.width: unknown value of the grid '16'. Allowed: 4, 8."),
        ("reference: {model.width: 4}\n",
         "s.yaml:6: reference: names several rows; it needs a value of train.optimizer.name too"),
        ("average: [model.width]\nreference: {train.optimizer.name: adam, model.width: 4}\n",
         "s.yaml:7: reference.model.width: is averaged over: no row has one value of it"),
        ("reference: adam\n",
         "s.yaml:6: reference: must be a mapping (key: value). Received: 'adam'"),
    ],
)  # fmt: skip
def test_messages_about_the_reference(text: str, message: str) -> None:
    assert problems(AGENTS + text) == [message]


def test_a_reference_is_one_row() -> None:
    text = AGENTS + "average: [model.width]\nreference: {train.optimizer.name: sgd}\n"
    assert study(text).reference == {"train.optimizer.name": "sgd"}
    other = study(text, "reference.train.optimizer.name=adam")
    assert other.reference == {"train.optimizer.name": "adam"}
    assert study(AGENTS).reference == {}
    mappings = "grid: {train.optimizer: [{name: adam}, {name: sgd}]}\n"
    found = study("curve: loss\n" + mappings + "reference: {train.optimizer: {name: sgd}}\n")
    assert found.reference == {"train.optimizer": {"name": "sgd"}}


def test_a_reference_needs_a_curve() -> None:
    assert problems("grid: {model.width: [4, 8]}\nreference: {model.width: 4}\n") == [
        "s.yaml:5: reference: compares curves, so the study needs `curve`"
    ]


def test_an_option_for_a_value_that_is_varied() -> None:
    assert problems("seeds: [1]\n", "train.seed=3") == [
        "-o train.seed=3: train.seed: is varied by the study; set seeds=[...] instead"
    ]
    assert problems("grid: {model.width: [2]}\n", "model.width=3") == [
        "-o model.width=3: model.width: is varied by the study; set grid.model.width=[...] instead"
    ]


def test_the_recipe_of_a_study() -> None:
    head = "kind: study\nmetric: x\n"
    assert problems("", head=head) == ["s.yaml: recipe: is missing"]
    assert problems("recipe: bse.yaml\n", head=head) == ["s.yaml:3: recipe: no file 'bse.yaml'."]
    assert problems("recipe: s.yaml\n", head=head) == [
        "s.yaml:3: recipe: 's.yaml' is a study, not a recipe"
    ]
