"""`genkit bench`: a row per sampler and tile."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

CONTRACT = {
    "seconds",
    "forward_seconds",
    "ratio",
    "values_per_second",
    "compile_seconds",
    "peak_bytes",
}


def last(result: Any) -> Any:
    return json.loads(result.stdout.splitlines()[-1])


def test_rows_of_a_run(run, textures: Path) -> None:
    options = ["--tile", "1, 3", "--seconds", "0.1", "--plot", "speed.png", "--json"]
    result = run("bench", str(textures), *options)
    assert result.exit_code == 0, result.stderr
    found = last(result)
    assert found["schema"] == 1
    rows = found["results"]
    assert [(row["sampler"], row["tile"]) for row in rows] == [
        ("incremental", 1),
        ("fixed-point", 1),
        ("naive", 1),
        ("incremental", 3),
        ("fixed-point", 3),
        ("naive", 3),
        ("training_step", 4),
    ]
    for row in rows:
        assert ("passes_per_image" in row) == (row["sampler"] == "fixed-point")
        assert 1 <= row.get("passes_per_image", 1.0) <= row.get("passes_run", 1.0) + 1e-6 < 4.1
        assert set(row) >= CONTRACT
        assert row["seconds"] > 0
        assert row["peak_bytes"] >= 0
        assert row["resident_bytes"] > 10**7
        assert row["seconds_min"] <= row["seconds"] <= row["seconds_max"]
        assert row["repeats"] >= 3
        assert row["extrapolated"] is False
        if row["sampler"] == "training_step":
            assert row["ratio"] is None
            continue
        assert 0.1 < row["ratio"] / (row["seconds"] / row["forward_seconds"]) < 10
        assert row["values_per_second"] == pytest.approx(row["tile"] * 16 / row["seconds"])
    assert Path("speed.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize("tiles", ["", "0", "1,", "1,x", "-4", "1.5", "99999999"])
def test_wrong_tiles(run, tiles: str) -> None:
    result = run("bench", "no-such-run", f"--tile={tiles}")
    assert result.exit_code == 2
    assert (
        f"--tile takes whole numbers from 1, such as 1,16,64. Received: '{tiles}'" in result.stderr
    )


def test_other_wrong_usage(run) -> None:
    result = run("bench", "no-such-run", "--plot", "speed.svg")
    assert result.exit_code == 2
    assert "--plot takes a .png file. Received: 'speed.svg'" in result.stderr
    result = run("bench", "no-such-run", "--seconds", "0")
    assert result.exit_code == 2
    assert "--seconds" in result.stderr
    result = run("bench", "no-such-run", "--json")
    assert result.exit_code == 2
    assert "no-such-run" in last(result)["error"]["message"]
