"""`genkit check`: rows of what was measured, and exit 1 where something does not hold."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest

from genkit.conformance import learner as proofs
from genkit.family import Check
from genkit.models.gated_pixelcnn.learner import GatedPixelCNNLearner
from tests.cli.conftest import TEXTURES


def last(result: Any) -> Any:
    return json.loads(result.stdout.splitlines()[-1])


@pytest.mark.parametrize("kind", ["run", "recipe"])
def test_every_check_of_a_run_and_of_a_recipe_passes(
    run, textures: Path, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if kind == "recipe":  # the other backend is tried once
        monkeypatch.setattr(proofs, "skipped_backend", lambda: "it is not wanted here")
        Path("tiny.yaml").write_text(json.dumps(TEXTURES))
    result = run("check", str(textures) if kind == "run" else "tiny.yaml", "--json")
    assert result.exit_code == 0, result.stdout + result.stderr
    found = last(result)
    assert (found["schema"], found["passed"]) == (1, True)
    rows = {row["name"]: row for row in found["checks"]}
    assert {"causality_gradient", "sampler_differences", "save_load_differences"} <= set(rows)
    for row in rows.values():
        assert set(row) == {"name", "value", "limit", "passed"}
        assert row["passed"] is True
        assert row["value"] <= row["limit"]
    skipped = proofs.skipped_backend()
    if skipped:
        assert found["skipped"] == [skipped]
        assert f"not checked: going on with the other backend, because {skipped}" in result.stderr
    else:
        assert found["skipped"] == []
        assert any(name.startswith("continues_on_") for name in rows)


def test_a_failed_check_exits_1(run, textures: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    checks = [
        Check("holds", 0.5, lambda: 0.5),
        Check("fails", 0.5, lambda: 0.75),
        Check("is_no_number", 1.0, lambda: math.nan),
    ]
    monkeypatch.setattr(GatedPixelCNNLearner, "checks", lambda self: checks)
    monkeypatch.setattr(proofs, "learner_checks", lambda recipe, learner: [])
    result = run("check", str(textures))
    assert result.exit_code == 1
    assert [line.split() for line in result.stdout.splitlines()] == [
        ["ok", "holds", "0.5", "(limit", "0.5)"],
        ["FAILED", "fails", "0.75", "(limit", "0.5)"],
        ["FAILED", "is_no_number", "nan", "(limit", "1)"],
    ]
    assert "1 passed, 2 failed" in result.stderr
    found = last(run("check", str(textures), "--json"))
    assert [row["passed"] for row in found["checks"]] == [True, False, False]
    assert found["checks"][2]["value"] is None  # JSON has no NaN
    assert found["passed"] is False


def test_what_is_neither_run_nor_recipe(run) -> None:
    result = run("check", "gated_pixelcnn/digit", "--json")
    assert result.exit_code == 2
    assert "gated_pixelcnn/digits" in last(result)["error"]["message"]
    result = run("check", "nowhere.yaml")
    assert result.exit_code == 2
    assert "nowhere.yaml" in result.stderr
    assert "Traceback" not in result.stderr
