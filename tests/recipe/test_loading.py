"""Loading recipes: extends, options, and every problem at once."""

from pathlib import Path

import pytest

from genkit import registry
from genkit.errors import RecipeError, UsageError
from genkit.recipe import Recipe, from_mapping, load, load_recipe

BASE = """\
family: gated_pixelcnn
description: A base
model:
  layers: 3
  width: 8
data:
  name: textures
  size: 6
train:
  steps: 10
  optimizer: {name: adam, beta_1: 0.5}
"""

TRAIN_KEYS = (
    "accumulate, average, batch_size, checkpoint_every, clip_norm, learning_rate, log_every, "
    "optimizer, precision, rematerialise, sample_every, samples, schedule, seed, steps, "
    "validate_every, validate_items"
)
DATASETS = ", ".join(registry.datasets.names())
FAMILIES = ", ".join(registry.families.names())
TOP_KEYS = "data, description, eval, extends, family, inputs, kind, model, name, sample, train"


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "base.yaml").write_text(BASE)
    return tmp_path


def write(name: str, text: str) -> str:
    Path(name).write_text(text)
    return name


def problems(reference: str, *overrides: str, **settings: int) -> list[str]:
    with pytest.raises(RecipeError) as caught:
        load(reference, overrides, **settings)
    return [str(problem) for problem in caught.value.problems]


def test_a_recipe_gets_its_defaults_and_a_name() -> None:
    recipe = load("base.yaml")
    assert isinstance(recipe, Recipe)
    assert (recipe.name, recipe.family, recipe.description) == ("base", "gated_pixelcnn", "A base")
    assert (recipe.model.layers, recipe.model.kernel) == (3, 3)
    assert (recipe.data.size, recipe.data.levels) == (6, 16)
    assert (recipe.train.steps, recipe.train.batch_size, recipe.seed) == (10, 32, 0)


def test_shipped_recipes_are_named_by_their_place() -> None:
    assert load_recipe("gated_pixelcnn/digits").name == "gated_pixelcnn/digits"


def test_a_name_is_made_of_a_file_name_with_spaces() -> None:
    assert load_recipe(write("my recipe (2).yaml", BASE)).name == "my-recipe-2"


def test_extends_merges_deeply_and_the_later_wins() -> None:
    write("middle.yaml", "extends: base.yaml\nmodel: {width: 16}\ntrain: {optimizer: {rho: 0.8}}\n")
    recipe = load_recipe(write("top.yaml", "extends: middle.yaml\nmodel:\n  width: 32\n"))
    assert (recipe.model.layers, recipe.model.width) == (3, 32)
    assert (recipe.train.optimizer.beta_1, recipe.train.optimizer.rho) == (0.5, 0.8)
    assert recipe.description == ""  # the base's would describe another recipe


def test_extends_is_relative_to_the_file_or_a_shipped_name(folder: Path) -> None:
    (folder / "sub").mkdir()
    write("sub/one.yaml", "extends: ../base.yaml\n")
    write("sub/two.yaml", "extends: one.yaml\n")
    assert load_recipe("sub/two.yaml").model.layers == 3
    shipped = load_recipe(write("mine.yaml", "extends: gated_pixelcnn/digits\n"))
    assert shipped.data.name == "digits"


def test_another_data_set_replaces_the_section_whatever_the_order_of_options() -> None:
    recipe = load_recipe(write("other.yaml", "extends: base.yaml\ndata: {name: digits}\n"))
    assert recipe.data.name == "digits"
    for options in (["data.name=digits", "data.test_count=50"],) * 2:
        assert load_recipe("base.yaml", options).data.test_count == 50
        options.reverse()


def test_an_empty_section_says_nothing() -> None:
    assert load_recipe(write("empty.yaml", "extends: base.yaml\ntrain:\n")).train.steps == 10


def test_null_resets_where_the_schema_allows_it() -> None:
    write("clip.yaml", "extends: base.yaml\ntrain: {clip_norm: 1.0}\n")
    top = write("top.yaml", "extends: clip.yaml\ntrain: {clip_norm: null}\n")
    assert load_recipe("clip.yaml").train.clip_norm == 1.0
    assert load_recipe(top).train.clip_norm is None


def test_options_are_parsed_like_the_file_and_the_last_wins() -> None:
    recipe = load_recipe(
        "base.yaml",
        [
            "train.learning_rate=1e-4",
            "train.batch_size=8",
            "train.batch_size=16",
            "train.schedule={name: steps, boundaries: [5, 8]}",
            "description='a: b'",
            "model.width=4",
        ],
        seed=7,
        steps=99,
    )
    assert recipe.train.learning_rate == 1e-4
    assert recipe.train.batch_size == 16
    assert recipe.train.schedule.boundaries == [5, 8]
    assert recipe.description == "a: b"
    assert (recipe.model.width, recipe.seed, recipe.train.steps) == (4, 7, 99)


def test_all_problems_of_files_and_options_are_told_at_once() -> None:
    write("parent.yaml", BASE + "  stesp: 3\n  stesp: 4\n")
    top = write(
        "top.yaml",
        "extends: parent.yaml\nmodel:\n  widht: 16\n  kernel: big\nevla: {}\ntrain:\n"
        "  batch_size: 0\n  rematerialise: no\n",
    )
    assert sorted(problems(top, "sample.temperature=-1", "foo", steps=5)) == sorted(
        [
            "parent.yaml:13: train.stesp: written twice; first written in line 12",
            f"parent.yaml:12: train.stesp: unknown key 'stesp'. Did you mean 'steps'? "
            f"Allowed: {TRAIN_KEYS}.",
            "top.yaml:3: model.widht: unknown key 'widht'. Did you mean 'width'? "
            f"Allowed: {', '.join(sorted(type(load_recipe('base.yaml').model).model_fields))}.",
            "top.yaml:4: model.kernel: must be a whole number. Received: 'big'",
            f"top.yaml:5: evla: unknown key 'evla'. Did you mean 'eval'? Allowed: {TOP_KEYS}.",
            "top.yaml:7: train.batch_size: must be greater than 0. Received: 0",
            "top.yaml:8: train.rematerialise: must be true or false. Received: 'no' "
            "(in YAML 1.2 'no' is text)",
            "-o sample.temperature=-1: sample.temperature: must be at least 0. Received: -1",
            "-o foo: expected key=value with a dotted name, such as train.steps=1000. "
            "Received: 'foo'",
        ]
    )


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ("steps=3", f"steps: unknown key 'steps'. Did you mean 'train.steps'? "
         f"Allowed here: {TOP_KEYS}."),
        ("train.warmup=3", "train.warmup: unknown key 'warmup'. "
         f"Did you mean 'train.schedule.warmup'? Allowed here: {TRAIN_KEYS}."),
        ("family=gatedpixelcnn", "family: unknown family 'gatedpixelcnn'. "
         f"Did you mean 'gated_pixelcnn'? Allowed: {FAMILIES}."),
        ("data.name=texture", "data.name: unknown data set 'texture'. "
         f"Did you mean 'textures'? Allowed: {DATASETS}."),
        ("data.name=5", "data.name: must be text. Received: 5"),
        ("train.steps=1e3", "train.steps: must be a whole number. Received: 1000.0 (write 1000)"),
        ("train.steps=1.5", "train.steps: must be a whole number. Received: 1.5"),
        ("train.steps=true", "train.steps: must be a whole number. Received: true"),
        ("train.steps=", "train.steps: must be a whole number. Received: null"),
        ("train.seed=-1", "train.seed: must be at least 0. Received: -1"),
        ("train.learning_rate=.inf",
         "train.learning_rate: must be a finite number. Received: Infinity"),
        ("train.average=1", "train.average: must be less than 1. Received: 1"),
        ("train.optimizer=adam",
         "train.optimizer: must be a mapping (key: value). Received: 'adam'"),
        ("train.optimizer.name=adm", "train.optimizer.name: must be one of adam, adamw, rmsprop, "
         "sgd. Received: 'adm'. Did you mean 'adam'?"),
        ("train.schedule={name: plateau}", "train: a plateau schedule needs validate_every"),
        ("train.schedule={name: steps, boundaries: [3, 0]}",
         "train.schedule.boundaries.1: must be greater than 0. Received: 0"),
        ("train.schedule={name: steps, boundaries: [3, 1]}",
         "train.schedule: boundaries must rise"),
        ("train.accumulate=5", "train: accumulate (5) must divide batch_size (32)"),
        ("sample.checkpoint=500",
         "sample.checkpoint: must be text. Received: 500 (put it in quotes)"),
        ("model=3", "model: must be a mapping (key: value). Received: 3"),
        ("train=fast", "train: must be a mapping (key: value). Received: 'fast'"),
        ("data=digits", "data: must be a mapping (key: value). Received: 'digits'"),
        ("inputs.text=3", "inputs.text: must name a run or a recipe. Received: 3"),
        ("inputs=3", "inputs: must be a mapping (name: run or recipe). Received: 3"),
        ("name=../x", "name: a name is made of letters, digits, '_', '-', '.' and single '/' "
         "between them. Received: '../x'"),
        ("description=5", "description: must be text. Received: 5"),
        ("extends=x", "extends: 'extends' cannot be set by an option; "
         "write a recipe that extends another"),
        ("train.steps", "expected key=value with a dotted name, such as train.steps=1000. "
         "Received: 'train.steps'"),
        ("=5", "expected key=value with a dotted name, such as train.steps=1000. Received: '=5'"),
        ("a..b=5",
         "expected key=value with a dotted name, such as train.steps=1000. Received: 'a..b=5'"),
        ("train.schedule=name: cosine", "train.schedule: a mapping must be in braces, such as "
         "{name: adam}, a list in brackets, and text with ': ' in quotes"),
        ("data=[1", "data: is not YAML: expected ',' or ']', but got '<stream end>' "
         "while parsing a flow sequence, column 3"),
        ("data={name: digits, name: textures}", "written twice; first written in line 1"),
    ],
)  # fmt: skip
def test_messages_for_wrong_options(option: str, message: str) -> None:
    assert problems("base.yaml", option) == [f"-o {option}: {message}"]


def test_what_is_missing_is_told() -> None:
    assert problems(write("nothing.yaml", "model: {}\n")) == [
        f"nothing.yaml: family: is missing. Allowed: {FAMILIES}.",
        f"nothing.yaml: data.name: is missing. Allowed: {DATASETS}.",
    ]


def test_extends_that_cannot_be() -> None:
    write("a.yaml", "extends: b.yaml\n")
    write("b.yaml", "# a comment\nextends: a.yaml\n")
    assert problems("a.yaml") == ["b.yaml:2: extends: a recipe cannot extend itself: a -> b -> a"]
    assert problems(write("self.yaml", "extends: self.yaml\n")) == [
        "self.yaml:1: extends: a recipe cannot extend itself: self -> self"
    ]
    assert problems(write("c.yaml", "extends: gated_pixelcnn/digit\n"))[0].startswith(
        "c.yaml:1: extends: unknown recipe 'gated_pixelcnn/digit'. "
        "Did you mean 'gated_pixelcnn/digits'?"
    )
    assert problems(write("d.yaml", "extends: [base.yaml]\n")) == [
        "d.yaml:1: extends: must name a recipe. Received: ['base.yaml']"
    ]
    assert problems(write("e.yaml", "extends: studies/digits-seeds\n")) == [
        "e.yaml:1: extends: 'studies/digits-seeds' is a study, not a recipe"
    ]
    assert problems(write("g.yaml", "extends: ../../../../etc/shadow_\n")) == [
        "g.yaml:1: extends: no recipe '../../../../etc/shadow_': a name stays within the shipped "
        "recipes. Give a file as a path that ends in .yaml."
    ]


def test_long_chains_end() -> None:
    for number in range(30):
        write(f"r{number}.yaml", f"extends: r{number + 1}.yaml\n")
    write("r30.yaml", BASE)
    assert "more than 20 recipes extend each other" in problems("r0.yaml")[0]
    assert load_recipe("r12.yaml").model.layers == 3


def test_unknown_kinds() -> None:
    assert problems(write("k.yaml", "kind: stduy\n" + BASE)) == [
        "k.yaml:1: kind: unknown kind 'stduy'. Did you mean 'study'? Allowed: recipe, study."
    ]


def test_a_study_is_no_recipe() -> None:
    with pytest.raises(UsageError, match="is a study of many runs; name one recipe"):
        load_recipe("studies/digits-seeds")


def test_from_mapping_checks_like_a_file() -> None:
    values = {"family": "gated_pixelcnn", "data": {"name": "textures"}, "model": {"layers": 2}}
    assert from_mapping(values, "tiny").name == "tiny"
    with pytest.raises(RecipeError) as caught:
        from_mapping({**values, "model": {"layers": 0}, "trian": {}}, "tiny")
    assert [str(problem) for problem in caught.value.problems] == [
        "tiny: model.layers: must be at least 1. Received: 0",
        f"tiny: trian: unknown key 'trian'. Did you mean 'train'? Allowed: {TOP_KEYS}.",
    ]
    with pytest.raises(RecipeError, match="plain values only"):
        from_mapping({"model": object()}, "tiny")


def test_sections_are_asked_what_they_say_against_each_other(monkeypatch) -> None:
    model = type(load_recipe("base.yaml").model)
    monkeypatch.setattr(
        model, "conflicts", lambda self, recipe: [("model.width", f"{recipe.data.size} no")]
    )
    assert problems("base.yaml") == ["base.yaml:5: model.width: 6 no"]
