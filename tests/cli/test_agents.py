"""Agents from the command line: train, go on, evaluate, sample; and wrong input."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from genkit.artifacts.npz import read_npz
from genkit.registry import families

TINY = families.get("agents").tiny


@pytest.fixture
def recipe(tmp_path: Path) -> Path:
    """Catch, four updates."""
    sections = TINY["catch-lstm"]
    train = {**sections["train"], "steps": 4, "log_every": 2, "checkpoint_every": 2}
    sample = {"count": 2, "tile": 2, "checkpoint": "last"}
    values: dict[str, Any] = {"family": "agents", **sections, "train": train, "sample": sample}
    values["eval"] = {**sections["eval"], "checkpoint": "last"}
    path = tmp_path / "catch.yaml"
    path.write_text(json.dumps(values))
    return path


def weights(path: Path, step: int) -> dict[str, np.ndarray]:
    from genkit.run import checkpoint

    return checkpoint.load(path / "checkpoints", step).arrays


def test_a_whole_run(run, recipe: Path, folder: Path) -> None:
    result = run("train", str(recipe), "--run", "one", "--json")
    assert result.exit_code == 0, result.stderr
    told = json.loads(result.stdout.splitlines()[-1])
    assert told["step"] == 4
    names = {"mean_return", "auc", "agent_steps", "acting_percent", "learning_percent"}
    assert names | {"waiting_percent", "agent_steps_per_second"} <= set(told["metrics"])

    # Stopped in the middle, it ends with the same weights, environments and scores.
    assert run("train", str(recipe), "--run", "two", "--steps", "2").exit_code == 0
    assert run("train", str(recipe), "--run", "two").exit_code == 0
    first, second = weights(folder / "one", 4), weights(folder / "two", 4)
    assert first.keys() == second.keys()
    assert any(name.startswith("feed/carry/environment") for name in first)
    assert any(name.startswith("feed/replay/") for name in first)
    for name, value in first.items():
        np.testing.assert_array_equal(second[name], value, err_msg=name)

    result = run("eval", "one", "-n", "6", "--json")
    assert result.exit_code == 0, result.stderr
    metrics = json.loads(result.stdout.splitlines()[-1])["metrics"]
    assert metrics["mean_return_low"] <= metrics["mean_return"] <= metrics["mean_return_high"]
    assert (folder / "one/evaluation/test-first-6-episodes.csv").is_file()

    result = run("sample", "one", "--out", "films", "--json")
    assert result.exit_code == 0, result.stderr
    files = json.loads(result.stdout.splitlines()[-1])["files"]
    assert sorted(files) == [
        "films/000000.gif", "films/000001.gif", "films/grid.png", "films/samples.npz",
    ]  # fmt: skip
    table = json.loads((folder / "one/evaluation/test-first-6.json").read_text())["tables"]
    returns = [row["return"] for row in table["episodes"]]
    assert list(read_npz(Path("films/samples.npz"))["return"]) == returns[:2]


def test_another_set_of_actions_is_another_run(run, recipe: Path) -> None:
    assert run("train", str(recipe), "--run", "one", "--steps", "1").exit_code == 0
    values = json.loads(recipe.read_text())
    values["data"] = {"name": "key-door", "size": 6}
    recipe.write_text(json.dumps(values))
    result = run("train", str(recipe), "--run", "one")
    assert result.exit_code == 1
    assert "one holds a run of another recipe or seed" in result.stderr
    assert "data.name: 'catch' there, 'key-door' here" in result.stderr
    assert "Traceback" not in result.stderr


def test_what_agents_do_not_take(run, recipe: Path) -> None:
    result = run("train", str(recipe), "-o", "data.name=cacth")
    assert result.exit_code == 2
    assert "unknown environment 'cacth'. Did you mean 'catch'?" in result.stderr
    assert run("train", str(recipe), "--run", "one", "--steps", "1").exit_code == 0
    result = run("sample", "one", "--out", "x", "--condition", "class=3")
    assert result.exit_code == 2
    assert "an agent's episodes take none" in result.stderr
    result = run("sample", "one", "--out", "x", "--top-k", "2")
    assert result.exit_code == 2
    assert "temperature only" in result.stderr


def test_modules_are_imported_only_where_that_is_allowed(
    run, recipe: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("gymnasium", reason="gymnasium is not installed (extra rl)")
    monkeypatch.syspath_prepend(str(folder))
    monkeypatch.setenv("GENKIT_ALLOW_IMPORT", "")
    (folder / "own_game.py").write_text(
        "import gymnasium\n"
        "gymnasium.register('Own-v0', 'gymnasium.envs.classic_control:CartPoleEnv',\n"
        "                   max_episode_steps=9)\n"
    )
    values = json.loads(recipe.read_text())
    values["data"] = {"name": "gymnasium", "id": "own_game:Own-v0"}
    values["model"]["sees"] = ["vector"]
    recipe.write_text(json.dumps(values))
    result = run("train", str(recipe), "--run", "own")
    assert result.exit_code == 2
    assert "--allow-import" in result.stderr
    result = run("train", str(recipe), "--run", "own", "--steps", "1", "--allow-import")
    assert result.exit_code == 0, result.stderr
