"""Real processes: killed at any moment, stopped by signals, and asked again."""

from __future__ import annotations

import contextlib
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from genkit.run import checkpoint
from tests import learners

ROOT = Path(__file__).resolve().parents[2]
STEPS = 40
OPTIONS = {
    "model": {"pause": 0.01},
    "train": {"steps": STEPS, "checkpoint_every": 3, "log_every": 4, "validate_every": 5},
}


def environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'cli'}"}


@contextlib.contextmanager
def worker(*arguments: str) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "tests.training.worker", *arguments]
    with subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment(),
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def wait_for_steps(process: subprocess.Popen[str], count: int) -> None:
    """Return when `count` more steps are done, or the process has ended."""
    if process.stdout is None:
        raise ValueError("no standard output")
    for line in process.stdout:
        count -= line.startswith("step ")
        if count <= 0:
            return


def finish(*arguments: str) -> None:
    with worker(*arguments) as process:
        _, errors = process.communicate(timeout=300)
    assert process.returncode == 0, errors


def contents(path: Path) -> dict[str, Any]:
    loaded = checkpoint.load(path / "checkpoints")
    records = [json.loads(line) for line in (path / "metrics.jsonl").read_text().splitlines()]
    for record in records:
        record.pop("steps_per_second", None)
    arrays = {
        name: (str(array.dtype), array.shape, array.tobytes())
        for name, array in loaded.arrays.items()
    }
    return {"step": loaded.step, "arrays": arrays, "state": loaded.loop_state, "metrics": records}


@pytest.mark.parametrize(
    ("family", "kills"),
    [
        ("walk", 5),
        pytest.param("pair", 5, marks=pytest.mark.long),
        pytest.param("line", 5, marks=pytest.mark.long),
    ],
)
def test_a_killed_run_that_goes_on_ends_bit_identical(
    family: str, kills: int, tmp_path: Path
) -> None:
    options = json.dumps(OPTIONS)
    finish(family, str(tmp_path / "whole"), options)
    chance = random.Random(family)
    for _ in range(kills):
        with worker(family, str(tmp_path / "cut"), options) as process:
            wait_for_steps(process, chance.randint(1, 2 * STEPS // kills))
            time.sleep(chance.random() * 0.03)
            process.send_signal(signal.SIGKILL)
            process.wait()
    finish(family, str(tmp_path / "cut"), options)
    assert contents(tmp_path / "cut") == contents(tmp_path / "whole")
    left = [path.name for path in (tmp_path / "cut").rglob("*") if "tmp" in path.name]
    assert left == []


def _recipe_file(folder: Path, **model: float) -> Path:
    values = learners.mapping("line", **OPTIONS["train"])
    values["model"].update(model)
    values["train"]["steps"] = 100_000
    path = folder / "line.yaml"
    path.write_text(json.dumps(values))  # JSON is YAML
    return path


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_stops_the_command_behind_a_checkpoint(
    number: signal.Signals, code: int, tmp_path: Path
) -> None:
    recipe = str(_recipe_file(tmp_path, pause=0.005))
    command = ("cli", "train", recipe, "--run", str(tmp_path / "run"))
    with worker(*command, "--json") as process:
        wait_for_steps(process, 7)
        process.send_signal(number)
        output, errors = process.communicate(timeout=60)
    assert process.returncode == code, errors
    assert "stopped at step" in errors
    assert "Traceback" not in errors
    error = json.loads(output.splitlines()[-1])["error"]
    assert error["code"] == "stopped"
    step = checkpoint.load(tmp_path / "run" / "checkpoints").step
    assert step >= 7
    with worker(*command, "--steps", str(step + 2), "--json") as process:
        output, errors = process.communicate(timeout=120)
    assert process.returncode == 0, errors
    result = json.loads(output.splitlines()[-1])
    assert (result["schema"], result["step"]) == (1, step + 2)
    assert result["run"] == str(tmp_path / "run")
    assert "mse" in result["metrics"]


def test_a_second_ctrl_c_ends_at_once(tmp_path: Path) -> None:
    recipe = str(_recipe_file(tmp_path, pause=30.0))
    with worker("cli", "train", recipe, "--run", str(tmp_path / "run")) as process:
        assert process.stderr is not None
        while not (tmp_path / "run" / "tensorboard").exists():
            assert process.poll() is None
            time.sleep(0.1)
        process.send_signal(signal.SIGINT)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(3)
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 130


def test_a_second_process_on_one_run_is_refused(tmp_path: Path) -> None:
    recipe = str(_recipe_file(tmp_path, pause=0.02))
    command = ("cli", "train", recipe, "--run", str(tmp_path / "run"))
    with worker(*command) as first:
        wait_for_steps(first, 2)
        with worker(*command) as second:
            _, errors = second.communicate(timeout=60)
        assert second.returncode == 1
        assert f"being written by process {first.pid} on " in errors
