"""Runs that cells depend on: trained once, before the cells that need them."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from genkit.errors import RunError, StoppedError
from genkit.opening import open_run
from genkit.progress import Progress
from genkit.recipe import load
from genkit.run import Run
from genkit.study import cell_signature, run_study, study_folder
from tests import learners

SHARED = {"base": {"recipe": "./base.yaml", "share": ["data"]}}


class Told(Progress):
    """Keeps the lines about inputs, the names of cells, and warnings."""

    def __init__(self) -> None:
        self.inputs: list[str] = []
        self.warnings: list[str] = []

    def message(self, text: str) -> None:
        if text.startswith("inputs/"):
            self.inputs.append(text)

    def warn(self, text: str) -> None:
        self.warnings.append(text)


def study(folder: Path, **values: Any) -> Any:
    """A study of `line` whose recipe depends on a run of `walk`, three steps each."""
    for name, family in (("cell", "line"), ("base", "walk")):
        recipe = learners.mapping(family, steps=3, log_every=1)
        recipe["inputs"] = {"base": "./base.yaml"} if name == "cell" else {}
        (folder / f"{name}.yaml").write_text(json.dumps(recipe))
    document = {
        "kind": "study",
        "recipe": "./cell.yaml",
        "inputs": SHARED,
        "metric": "mse",
        **values,
    }
    path = folder / "sweep.yaml"
    path.write_text(json.dumps(document))
    return load(str(path))


def times(folder: Path) -> dict[Path, int]:
    return {path: path.stat().st_mtime_ns for path in folder.rglob("*") if path.is_file()}


def stop_at(count: int) -> Any:
    """Asks to stop the time it is asked for the `count`th time."""
    asked: list[int] = []

    def stop() -> int | None:
        asked.append(1)
        return 15 if len(asked) == count else None

    return stop


def test_inputs_are_trained_once_and_named_by_the_cells(tmp_path: Path) -> None:
    found = study(tmp_path, grid={"data.noise": [0.1, 0.2]}, seeds=[0, 1])
    told = Told()
    result = run_study(found, progress=told)
    assert result.failed == {}
    assert [row["runs"] for row in result.rows] == ["2/2", "2/2"]
    assert told.inputs == [f"{item.path} (walk/small)" for item in found.inputs()]
    assert len(told.inputs) == 2
    for cell in found.cells():
        run = Run.open(result.path / "cells" / cell.name)
        used = Run.open(run.recipe.inputs["base"])
        assert (used.recipe_name, used.step) == ("walk/small", 3)
        assert used.recipe.data.noise == cell.recipe.data.noise
        assert run.signature == cell_signature(cell)
        assert result.cells[cell.name]["inputs"] == {"base": cell.inputs["base"].path}
        assert used.path == result.path / cell.inputs["base"].path

    before = times(result.path / "cells") | times(result.path / "inputs")
    again = Told()
    assert run_study(found, progress=again).rows == result.rows
    assert again.inputs == []
    assert times(result.path / "cells") | times(result.path / "inputs") == before


def test_cells_name_their_inputs_below_the_root_of_all_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So that a cell can be opened from another folder, and after all runs have moved."""
    result = run_study(study(tmp_path))
    shutil.move(tmp_path / "runs", tmp_path / "elsewhere")
    (tmp_path / "deep").mkdir()
    monkeypatch.chdir(tmp_path / "deep")
    monkeypatch.setenv("GENKIT_RUNS", str(tmp_path / "elsewhere"))
    opened = open_run(f"{result.path.name}/cells/base", "last")
    assert opened.recipe.inputs["base"].startswith(f"{result.path.name}/inputs/base/base-")
    assert opened.learner.inputs["base"].step == 3


def test_a_study_stopped_between_an_input_and_its_cell_goes_on(tmp_path: Path) -> None:
    found = study(tmp_path)
    with pytest.raises(StoppedError, match="between two runs"):
        run_study(found, stop=stop_at(4))  # before the cell, after two steps, after the input
    folder = study_folder(found)
    assert not (folder / "cells").exists()
    before = times(folder / "inputs")
    assert run_study(found).rows[0]["runs"] == "1/1"
    after = times(folder / "inputs")
    assert [path.name for path in before if after[path] != before[path]] == ["lock"]
    assert set(after) == set(before)


def test_an_input_stopped_in_the_middle_goes_on(tmp_path: Path) -> None:
    found = study(tmp_path)
    with pytest.raises(StoppedError, match="stopped at step 1 of 3"):
        run_study(found, stop=stop_at(2))
    (item,) = found.inputs()
    assert Run.open(study_folder(found) / item.path).step == 1
    assert run_study(found).failed == {}
    assert [session["step"] for session in
            Run.open(study_folder(found) / item.path).metadata["sessions"]] == [0, 1]  # fmt: skip


def test_a_failed_input_fails_the_cells_that_need_it(tmp_path: Path) -> None:
    inputs = {"base": {**SHARED["base"], "share": ["model.poison"]}}
    found = study(tmp_path, inputs=inputs, seeds=[0, 1], grid={"model.poison": [1, 99]})
    told = Told()
    result = run_study(found, progress=told)
    assert len(told.inputs) == 2, "what failed for one cell is not tried again for the next"
    failing = found.inputs()[0].path
    assert failing.startswith("inputs/base/poison=1-")
    assert list(result.failed) == ["poison=1,seed=0", "poison=1,seed=1"]
    for message in result.failed.values():
        assert message.startswith(f"{failing} failed: loss is nan at step 2. ")
    assert [row["runs"] for row in result.rows] == ["0/2", "2/2"]
    assert f"- poison=1,seed=0: {failing} failed" in (result.path / "table.md").read_text()

    again = Told()
    run_study(found, progress=again)
    assert again.inputs == [f"{failing} (walk/small)"], "the next call tries it again"


def test_more_steps_for_an_input_are_another_study(tmp_path: Path) -> None:
    """Steps are no part of a signature, but cells were trained with what fewer steps gave."""
    longer = {"base": {**SHARED["base"], "overrides": {"train.steps": 4}}}
    folds = [study(tmp_path, grid={"data.noise": values}) for values in ([0.1], [0.3, 0.1])]
    assert study_folder(folds[0]) == study_folder(folds[1]), "what is shared may differ"
    short, long = study(tmp_path), study(tmp_path, inputs=longer)
    assert study_folder(short) != study_folder(long)
    folder = tmp_path / "here"
    run_study(short, folder)
    result = run_study(long, folder)
    assert result.failed["base"].startswith(f"{folder}/cells/base was trained with the input base/")
    assert "--restart" in result.failed["base"]
    assert len(list((folder / "inputs" / "base").iterdir())) == 2
    assert run_study(long, folder, restart=True).failed == {}


def test_the_folder_of_a_killed_study_is_taken(tmp_path: Path) -> None:
    (tmp_path / "here" / "inputs").mkdir(parents=True)
    (tmp_path / "here" / "cells").mkdir()
    (tmp_path / "here" / "lock").touch()
    assert run_study(study(tmp_path), tmp_path / "here").failed == {}
    (tmp_path / "there").mkdir()
    (tmp_path / "there" / "input").touch()
    with pytest.raises(RunError, match="no study and not empty"):
        run_study(study(tmp_path), tmp_path / "there")
