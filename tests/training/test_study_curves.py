"""Curves of a study: every run, and the mean of the best."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from genkit.recipe import load
from genkit.run.metrics import MetricsLog
from genkit.study import run_study
from genkit.study.curves import averaged, save_curves
from tests import learners


def study(folder: Path, **values: Any) -> Any:
    recipe = learners.mapping("line", steps=4, log_every=1)
    (folder / "line.yaml").write_text(json.dumps(recipe))
    values = {
        "kind": "study",
        "recipe": "./line.yaml",
        "seeds": [0, 1, 2],
        "metric": "mse",
        "curve": "loss",
        **values,
    }
    (folder / "sweep.yaml").write_text(json.dumps(values))
    return load(str(folder / "sweep.yaml"))


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


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
