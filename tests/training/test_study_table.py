"""The table of a study against statistics computed by hand."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest

from genkit.recipe import load
from genkit.study import run_study
from genkit.study.table import interval, markdown, rows
from tests import learners

# Student's t, 97.5 %, by degrees of freedom: from printed tables.
T = {1: 12.706, 2: 4.303, 3: 3.182, 4: 2.776, 9: 2.262}
MSE = {  # by fold, seed and width
    (0, 0, 2): 1.0, (0, 1, 2): 2.0, (1, 0, 2): 4.0, (1, 1, 2): 5.0,
    (0, 0, 3): 6.0, (0, 1, 3): 6.0, (1, 0, 3): 6.0, (1, 1, 3): 10.0,
}  # fmt: skip

# Figures of the evaluation and of training.
ALLOWED = "Allowed: gradient_norm, learning_rate, loss, mse, steps_per_second."


def study(folder: Path, **values: Any) -> Any:
    """Folds, which are noises here, by widths by seeds."""
    (folder / "line.yaml").write_text(json.dumps(learners.mapping("line", steps=3)))
    document = {
        "kind": "study",
        "recipe": "./line.yaml",
        "seeds": [0, 1],
        "grid": {"data.noise": [0.0, 1.0], "model.width": [2, 3]},
        "metric": "mse",
        **values,
    }
    (folder / "s.yaml").write_text(json.dumps(document))
    return load(str(folder / "s.yaml"))


def results(found: Any) -> dict[str, Any]:
    return {
        cell.name: {"metrics": {"mse": _mse(cell), "nats": 10 * _mse(cell), "other": 0.0}}
        for cell in found.cells()
    }


def _mse(cell: Any) -> float:
    values = cell.overrides
    return MSE[int(values["data.noise"]), cell.seed, values["model.width"]]


@pytest.mark.parametrize("freedom", T)
def test_the_interval_is_students(freedom: int) -> None:
    count = freedom + 1
    values = [0.0] * (count - 1) + [1.0]  # variance 1 / n, so the mean's is 1 / n^2
    assert interval(values) == pytest.approx(T[freedom] / count, rel=3e-4)


def test_a_row_is_over_folds_and_seeds_together(tmp_path: Path) -> None:
    found = study(tmp_path, average=["data.noise"], success={"at_most": 5.5})
    table = rows(found, results(found))
    assert [list(row) for row in table] == [
        ["model.width", "runs", "mse_mean", "mse_std", "mse_interval", "mse_min", "mse_max",
         "success_rate"]
    ] * 2  # fmt: skip
    narrow, wide = table
    std = math.sqrt((4 + 1 + 1 + 4) / 3)  # of 1, 2, 4, 5 around 3
    assert narrow == {
        "model.width": 2, "runs": "4/4", "mse_mean": 3.0, "mse_std": pytest.approx(std),
        "mse_interval": pytest.approx(3.18245 * std / 2, rel=1e-5), "mse_min": 1.0,
        "mse_max": 5.0, "success_rate": 1.0,
    }  # fmt: skip
    # 6, 6, 6, 10: three of variance 1, one of 9.
    assert (wide["mse_mean"], wide["mse_std"], wide["success_rate"]) == (7.0, 2.0, 0.0)
    assert wide["mse_interval"] == pytest.approx(3.18245, rel=1e-5)


def test_without_average_every_point_has_its_row(tmp_path: Path) -> None:
    found = study(tmp_path)
    table = rows(found, results(found))
    assert [(row["data.noise"], row["model.width"], row["mse_mean"]) for row in table] == [
        (0.0, 2, 1.5),
        (0.0, 3, 6.0),
        (1.0, 2, 4.5),
        (1.0, 3, 8.0),
    ]
    assert table[0]["mse_interval"] == pytest.approx(12.7062 * math.sqrt(0.5) / 2**0.5, rel=1e-5)
    one = study(tmp_path, seeds=[0])
    assert "mse_interval" not in rows(one, results(one))[0]
    all_in_one = study(tmp_path, seeds=[0], average=["data.noise", "model.width"])
    (row,) = rows(all_in_one, results(all_in_one))
    assert (row["runs"], row["mse_mean"]) == ("4/4", 17 / 4)


def test_cells_that_are_not_there_are_left_out(tmp_path: Path) -> None:
    found = study(tmp_path, average=["data.noise"])
    stored = results(found)
    for cell in found.cells():
        if cell.seed or cell.overrides["data.noise"]:
            stored[cell.name] = {"error": "lost"}
    table = rows(found, stored)
    assert [(row["runs"], row["mse_mean"], row["mse_std"], row["mse_interval"]) for row in table] \
        == [("1/4", 1.0, "", ""), ("1/4", 6.0, "", "")]  # fmt: skip
    assert rows(found, {})[0]["mse_mean"] == ""


def test_further_metrics_have_mean_std_and_interval(tmp_path: Path) -> None:
    found = study(tmp_path, average=["data.noise"], also=["nats", "other"])
    row = rows(found, results(found))[0]
    assert list(row)[-6:] == [
        "nats_mean", "nats_std", "nats_interval", "other_mean", "other_std", "other_interval",
    ]  # fmt: skip
    assert (row["nats_mean"], row["other_mean"], row["other_interval"]) == (30.0, 0.0, 0.0)
    assert row["nats_interval"] == pytest.approx(10 * row["mse_interval"])


def test_the_table_for_people(tmp_path: Path) -> None:
    found = study(tmp_path, average=["data.noise"], also=["nats"], description="Why", mode="max")
    stored = results(found)
    assert markdown(found, rows(found, stored), stored) == (
        "# s\n\nWhy\n\n"
        "mse on test, more is better. A row is over data.noise and seeds. An interval is half "
        "the width of the 95 % interval of the mean (Student's t).\n\n"
        "| model.width | runs | mse_mean | mse_std | mse_interval | mse_min | mse_max | nats_mean "
        "| nats_std | nats_interval |\n"
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |\n"
        "| 2 | 4/4 | 3 | 1.826 | 2.905 | 1 | 5 | 30 | 18.26 | 29.05 |\n"
        "| 3 | 4/4 | 7 | 2 | 3.182 | 6 | 10 | 70 | 20 | 31.82 |\n"
        "\nBest mean: 7 at model.width=3\n"
    )


def test_a_further_metric_that_is_not_measured_is_named(tmp_path: Path) -> None:
    """Also where the cell was done before it was asked for; and what was measured comes back."""
    grid = {"data.noise": [0.1]}
    first = run_study(study(tmp_path, seeds=[0], grid=grid))
    asked = study(tmp_path, seeds=[0], grid=grid, also=["nats"])
    result = run_study(asked)
    assert result.path == first.path
    assert result.failed == {"noise=0.1,seed=0": "unknown metric 'nats'. " + ALLOWED}
    assert run_study(study(tmp_path, seeds=[0], grid=grid)).rows == first.rows


def test_the_kept_run_is_the_best_by_its_own_metric(tmp_path: Path) -> None:
    """Not the best by the metric of the table, which may need labels."""
    keep = {"metric": "nats", "mode": "max"}
    found = study(tmp_path, average=["data.noise"], keep=keep)
    assert found.metrics() == ["mse", "nats"]
    stored = results(found)
    chosen = next(c for c in found.cells() if _mse(c) == 4.0)
    stored[chosen.name]["metrics"]["nats"] = 1e6
    narrow, wide = rows(found, stored)
    assert (narrow["kept"], narrow["mse_kept"]) == (chosen.name, 4.0)
    assert wide["mse_kept"] == 10.0
    assert rows(found, {})[0]["kept"] == ""
