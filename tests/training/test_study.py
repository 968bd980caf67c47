"""Studies: cells are resumed, failures recorded, the table adds up."""

from __future__ import annotations

import csv
import json
import statistics
from pathlib import Path
from typing import Any

import pytest

from genkit.errors import RunError, StoppedError
from genkit.recipe import load
from genkit.run import list_runs
from genkit.study import raise_for_failures, run_study, study_folder
from tests import studies

# Figures of the evaluation and of training.
ALLOWED = "Allowed: gradient_norm, learning_rate, loss, mse, steps_per_second."


def write(folder: Path, **values: Any) -> str:
    """A study of `line` with three steps a cell; returns its path."""
    made = {
        "seeds": [0, 1],
        "grid": {"train.learning_rate": [0.01, 0.1]},
        "metric": "mse",
        "success": {"at_most": 1e9},
        **values,
    }
    return studies.written(folder, 3, **made)


def test_a_study_writes_one_table_and_is_done_once(tmp_path: Path) -> None:
    study: Any = load(write(tmp_path))
    result = run_study(study)
    assert result.path == study_folder(study)
    assert result.failed == {}
    stored = json.loads((result.path / "results.json").read_text())
    assert set(stored["cells"]) == {cell.name for cell in study.cells()}
    assert {info.recipe_name for info in list_runs(result.path / "cells")} == {"line/small"}
    for row, rate in zip(result.rows, (0.01, 0.1), strict=True):
        values = [
            cell["metrics"]["mse"]
            for cell in stored["cells"].values()
            if cell["overrides"] == {"train.learning_rate": rate}
        ]
        assert row == {
            "train.learning_rate": rate,
            "runs": "2/2",
            "mse_mean": statistics.fmean(values),
            "mse_std": statistics.stdev(values),
            # Student's t of one degree of freedom is the tangent: tan(0.475 pi) = 12.706.
            "mse_interval": pytest.approx(12.7062 * statistics.stdev(values) / 2**0.5, rel=1e-5),
            "mse_min": min(values),
            "mse_max": max(values),
            "success_rate": 1.0,
        }
    with (result.path / "table.csv").open() as file:
        assert [row["runs"] for row in csv.DictReader(file)] == ["2/2", "2/2"]
    text = (result.path / "table.md").read_text()
    assert "| train.learning_rate | runs | mse_mean |" in text
    assert "Best mean: " in text

    times = {path: path.stat().st_mtime_ns for path in (result.path / "cells").rglob("*.json*")}
    assert run_study(study).rows == result.rows
    assert {path: path.stat().st_mtime_ns for path in times} == times


def test_more_seeds_join_the_cells_that_are_there(tmp_path: Path) -> None:
    few: Any = load(write(tmp_path, seeds=[0], grid=None))
    more: Any = load(write(tmp_path, seeds=[0, 1], grid=None))
    assert study_folder(few) == study_folder(more)
    first = run_study(few)
    assert first.rows[0]["mse_std"] == ""
    second = run_study(more)
    assert second.rows[0]["runs"] == "2/2"
    assert second.cells["seed=0"] == first.cells["seed=0"]
    other: Any = load(write(tmp_path, overrides={"model.width": 5}))
    assert study_folder(other) != study_folder(few)


def test_a_failed_cell_is_recorded_and_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    grid = {"model.poison": [1, 99]}
    study: Any = load(write(tmp_path, seeds=None, grid=grid))
    result = run_study(study)
    (name,) = result.failed
    assert "loss is nan at step 2" in result.failed[name]
    assert [row["runs"] for row in result.rows] == ["0/1", "1/1"]
    assert [row["success_rate"] for row in result.rows] == [0.0, 1.0]
    assert f"- {name}: loss is nan" in (result.path / "table.md").read_text()
    with pytest.raises(RunError, match=r"1 of 2 cells of .* failed"):
        raise_for_failures(result)

    attempts: list[str] = []
    monkeypatch.setattr(
        "genkit.study.running._Cells._attempt",
        lambda self, cell: attempts.append(cell.name) or {"error": "again"},
    )
    run_study(study)
    assert attempts == [name]


def test_a_metric_that_is_not_measured_is_named(tmp_path: Path) -> None:
    study: Any = load(write(tmp_path, seeds=None, grid=None, metric="msr"))
    result = run_study(study)
    assert result.failed == {"base": "unknown metric 'msr'. Did you mean 'mse'? " + ALLOWED}


def test_a_stopped_study_goes_on(tmp_path: Path) -> None:
    study: Any = load(write(tmp_path, seeds=[0, 1], grid=None))
    asked: list[int] = []

    def stop() -> int | None:
        asked.append(1)
        return 2 if len(asked) > 4 else None

    with pytest.raises(StoppedError) as caught:
        run_study(study, stop=stop)
    assert caught.value.exit_code == 130
    stored = json.loads((study_folder(study) / "results.json").read_text())["cells"]
    assert len(stored) == 1
    assert "error" not in next(iter(stored.values()))
    assert run_study(study).rows[0]["runs"] == "2/2"


def test_restart_sets_the_study_aside(tmp_path: Path) -> None:
    study: Any = load(write(tmp_path, seeds=None, grid=None))
    first = run_study(study, tmp_path / "here")
    again = run_study(study, tmp_path / "here", restart=True)
    assert again.rows == first.rows
    assert (tmp_path / "here.old-1" / "results.json").exists()


def test_folders_of_something_else_are_refused(tmp_path: Path) -> None:
    study: Any = load(write(tmp_path))
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "cat.png").touch()
    with pytest.raises(RunError, match=r"no study and not empty \(it holds cat\.png\)"):
        run_study(study, tmp_path / "photos")
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "metadata.json").write_text("{}")
    with pytest.raises(RunError, match="a run of one recipe"):
        run_study(study, tmp_path / "run")
