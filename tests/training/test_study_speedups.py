"""Speed-ups of a study on curves whose areas and crossings are known."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from genkit.study import run_study
from genkit.study.records import read_curves
from genkit.study.speedups import area, cut_at, first_reached, save_speedups, speedups
from tests.studies import record, rows, study

REFERENCE = {"model.width": 2}
COMPARED = {"grid": {"model.width": [2, 3, 4]}, "seeds": [0, 1], "reference": REFERENCE}
LINES = {  # (agent steps, score)
    "width=2,seed=0": [(100, 0.0), (500, 4.0)],
    "width=2,seed=1": [(100, 2.0), (500, 6.0)],  # mean 1 to 5
    "width=3,seed=0": [(100, 0.0), (300, 10.0), (500, 10.0)],
    "width=3,seed=1": [(100, 0.0), (300, 10.0), (500, 12.0)],  # at 5 after 200 steps
    "width=4,seed=0": [(100, 0.0), (500, 1.0)],
    "width=4,seed=1": [(100, 0.0), (500, 1.0)],
}


def found(folder: Path, curves: Any = LINES, **values: Any) -> list[dict[str, Any]]:
    made = study(folder, **{**COMPARED, **values})
    results = record(folder, curves)
    return speedups(made, results, read_curves(made, folder, results))


def test_the_area_under_a_line_is_the_mean_of_its_ends() -> None:
    line = np.array([100.0, 400.0, 500.0]), np.array([1.0, 4.0, 5.0])
    assert area(line) == pytest.approx(3.0)
    short = cut_at(line, 300.0)
    assert short is not None
    np.testing.assert_allclose(short, [[100, 300], [1, 3]])
    assert area(short) == pytest.approx(2.0)
    assert cut_at(line, 100.0) is None


@pytest.mark.parametrize(
    ("target", "mode", "steps"),
    [
        (2.5, "max", 25.0),
        (0.0, "max", 0.0),
        (-9.0, "max", 0.0),
        (4.0, "max", 30.0),
        (4.1, "max", None),
        (0.0, "min", 0.0),
        (-0.5, "min", None),
    ],
)
def test_where_a_curve_is_first_as_good(target: float, mode: str, steps: float | None) -> None:
    """Levels between two records are reached between them."""
    curve = np.array([0.0, 20.0, 30.0, 40.0]), np.array([0.0, 1.0, 4.0, 2.0])
    assert first_reached(curve, target, mode) == steps


def test_speedups_of_known_curves(tmp_path: Path) -> None:
    base, fast, slow = found(tmp_path)
    assert [row["row"] for row in (base, fast, slow)] == ["width=2", "width=3", "width=4"]
    assert base == {
        "row": "width=2",
        "runs": 2,
        "auc_mean": 3.0,  # of 2 and 4
        "auc_std": pytest.approx(math.sqrt(2)),
        "final_mean": 5.0,
        "final_std": pytest.approx(math.sqrt(2)),
        "reference_best": 5.0,
        "reference_steps": 500.0,
        "steps": 500.0,
        "speed_up": 1.0,
    }
    assert (fast["steps"], fast["speed_up"]) == (200.0, 2.5)
    # 200 steps at 5 in the mean and 200 more at 10 or at 11.
    assert (fast["auc_mean"], fast["auc_std"]) == (7.75, pytest.approx(0.5 / math.sqrt(2)))
    assert (fast["reference_best"], fast["reference_steps"]) == (5.0, 500.0)
    assert (slow["steps"], slow["speed_up"], slow["final_std"]) == ("", "", 0.0)


def test_all_runs_have_the_steps_of_the_shortest(tmp_path: Path) -> None:
    """The reference is at 3 there."""
    curves = {**LINES, "width=4,seed=1": [(100, 0.0), (300, 8.0)]}
    base, fast, other = found(tmp_path, curves)
    assert (base["reference_best"], base["reference_steps"]) == (3.0, 300.0)
    assert (base["auc_mean"], base["final_mean"]) == (2.0, 5.0)
    assert (fast["auc_mean"], fast["steps"]) == (5.0, 160.0)
    # 0 to 0.5 and 0 to 8.
    assert (other["auc_mean"], other["speed_up"]) == (
        2.125,
        pytest.approx(300 / (100 + 600 / 4.25)),
    )


def test_less_may_be_better(tmp_path: Path) -> None:
    curves = {name: [(x, -y) for x, y in points] for name, points in LINES.items()}
    base, fast, slow = found(tmp_path, curves, mode="min")
    assert (base["reference_best"], fast["speed_up"], slow["speed_up"]) == (-5.0, 2.5, "")


def test_without_the_reference_there_are_areas_only(tmp_path: Path) -> None:
    curves = {name: points for name, points in LINES.items() if "width=3" in name}
    base, fast, slow = found(tmp_path, curves)
    assert (base["runs"], base["auc_mean"]) == (0, "")
    assert (fast["runs"], fast["auc_mean"], fast["reference_best"], fast["steps"]) == (
        2,
        7.75,
        "",
        "",
    )
    assert slow["speed_up"] == ""


def test_of_draws_the_best_count(tmp_path: Path) -> None:
    """Points of the grid are compared, each by its best two draws."""
    ranges = {"train.learning_rate": {"low": 0.01, "high": 0.1}}
    grid = {"model.width": [2, 3]}
    values = {**COMPARED, "grid": grid, "seeds": [], "top": 2}
    values["random"] = {"samples": 3, "ranges": ranges}
    made = study(tmp_path, **values)
    names = [cell.name for cell in made.cells()]
    ends = (1.0, 2.0, 4.0, 9.0, 3.0, 9.0)
    curves = {n: [(0, 0.0), (100, end)] for n, end in zip(names, ends, strict=True)}
    base, fast = found(tmp_path, curves, **values)
    assert (base["row"], base["runs"], base["final_mean"]) == ("width=2", 2, 3.0)
    assert (fast["row"], fast["runs"], fast["final_mean"]) == ("width=3", 2, 9.0)
    assert (fast["steps"], fast["speed_up"]) == (pytest.approx(100 / 3), pytest.approx(3.0))


def test_a_study_writes_all_its_figures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ranges = {"train.learning_rate": {"low": 0.01, "high": 0.1}}
    values = {**COMPARED, "seeds": [], "grid": {"model.width": [2, 3]}}
    made = study(tmp_path, **values, random={"samples": 1, "ranges": ranges})
    lines = {cell.name: [(0, 0.0), (100, 1.0)] for cell in made.cells()}
    results = record(tmp_path / "run", lines)
    monkeypatch.setattr(
        "genkit.study.running._Cells._attempt", lambda self, cell: results[cell.name]
    )
    path = run_study(made, tmp_path / "run").path
    files = {f"{name}.csv" for name in ("curves", "speedups", "robustness", "table")}
    files |= {"curves.png", "robustness.png", "speedups.md", "table.md", "results.json"}
    assert {entry.name for entry in path.iterdir()} == {*files, "cells", "lock"}


def test_the_files(tmp_path: Path) -> None:
    made = study(tmp_path, **COMPARED)
    assert save_speedups(made, tmp_path, {}) == []
    results: Any = record(tmp_path, LINES)
    results["width=4,seed=1"] = {"error": "lost"}
    files = save_speedups(made, tmp_path, results)
    assert sorted(path.name for path in files) == ["speedups.csv", "speedups.md"]
    table = rows(tmp_path / "speedups.csv")
    assert [(row["runs"], row["speed_up"]) for row in table] == [
        ("2", "1.0"),
        ("2", "2.5"),
        ("1", ""),
    ]
    text = (tmp_path / "speedups.md").read_text()
    assert "score over agent steps, more is better. `auc` is" in text
    assert "Reference: model.width=2." in text
    assert "| width=3 | 2 | 7.75 | 0.3536 | 11 | 1.414 | 5 | 500 | 200 | 2.5 |" in text
    other = study(tmp_path, **{**COMPARED, "reference": {}})
    assert save_speedups(other, tmp_path / "other", results) == []
