"""The project's own benchmarks run, on networks that are tiny."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from benchmarks import cases, report, suite

ROOT = Path(__file__).resolve().parents[2]


def called(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    monkeypatch.setattr(sys, "argv", ["suite.py", *arguments])
    return suite.main()


def test_samplers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "new" / "bench.json"
    options = ["--only", "tiny,tiny-audio", "--seconds", "0.05", "--out", str(out)]
    assert called(monkeypatch, *options) == 0
    found = json.loads(out.read_text())
    assert found["schema"] == 1
    assert found["machine"]["backend"]["backend"] == "tensorflow"
    assert found["machine"]["processor"]
    rows = found["results"]
    drawn = {(row["case"], row["sampler"], row["tile"]) for row in rows}
    assert {("tiny", "incremental", 2), ("tiny", "naive", 2)} < drawn
    assert {("tiny-audio", "incremental", 1), ("tiny-audio", "naive", 1)} < drawn
    for row in rows:
        assert row["seconds"] > 0
        assert row["ratio"] > 0
        assert row["extrapolated"] is ((row["case"], row["sampler"]) == ("tiny-audio", "naive"))
        assert ("over_naive" in row) == (row["sampler"] != "naive")
        assert ("blas_ratio" in row) == (row["case"] == "tiny-audio")
    assert "over naive" in capsys.readouterr().out


@pytest.mark.long
def test_linear_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    out = tmp_path / "bench.json"
    assert called(monkeypatch, "--only", "tiny-linear", "--seconds", "0.05", "--out", str(out)) == 0
    rows = json.loads(out.read_text())["linear_time"]
    assert [row["doubled"] for row in rows] == ["height", "width"]
    assert all(row["ratio"] > 0 and row["values"] == 18 for row in rows)
    assert "of twice" in capsys.readouterr().out


def test_an_unknown_name(monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    with pytest.raises(SystemExit) as caught:
        called(monkeypatch, "--only", "gray")
    assert caught.value.code == 2
    assert "Received: gray" in capsys.readouterr().err


def test_the_networks_are_those_whose_speed_is_promised() -> None:
    grey, colour = cases.CASES["grey-15x64"], cases.CASES["colour-15x66"]
    assert (grey.layers, grey.width, grey.size, grey.channels) == (15, 64, 28, 1)
    assert (colour.layers, colour.width, colour.size, colour.levels) == (15, 66, 32, 256)
    assert set(suite.DEFAULT) <= {*cases.CASES, *suite.LINEAR, suite.AUDIO}


def test_where_the_file_goes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OUT", raising=False)
    monkeypatch.delenv("GENKIT_RUNS", raising=False)
    assert report.default_out("a.json") == Path("runs/a.json")
    monkeypatch.setenv("GENKIT_RUNS", "elsewhere")
    assert report.default_out("a.json") == Path("elsewhere/a.json")
    monkeypatch.setenv("OUT", "out")
    assert report.default_out("a.json") == Path("out/a.json")


def test_a_table_names_what_was_left_out() -> None:
    rows = [
        {"case": "a", "sampler": "naive", "tile": 1, "seconds": 1.25, "extrapolated": True},
        {"case": "a", "sampler": "naive", "tile": 16, "skipped": "no time left"},
        {"case": "a", "sampler": "naive", "tile": 64, "error": "MemoryError: no room"},
    ]
    lines = report.table(rows).splitlines()
    assert lines[0].split() == ["case", "sampler", "tile", "seconds"]
    assert lines[1].endswith("1.25  (extrapolated)")
    assert lines[2].endswith("no time left")
    assert lines[3].endswith("MemoryError: no room")


# Benchmarks on accelerators: TensorFlow may be missing there.


@pytest.fixture
def gpu(tmp_path: Path) -> Any:
    """Runs `benchmarks/gpu.py` where TensorFlow cannot be imported."""
    stand_in = tmp_path / "path" / "tensorflow" / "__init__.py"
    stand_in.parent.mkdir(parents=True)
    stand_in.write_text("raise ImportError('TensorFlow is not installed')\n")
    paths = os.pathsep.join([str(stand_in.parents[1]), str(ROOT)])
    settings = {**os.environ, "PYTHONPATH": paths, "KERAS_BACKEND": "jax"}
    script = str(ROOT / "benchmarks" / "gpu.py")

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, script, *arguments],
            capture_output=True,
            text=True,
            env=settings,
            cwd=tmp_path,
            timeout=300,
            check=False,
        )

    return run


def test_without_an_accelerator_it_says_so(gpu: Any, tmp_path: Path) -> None:
    done = gpu("--out", str(tmp_path / "bench.json"))
    if "no accelerator" not in done.stderr:
        pytest.skip("there is an accelerator")
    assert done.returncode == 0
    assert not list(tmp_path.glob("*bench.json*"))


def rows_of(done: subprocess.CompletedProcess[str], out: Path) -> dict[Any, Any]:
    assert done.returncode == 0, done.stderr
    found = json.loads(out.read_text())
    assert found["machine"]["backend"]["backend"] == "jax"
    assert list(out.parent.glob(".*part")) == []
    rows = {(row["part"], row["sampler"], row.get("precision")): row for row in found["results"]}
    assert all(row["seconds"] > 0 for row in rows.values()), rows
    return rows


def test_sampling_where_tensorflow_is_missing(gpu: Any, tmp_path: Path) -> None:
    out = tmp_path / "bench.json"
    options = ["--allow-cpu", "--only", "tiny-audio", "--tiles", "2"]
    rows = rows_of(gpu("--out", str(out), *options), out)
    assert set(rows) == {("sampling", "incremental", None), ("sampling", "naive", None)}


@pytest.mark.long
def test_training_too(gpu: Any, tmp_path: Path) -> None:
    out = tmp_path / "bench.json"
    options = ["--allow-cpu", "--only", "tiny", "--tiles", "2", "--batches", "2"]
    rows = rows_of(gpu("--out", str(out), *options), out)
    assert {("sampling", "incremental", None), ("sampling", "fixed-point", None)} < set(rows)
    for precision in ("float32", "bfloat16"):
        row = rows["training", "training_step", precision]
        assert row["steps_per_second"] == pytest.approx(1 / row["seconds"])


def test_what_does_not_fit_into_the_budget_is_named(gpu: Any, tmp_path: Path) -> None:
    out = tmp_path / "bench.json"
    done = gpu("--allow-cpu", "--only", "tiny,tiny-audio", "--seconds", "1", "--out", str(out))
    assert done.returncode == 1, "nothing was measured"
    rows = json.loads(out.read_text())["results"]
    assert [(row["case"], row["part"], row["skipped"]) for row in rows] == [
        ("tiny", "sampling", "no time left"),
        ("tiny-audio", "sampling", "no time left"),
        ("tiny", "training", "no time left"),
    ]
