"""`genkit eval`: what it prints, writes and refuses."""

from __future__ import annotations

import csv
import json
import math
import shutil
from pathlib import Path
from typing import Any

import pytest


def last(result: Any) -> Any:
    return json.loads(result.stdout.splitlines()[-1])


@pytest.fixture
def own(textures: Path, folder: Path) -> Path:
    """A copy of the run, which an evaluation may write to."""
    return Path(shutil.copytree(textures, folder / "runs" / "own"))


def test_metrics_are_printed_and_kept(run, own: Path) -> None:
    result = run("eval", str(own), "--json")
    assert result.exit_code == 0, result.stderr
    found = last(result)
    assert {"schema", "run", "split", "count", "step", "metrics"} <= set(found)
    assert (found["schema"], found["split"], found["count"]) == (1, "test", 6)
    metrics = found["metrics"]
    assert metrics["nats_per_dim"] == pytest.approx(metrics["nats_per_image"] / 16)
    assert metrics["bits_per_dim"] == pytest.approx(metrics["nats_per_dim"] / math.log(2))
    kept = json.loads((own / "evaluation" / "test.json").read_text())
    assert kept["metrics"] == metrics
    assert kept["step"] == found["step"]
    with (own / "evaluation" / "test-per_class.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert sum(int(row["count"]) for row in rows) == 6

    result = run("eval", str(own), "-n", "2", "--split", "validation")
    assert result.exit_code == 0
    assert f"own, step {found['step']}, validation, 2 items" in result.stderr
    assert "bits_per_dim" in result.stdout
    names = {path.name for path in (own / "evaluation").iterdir()}
    assert "validation-first-2.json" in names
    assert "validation.json" not in names


def test_the_checkpoint_is_chosen(run, own: Path) -> None:
    steps = {which: last(run("eval", str(own), "--checkpoint", which, "-n", "1", "--json"))["step"]
             for which in ("2", "last")}  # fmt: skip
    assert steps == {"2": 2, "last": 4}


def test_a_damaged_checkpoint_is_passed_over_with_a_warning(run, own: Path) -> None:
    for path in (own / "checkpoints" / "step-4").glob("*.safetensors"):
        path.write_bytes(path.read_bytes()[:100])
    result = run("eval", str(own), "--checkpoint", "last", "-n", "1", "--json")
    assert result.exit_code == 0, result.stderr
    assert last(result)["step"] == 2
    assert "checkpoint step-4 is damaged and was passed over: " in result.stderr
    assert "going on with checkpoint step-2" in result.stderr
    shutil.rmtree(own / "checkpoints")
    result = run("eval", str(own), "--json")
    assert result.exit_code == 1
    assert last(result)["error"]["code"] == "checkpoint"
    assert "Train the run first: genkit train." in result.stderr


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (
            ["--split", "tset"],
            2,
            "data set textures: unknown split 'tset'. Did you mean 'test'? "
            "Allowed: test, train, validation.",
        ),
        (["-n", "0"], 2, "Invalid value for '-n': 0 is not in the range x>=1."),
        (["--checkpoint", "7"], 2, "Allowed: best, last, 2, 4."),
        (["--checkpoint", "-1"], 2, "--checkpoint takes best, last or a step. Received: '-1'"),
        (["--seed", "x"], 2, "Invalid value for '--seed': 'x' is not a valid integer"),
    ],
)
def test_wrong_usage(run, textures: Path, arguments: list[str], code: int, says: str) -> None:
    result = run("eval", str(textures), *arguments, "--json")
    assert result.exit_code == code, result.stderr
    assert says in result.stderr
    assert says in last(result)["error"]["message"]
    assert "Traceback" not in result.stderr


def test_what_is_no_run(run, folder: Path) -> None:
    (folder / "empty").mkdir()
    result = run("eval", "empty")
    assert result.exit_code == 2
    assert "empty is no run directory: it has no metadata.json." in result.stderr
    result = run("eval", "nowhere")
    assert result.exit_code == 2
    assert "unknown run 'nowhere'. Allowed: none." in result.stderr
    assert "Make one with: genkit train RECIPE." in result.stderr


def test_values_of_the_section_eval_can_be_set(run, own: Path) -> None:
    recipe = (own / "recipe.yaml").read_bytes()
    found = last(run("eval", str(own), "-o", "eval.split=validation", "-n", "1", "--json"))
    assert found["split"] == "validation"
    assert (own / "recipe.yaml").read_bytes() == recipe
    for wrong, says in (
        ("train.steps=3", "-o sets values of the section eval here"),
        ("eval.splitt=test", "eval.split"),
    ):
        result = run("eval", str(own), "-o", wrong)
        assert result.exit_code == 2
        assert says in result.stderr
