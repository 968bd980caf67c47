"""`genkit` with cut networks: trained, evaluated, scored; there is nothing to sample."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest

from tests.cuts import CUTS


def recipe(tiny: str, **more: Any) -> dict[str, Any]:
    own = CUTS.sections[tiny]
    train = {**own["train"], "steps": 3, "validate_every": 3, "sample_every": 3}
    return {"family": "synthetic_gradients", "name": tiny, **own, "train": train, **more}


@pytest.fixture(scope="module")
def dense(trained: Any) -> Path:
    return trained(recipe("dense"))


def test_a_run_is_evaluated(run: Any, dense: Path) -> None:
    result = run("eval", str(dense), "--json")
    assert result.exit_code == 0, result.stderr
    found = json.loads(result.stdout.strip().splitlines()[-1])
    assert {"loss", "error_rate", "cosine_below_cuts"} <= set(found["metrics"])
    names = {path.name for path in (dense / "evaluation").iterdir()}
    assert {"test-alignment.png", "test-representations.png", "test-per_layer.csv"} <= names
    with (dense / "evaluation" / "test-per_layer.csv").open() as table:
        rows = list(csv.DictReader(table))
    assert [row["layer"] for row in rows] == ["0", "1", "2"]


def test_items_are_scored_with_sheets(run: Any, dense: Path) -> None:
    result = run("score", str(dense), "--data", "test", "--out", "rows.jsonl", "--files", "sheets")
    assert result.exit_code == 0, result.stderr
    rows = [json.loads(line) for line in Path("rows.jsonl").read_text().splitlines()]
    assert len(rows) == 12
    assert {"index", "label", "named", "probability", "loss"} <= set(rows[0])
    assert list(Path("sheets").glob("000000*.png"))


def test_there_is_nothing_to_sample(run: Any, dense: Path) -> None:
    result = run("sample", str(dense), "--out", "drawn")
    assert result.exit_code == 2
    assert "nothing to sample" in result.stderr


def test_implied_losses_are_drawn(run: Any, trained: Any) -> None:
    path = trained(recipe("plane"))
    assert (path / "samples" / "step-3" / "losses.png").is_file()
    result = run("eval", str(path))
    assert result.exit_code == 0, result.stderr
    assert (path / "evaluation" / "test-losses.png").is_file()
    with (path / "evaluation" / "test-per_layer.csv").open() as table:
        losses = [row["module_loss"] for row in csv.DictReader(table)]
    assert [bool(loss) for loss in losses] == [True, False, False]


def test_representations_beside_another_run(run: Any, trained: Any, dense: Path) -> None:
    other = recipe("direct", inputs={"reference": str(dense)})
    path = trained(other)
    result = run("eval", str(path), "--json")
    assert result.exit_code == 0, result.stderr
    found = json.loads(result.stdout.strip().splitlines()[-1])["metrics"]
    assert -1.0 <= found["rdm_correlation_with_reference"] <= 1.0
    assert (path / "evaluation" / "test-rdm-beside.png").is_file()
