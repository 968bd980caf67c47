"""`genkit recipe show`, `genkit recipe copy` and `genkit validate`."""

import json

import pytest

from genkit.recipe import catalogue, load_recipe

DIGITS = "gated_pixelcnn/digits"


def test_show_prints_the_file_as_it_is(run) -> None:
    assert run("recipe", "show", DIGITS).stdout == catalogue.path(DIGITS).read_text()


def test_show_resolved_can_be_trained_from(run, folder) -> None:
    result = run("recipe", "show", DIGITS, "--resolved", "-o", "train.steps=5")
    (folder / "r.yaml").write_text(result.stdout)
    assert load_recipe("r.yaml") == load_recipe(DIGITS, ["train.steps=5"])


def test_show_resolved_of_a_study(run) -> None:
    assert "seeds: [0, 1, 2]" in run("recipe", "show", "studies/digits-seeds", "--resolved").stdout


def test_show_as_json(run) -> None:
    found = json.loads(run("recipe", "show", DIGITS, "--json").stdout)
    assert found == {"schema": 1, "recipe": DIGITS, "text": catalogue.path(DIGITS).read_text()}


def test_copy_to_the_current_folder_a_folder_and_a_file(run, folder) -> None:
    result = run("recipe", "copy", DIGITS)
    assert (result.exit_code, result.stdout) == (0, "")
    assert result.stderr == "copied to digits.yaml; train it with: genkit train digits.yaml\n"
    (folder / "sub").mkdir()
    assert run("recipe", "copy", DIGITS, "sub").exit_code == 0
    assert run("recipe", "copy", f"{DIGITS}-unconditional", "sub/mine.yaml").exit_code == 0
    for file in ("digits.yaml", "sub/digits.yaml", "sub/mine.yaml"):
        assert run("validate", file).stdout == f"{file}: valid\n"


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["copy", DIGITS, "there.yaml"],
         "there.yaml exists; it is not overwritten. Give another DEST."),
        (["copy", DIGITS, "x.txt"], "a recipe's file ends in .yaml. Received: x.txt"),
        (["copy", DIGITS, "no/x.yaml"], "no folder no; make it first"),
        (["copy", "digit"], "unknown recipe 'digit'."),
        (["show", DIGITS, "-o", "a=1"], "-o changes the resolved recipe only; add --resolved"),
        (["show", "nope.yaml"], "no file 'nope.yaml'."),
        (["show", "../../etc/passwd"], "no recipe '../../etc/passwd': a name stays within"),
    ],
)  # fmt: skip
def test_wrong_usage(run, folder, args, message: str) -> None:
    (folder / "there.yaml").write_text("mine")
    result = run("recipe", *args)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith(f"Error: {message}")
    assert (folder / "there.yaml").read_text() == "mine"


def test_validate_tells_every_problem_of_all_files(run, folder) -> None:
    (folder / "a.yaml").write_text(f"extends: {DIGITS}\nmodel:\n  widht: 3\n  layers: 0\n")
    (folder / "b.yaml").write_text("family: [\n")
    args = ["validate", DIGITS, "a.yaml", "b.yaml", "c.yaml", "digit"]
    result = run(*args)
    assert (result.exit_code, result.stdout) == (2, "")
    lines = result.stderr.splitlines()
    assert lines[0] == "Error: 4 of 5 recipes are not valid"
    heads = sorted(line.strip().split(" ")[0] for line in lines[1:])
    assert heads == ["a.yaml:3:", "a.yaml:4:", "b.yaml:2:", "c.yaml:", "digit:"]
    found = json.loads(run(*args, "--json").stdout)["error"]
    assert found["code"] == "recipe"
    assert sorted((p["source"], p["line"], p["key"]) for p in found["problems"] if p["line"]) == [
        ("a.yaml", 3, "model.widht"),
        ("a.yaml", 4, "model.layers"),
        ("b.yaml", 2, ""),
    ]


def test_validate_one(run) -> None:
    result = run("validate", DIGITS, "-o", "train.steps=0")
    assert result.exit_code == 2
    assert result.stderr == (
        "Error: the recipe is not valid\n"
        "  -o train.steps=0: train.steps: must be greater than 0. Received: 0\n"
    )
    assert json.loads(run("validate", DIGITS, "--json").stdout) == {
        "schema": 1,
        "valid": [{"recipe": DIGITS}],
    }
    assert "  kernel: " in run("validate", DIGITS, "--resolved").stdout
