"""Draws of a study from the best to the worst."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from genkit.study.robustness import save_robustness
from tests.studies import picture_size, rows, study

RATES = {"train.learning_rate": {"low": 0.01, "high": 0.1}}


def measured(made: Any, values: list[float]) -> dict[str, Any]:
    """Results of the first cells, in their order."""
    names = [cell.name for cell in made.cells()]
    return {name: {"metrics": {"end": v}} for name, v in zip(names, values, strict=False)}


@pytest.mark.parametrize(("mode", "order"), [("max", [4, 3, 2, 1, 0]), ("min", [0, 1, 2, 3, 4])])
def test_draws_are_sorted_and_lie_from_0_to_100_percent(
    mode: str, order: list[float], tmp_path: Path
) -> None:
    made = study(tmp_path, mode=mode, curve="", random={"samples": 5, "ranges": RATES})
    results = measured(made, [2.0, 0.0, 4.0, 1.0, 3.0])
    files = save_robustness(made, tmp_path, results)
    assert sorted(path.name for path in files) == ["robustness.csv", "robustness.png"]
    assert picture_size(tmp_path / "robustness.png") == (770, 440)
    table = rows(tmp_path / "robustness.csv")
    assert list(table[0]) == ["row", "draws_percent", "end", "train.learning_rate"]
    assert [float(row["draws_percent"]) for row in table] == [0, 25, 50, 75, 100]
    assert [float(row["end"]) for row in table] == order
    best = next(c for c in made.cells() if results[c.name]["metrics"]["end"] == order[0])
    assert float(table[0]["train.learning_rate"]) == best.overrides["train.learning_rate"]


def test_agents_are_lines_over_the_draws_that_are_done(tmp_path: Path) -> None:
    """Values over the seeds of a draw are averaged; what failed is left out."""
    made = study(
        tmp_path,
        grid={"model.width": [2, 3]},
        random={"samples": 3, "ranges": RATES},
        seeds=[0, 1],
    )
    results = measured(made, [1.0, 3.0, 4.0, 6.0, 0.0, 1.0, 8.0, 9.0])
    failed = made.cells()[1].name
    results[failed] = {"error": "lost"}
    save_robustness(made, tmp_path, results)
    table = rows(tmp_path / "robustness.csv")
    assert [(row["row"], float(row["draws_percent"]), float(row["end"])) for row in table] == [
        ("width=2", 0, 5.0),
        ("width=2", 50, 1.0),
        ("width=2", 100, 0.5),
        ("width=3", 0, 8.5),
    ]
    assert picture_size(tmp_path / "robustness.png") == (770, 440)


def test_nothing_is_drawn_of_nothing(tmp_path: Path) -> None:
    made = study(tmp_path, random={"samples": 3, "ranges": RATES})
    assert save_robustness(made, tmp_path / "a", {}) == []
    lost = {cell.name: {"error": "lost"} for cell in made.cells()}
    assert save_robustness(made, tmp_path / "a", lost) == []
    grid = study(tmp_path, grid={"model.width": [2, 3]})
    assert save_robustness(grid, tmp_path / "a", measured(grid, [1.0, 2.0])) == []
    assert not (tmp_path / "a").exists()
