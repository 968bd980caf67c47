"""`genkit train`: what it prints, what it refuses, what it exits with."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from genkit_cli.main import cli
from tests import learners


@pytest.fixture(autouse=True)
def _place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.chdir(tmp_path)
    with learners.registered():
        yield


@pytest.fixture
def recipe(tmp_path: Path) -> str:
    path = tmp_path / "line.yaml"
    path.write_text(json.dumps(learners.mapping("line", steps=6)))
    return str(path)


@pytest.fixture
def genkit(capsys: pytest.CaptureFixture[str]) -> Any:
    """Calls a command line; returns exit code, standard output, standard error."""

    def call(*arguments: str) -> tuple[int, str, str]:
        code = cli.main(list(arguments), standalone_mode=False)
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return call


def test_training_prints_the_run_and_goes_on(genkit: Any, recipe: str) -> None:
    code, output, errors = genkit("train", recipe, "-o", "train.learning_rate=0.02")
    assert code == 0
    folder = Path(output.strip())
    assert folder.name.startswith("line-small-")
    assert f"{folder.name}: step 6, " in errors
    code, output, _ = genkit("train", recipe, "-o", "train.learning_rate=0.02", "--steps", "9",
                             "--json")  # fmt: skip
    result = json.loads(output)
    assert code == 0
    assert (result["schema"], result["run"], result["step"]) == (1, str(folder), 9)
    assert result["metrics"]["mse"] > 0


def test_a_dry_run_changes_nothing(genkit: Any, recipe: str, tmp_path: Path) -> None:
    code, output, _ = genkit("train", recipe, "--dry-run", "--seed", "5")
    assert code == 0
    assert "new" in output
    assert not (tmp_path / "runs").exists()
    genkit("train", recipe, "--run", "here")
    states = {
        steps: json.loads(genkit("train", recipe, "--run", "here", "--dry-run", "--json",
                                 "--steps", steps)[1])["state"]
        for steps in ("6", "7")
    }  # fmt: skip
    assert states == {"6": "complete at step 6", "7": "goes on after step 6"}
    code, output, _ = genkit("train", recipe, "--run", "here", "--dry-run", "--restart")
    assert "would be set aside" in output
    code, _, errors = genkit("train", recipe, "--run", "here", "--dry-run", "--seed", "8")
    assert code == 1
    assert "holds a run of another recipe or seed" in errors


def test_another_recipe_in_an_explicit_folder_is_refused(genkit: Any, recipe: str) -> None:
    genkit("train", recipe, "--run", "here")
    code, output, errors = genkit("train", recipe, "--run", "here", "--seed", "8", "--json")
    assert code == 1
    assert errors.splitlines()[0].startswith(
        "Error: here holds a run of another recipe or seed (signature "
    )
    assert "  train.seed: 3 there, 8 here" in errors
    error = json.loads(output)["error"]
    assert error["code"] == "run"
    assert error["problems"][0]["key"] == "train.seed"
    code, _, _ = genkit("train", recipe, "--run", "here", "--seed", "8", "--restart")
    assert code == 0
    assert Path("here.old-1/checkpoints/step-6").is_dir()


def test_a_non_finite_loss_exits_1(genkit: Any, recipe: str) -> None:
    code, _, errors = genkit("train", recipe, "-o", "model.poison=3")
    assert code == 1
    assert "loss is nan at step 4. " in errors


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--steps", "0"], "0 is not in the range"),
        (["-o", "train.step=3"], "steps"),
        (["-o", "train.schedule.name=plato"], "plateau"),
    ],
)
def test_wrong_usage_exits_2(genkit: Any, recipe: str, arguments: list[str], says: str) -> None:
    code, _, errors = genkit("train", recipe, *arguments)
    assert code == 2
    assert says in errors


def test_an_input_that_is_missing_is_named(genkit: Any, recipe: str) -> None:
    code, _, errors = genkit("train", recipe, "-o", "inputs.base=elsewhere")
    assert code == 2
    assert "inputs.base: unknown run 'elsewhere'" in errors


def test_a_run_depends_on_its_inputs(genkit: Any, recipe: str) -> None:
    genkit("train", recipe, "--run", "runs/base")
    _, output, _ = genkit("train", recipe, "-o", "inputs.base=base", "--dry-run", "--json")
    first = json.loads(output)["signature"]
    genkit("train", recipe, "--run", "runs/base", "--seed", "4", "--restart")
    _, output, _ = genkit("train", recipe, "-o", "inputs.base=base", "--dry-run", "--json")
    assert json.loads(output)["signature"] != first


def test_a_study_prints_its_table(genkit: Any, recipe: str, tmp_path: Path) -> None:
    study = {"kind": "study", "recipe": "./line.yaml", "seeds": [0, 1], "metric": "mse"}
    path = tmp_path / "seeds.yaml"
    path.write_text(json.dumps(study))
    code, output, _ = genkit("train", str(path), "--steps", "2", "--dry-run", "--json")
    assert json.loads(output)["cells"] == {"seed=0": "new", "seed=1": "new"}
    code, output, _ = genkit("train", str(path), "--steps", "2", "--json")
    result = json.loads(output)
    assert code == 0
    assert result["step"] == 2
    assert result["metrics"]["mse_mean"] == result["table"][0]["mse_mean"]
    code, output, errors = genkit("train", str(path), "--steps", "2", "-o", "model.poison=0")
    assert code == 1
    assert "2 of 2 cells of " in errors
    assert "seed=0: loss is nan at step 1." in errors


def test_help_and_dry_run_import_no_backend(tmp_path: Path) -> None:
    code = (
        "import sys; from genkit_cli.main import cli; "
        "cli.main(sys.argv[1:], standalone_mode=False); "
        "print([m for m in ('keras', 'tensorflow', 'jax') if m in sys.modules])"
    )
    for arguments in (["train", "--help"], ["train", "gated_pixelcnn/digits", "--dry-run"]):
        done = subprocess.run(
            [sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=True
        )
        assert done.stdout.splitlines()[-1] == "[]", done.stdout
