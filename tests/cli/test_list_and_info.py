"""`genkit list`, `genkit info`, `genkit env` and `genkit completion`."""

import json
from pathlib import Path

import pytest

from genkit import registry
from genkit.recipe import catalogue, dump, load_recipe, signature
from genkit_cli.main import cli


@pytest.fixture
def made_run(folder: Path):
    """A run of `gated_pixelcnn/digits` that has not begun."""
    from genkit.run import Run

    recipe = load_recipe("gated_pixelcnn/digits")
    run = Run.create_or_resume(recipe, signature(recipe))
    run.close()
    return run


def test_list_shows_everything_by_default(run) -> None:
    result = run("list")
    assert result.exit_code == 0
    kinds = (registry.families, registry.datasets, registry.environments, catalogue)
    for name in (name for kind in kinds for name in kind.names()):
        assert name in result.stdout
    assert "(no runs yet; make one with: genkit train RECIPE)" in result.stdout


def test_list_of_one_kind_is_one_line_each(run) -> None:
    lines = run("list", "recipes").stdout.splitlines()
    assert [line.split()[0] for line in lines] == catalogue.names()


def test_an_empty_list_is_told_on_standard_error(run) -> None:
    result = run("list", "runs")
    assert (result.exit_code, result.stdout) == (0, "")
    assert result.stderr == "no runs yet; make one with: genkit train RECIPE\n"


def test_list_as_json(run) -> None:
    result = run("list", "--json")
    found = json.loads(result.stdout)
    assert list(found) == ["schema", "families", "recipes", "datasets", "environments", "runs"]
    assert [row["name"] for row in found["recipes"]] == catalogue.names()
    papers = {family["name"]: family["papers"] for family in found["families"]}
    assert papers["gated_pixelcnn"] == ["1606.05328"]
    assert papers["air"] == ["1603.08575"]
    assert {row["kind"] for row in found["recipes"]} == {"recipe", "study"}
    assert [row["name"] for row in found["environments"]] == registry.environments.names()
    assert found["runs"] == []
    assert list(json.loads(run("list", "datasets", "--json").stdout)) == ["schema", "datasets"]


@pytest.mark.parametrize("name", registry.environments.names())
def test_info_of_an_environment(run, name: str) -> None:
    result = run("info", name, "--json")
    assert result.stderr == ""
    found = json.loads(result.stdout)
    assert found["kind"] == "environment"
    assert "name" not in found["options"]
    if registry.environments.get(name).builtin:
        assert len(found["actions"]) > 2
        assert "uint8" in found["observation"]["image"]
    else:
        assert found["needs"] in ("genkit-keras[rl]", "genkit-keras[atari]")


def test_list_runs(run, made_run) -> None:
    found = json.loads(run("list", "runs", "--json").stdout)["runs"]
    assert [(row["name"], row["recipe"], row["step"], row["complete"]) for row in found] == [
        (made_run.name, "gated_pixelcnn/digits", 0, False)
    ]


def test_info_of_a_family(run) -> None:
    text = run("info", "gated_pixelcnn").stdout
    assert "Conditional Image Generation with PixelCNN Decoders" in text
    assert "gated_pixelcnn/digits" in text
    bibtex = run("info", "gated_pixelcnn", "--bibtex").stdout
    assert bibtex.startswith("@article{oord2016,")


def test_info_of_a_data_set(run) -> None:
    found = json.loads(run("info", "digits", "--json").stdout)
    assert (found["kind"], found["licence"], found["builtin"]) == ("data set", "CC BY 4.0", True)


def test_info_of_a_recipe_estimates_its_size(run) -> None:
    found = json.loads(run("info", "gated_pixelcnn/digits", "--json").stdout)
    assert {"parameters", "memory_bytes", "receptive_field"} <= set(found["outlook"])
    smaller = json.loads(
        run("info", "gated_pixelcnn/digits", "-o", "model.width=4", "--json").stdout
    )
    assert smaller["outlook"]["parameters"] < found["outlook"]["parameters"]
    text = run("info", "gated_pixelcnn/digits").stdout
    assert f"{found['outlook']['parameters']:,}" in text
    assert "MB" in text


def test_info_of_a_file_and_a_study(run, folder) -> None:
    (folder / "mine.yaml").write_text("extends: gated_pixelcnn/digits\n")
    assert run("info", "mine.yaml").stdout.startswith("mine (recipe)\n")
    found = json.loads(run("info", "studies/digits-seeds", "--json").stdout)
    assert found["cells"] == ["seed=0", "seed=1", "seed=2"]


def test_info_of_a_run(run, made_run) -> None:
    found = json.loads(run("info", made_run.name, "--json").stdout)
    assert (found["kind"], found["recipe"]) == ("run", "gated_pixelcnn/digits")
    assert found["step"].startswith("0 of ")
    assert run("info", f"runs/{made_run.name}").exit_code == 0


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["digt"], "unknown name 'digt'. Did you mean 'digits'? Allowed: "),
        (
            ["gated_pixelcnn/dgits"],
            "unknown recipe 'gated_pixelcnn/dgits'. Did you mean 'gated_pixelcnn/digits'? Allowed",
        ),
        (["mine.yaml"], "no file 'mine.yaml'."),
        (["digits", "--bibtex"], "--bibtex goes with a family; 'digits' is a data set"),
        (["digits", "-o", "a=1"], "-o goes with a recipe; 'digits' is a data set"),
        (
            ["gated_pixelcnn/digits", "-o", "model.widht=1"],
            "1 problem\n  -o model.widht=1: model.widht: unknown key 'widht'. "
            "Did you mean 'width'?",
        ),
    ],
)
def test_wrong_names(run, args, message: str) -> None:
    result = run("info", *args)
    assert (result.exit_code, result.stdout) == (2, "")
    assert message in result.stderr


def test_completion_scripts_and_names(run, truly) -> None:
    for shell in ("bash", "zsh", "fish"):
        assert "_GENKIT_COMPLETE" in run("completion", shell).stdout
    words = {"_GENKIT_COMPLETE": "bash_complete", "COMP_WORDS": "genkit validate g",
             "COMP_CWORD": "2"}  # fmt: skip
    found = truly([], env=words).stdout.split()
    assert "plain,gated_pixelcnn/digits" in found
    words = {"_GENKIT_COMPLETE": "bash_complete", "COMP_WORDS": "genkit ", "COMP_CWORD": "1"}
    assert [line.split(",")[1] for line in truly([], env=words).stdout.split()] == list(cli.table)


def test_completion_of_runs(truly, made_run, folder) -> None:
    words = {"_GENKIT_COMPLETE": "bash_complete", "COMP_WORDS": "genkit info gated_pixelcnn-",
             "COMP_CWORD": "2"}  # fmt: skip
    assert f"plain,{made_run.name}" in truly([], env=words, cwd=folder).stdout.split()


def test_env_has_versions_and_no_paths(truly) -> None:
    result = truly(["env", "--json"])
    found = json.loads(result.stdout.splitlines()[-1])
    assert found["schema"] == 1
    assert found["packages"]["keras"]
    assert found["backend"]["devices"]
    assert str(Path.home()) not in result.stdout


def test_a_saved_recipe_is_told_like_the_shipped_one(run, folder) -> None:
    (folder / "recipe.yaml").write_text(dump(load_recipe("gated_pixelcnn/digits")))
    assert run("info", "recipe.yaml").stdout == run("info", "gated_pixelcnn/digits").stdout
