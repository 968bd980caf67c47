"""Curves of a study: every run and the mean of the best, or rows with their spread."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from genkit.recipe import load
from genkit.run.metrics import MetricsLog
from genkit.study import run_study
from genkit.study.averaging import averaged
from genkit.study.curves import save_curves
from tests import studies
from tests.studies import picture_size, record, rows


def study(folder: Path, **values: Any) -> Any:
    made = {"seeds": [0, 1, 2], "metric": "mse", "curve": "loss", **values}
    return load(studies.written(folder, 4, **made))


def test_a_mean_is_of_what_all_curves_have() -> None:
    x = np.array([0.0, 10.0])
    grid, mean = averaged([(x, np.array([0.0, 10.0])), (np.array([5.0, 20.0]), np.array([1.0, 1]))])
    assert (grid[0], grid[-1]) == (5.0, 10.0)
    np.testing.assert_allclose(mean, (grid + 1) / 2)


def test_the_best_cells_make_the_mean(tmp_path: Path) -> None:
    result = run_study(study(tmp_path, top=2))
    assert (result.path / "curves.png").read_bytes().startswith(b"\x89PNG")
    found = rows(result.path / "curves.csv")
    assert list(found[0]) == ["step", "loss_top_2"]
    best = sorted(result.cells, key=lambda name: result.cells[name]["metrics"]["mse"])[:2]
    ends = []
    for name in best:
        log = MetricsLog(result.path / "cells" / name / "metrics.jsonl")
        ends.append(log.read("train")[-1]["loss"])
    assert float(found[-1]["loss_top_2"]) == pytest.approx(np.mean(ends))


def test_cells_that_failed_are_left_out_and_agents_are_drawn_over_their_steps(
    tmp_path: Path,
) -> None:
    made = study(tmp_path)
    names = [cell.name for cell in made.cells()]
    for number, name in enumerate(names):
        log = MetricsLog(tmp_path / "cells" / name / "metrics.jsonl")
        log.path.parent.mkdir(parents=True)
        for step in (1, 2):
            log.append(step, "train", {"loss": number + step, "agent_steps": 100 * step})
    results: Any = {name: {"metrics": {"mse": 1.0}} for name in names[:2]}
    results[names[2]] = {"error": "no more"}
    files = save_curves(made, tmp_path, results)
    assert tmp_path / "curves.png" in files
    found = rows(tmp_path / "curves.csv")
    assert [float(found[i]["agent_steps"]) for i in (0, -1)] == [100, 200]
    assert [float(found[i]["loss_top_2"]) for i in (0, -1)] == [1.5, 2.5]
    assert save_curves(made, tmp_path / "nowhere", results) == []


ROWS = {"grid": {"model.width": [2, 3, 4]}, "seeds": [0, 1]}


def numbers(folder: Path, column: str) -> list[float | None]:
    return [float(row[column]) if row[column] else None for row in rows(folder / "curves.csv")]


def test_rows_have_a_mean_and_a_spread(tmp_path: Path) -> None:
    """A row that begins later has no values before; one that is not done has no columns."""
    made = studies.study(tmp_path, **ROWS)
    curves = {
        "width=2,seed=0": [(1, 0.0), (200, 199.0)],
        "width=2,seed=1": [(1, 2.0), (200, 401.0)],
        "width=3,seed=0": [(11, 5.0), (190, 5.0)],
    }
    results: Any = record(tmp_path, curves)
    results["width=3,seed=1"] = {"error": "lost"}
    files = save_curves(made, tmp_path, results)
    assert sorted(path.name for path in files) == ["curves.csv", "curves.png"]
    assert picture_size(tmp_path / "curves.png") == (770, 440)
    names = [f"width={width} {name}" for width in (2, 3) for name in ("mean", "min", "max")]
    assert list(rows(tmp_path / "curves.csv")[0]) == ["agent_steps", *names]
    steps = np.arange(1, 201)  # of which there are as many as points
    np.testing.assert_allclose(numbers(tmp_path, "agent_steps"), steps)
    np.testing.assert_allclose(numbers(tmp_path, "width=2 min"), steps - 1)
    high = 2 + (steps - 1) * 399 / 199
    np.testing.assert_allclose(numbers(tmp_path, "width=2 max"), high)
    np.testing.assert_allclose(numbers(tmp_path, "width=2 mean"), (steps - 1 + high) / 2)
    other = numbers(tmp_path, "width=3 mean")
    assert (other[9], other[10], other[189], other[190]) == (None, 5.0, 5.0, None)


def test_agents_over_draws_are_their_best(tmp_path: Path) -> None:
    ranges = {"train.learning_rate": {"low": 0.01, "high": 0.1}}
    values = {"random": {"samples": 3, "ranges": ranges}, "top": 2}
    made = studies.study(tmp_path, grid={"model.width": [2, 3]}, **values)
    names = [cell.name for cell in made.cells()]
    ends = (1.0, 2.0, 4.0, 9.0, 3.0, 8.0)
    lines = {n: [(0, 0.0), (100, end)] for n, end in zip(names, ends, strict=True)}
    save_curves(made, tmp_path, record(tmp_path, lines))
    last = rows(tmp_path / "curves.csv")[-1]
    assert list(map(float, last.values())) == [100, 3.0, 2.0, 4.0, 8.5, 8.0, 9.0]


def test_draws_of_one_agent_are_runs_and_the_mean_of_the_best(tmp_path: Path) -> None:
    """Draws count, each with all its seeds."""
    ranges = {"train.learning_rate": {"low": 0.01, "high": 0.1}}
    values = {"random": {"samples": 3, "ranges": ranges}, "top": 2, "seeds": [0, 1]}
    made = studies.study(tmp_path, **values)
    names = [cell.name for cell in made.cells()]
    ends = (9.0, 0.0, 5.0, 6.0, 1.0, 10.0)
    lines = {n: [(0, 0.0), (100, end)] for n, end in zip(names, ends, strict=True)}
    save_curves(made, tmp_path, record(tmp_path, lines))
    found = rows(tmp_path / "curves.csv")
    assert float(found[-1]["score_top_2"]) == (5 + 6 + 1 + 10) / 4
    assert picture_size(tmp_path / "curves.png") == (770, 440)


def test_many_rows_are_drawn_without_a_legend(tmp_path: Path) -> None:
    made = studies.study(tmp_path, grid={"model.width": list(range(1, 31))})
    lines = {cell.name: [(0, 0.0), (1, 1.0)] for cell in made.cells()}
    save_curves(made, tmp_path, record(tmp_path, lines))
    assert len(rows(tmp_path / "curves.csv")[0]) == 1 + 3 * 30
    assert picture_size(tmp_path / "curves.png") == (770, 440)


def test_nothing_is_asked_of_a_study_without_a_curve(tmp_path: Path) -> None:
    made = studies.study(tmp_path, curve="")
    assert save_curves(made, tmp_path, record(tmp_path, {"base": [(0, 0.0), (1, 1.0)]})) == []
