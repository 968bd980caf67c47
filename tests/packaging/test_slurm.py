"""The Slurm example, with stand-ins for Slurm's commands and for genkit."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

STAND_INS = {
    "sbatch": r"""#!/bin/sh
echo "sbatch $*" >> "$LOG"
echo "$((41 + $(grep -c ^sbatch "$LOG")));cluster"
""",
    "scontrol": r"""#!/bin/sh
echo "scontrol $*" >> "$LOG"
""",
    "genkit": r"""#!/bin/sh
echo "genkit $*" >> "$LOG"
trap 'exit 143' TERM
n=0; while [ -e "$WAIT" ] && [ $n -lt 300 ]; do sleep 0.1; n=$((n + 1)); done
exit "${CODE:-0}"
""",
}
TASK = {"SLURM_ARRAY_TASK_ID": "2", "SLURM_ARRAY_TASK_COUNT": "8", "SLURM_ARRAY_JOB_ID": "42"}

pytestmark = pytest.mark.skipif(shutil.which("bash") is None, reason="bash is not installed")


@pytest.fixture
def cluster(tmp_path: Path) -> dict[str, str]:
    """The environment of a machine with Slurm; what was called is in `log`."""
    (tmp_path / "bin").mkdir()
    for name, text in STAND_INS.items():
        (tmp_path / "bin" / name).write_text(text)
        (tmp_path / "bin" / name).chmod(0o755)
    (tmp_path / "log").touch()
    path = f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}"
    return {**os.environ, "PATH": path, "LOG": str(tmp_path / "log"), "WAIT": str(tmp_path / "on")}


def script(name: str) -> str:
    return str(ROOT / "recipes" / "jobs" / "slurm" / name)


def log(cluster: dict[str, str]) -> list[str]:
    return Path(cluster["LOG"]).read_text().splitlines()


def test_an_array_of_shards_and_a_job_that_merges_them(cluster: dict[str, str]) -> None:
    arguments = ["runs/a", "1000", "8", "out dir", "--seed", "3"]
    done = subprocess.run(
        [script("submit.sh"), *arguments], env=cluster, capture_output=True, text=True, check=True
    )
    assert done.stdout == "shards: job 42, an array of 8; then merge: job 43\n"
    assert log(cluster) == [
        f"sbatch --parsable --array=0-7 {script('shard.sbatch')} runs/a 1000 out dir --seed 3",
        "sbatch --parsable --dependency=afterok:42 --kill-on-invalid-dep=yes "
        f"{script('merge.sbatch')} out dir",
    ]
    wrong = subprocess.run([script("submit.sh"), "runs/a"], env=cluster, capture_output=True)
    assert wrong.returncode == 2
    assert b"usage: " in wrong.stderr


@pytest.mark.parametrize("code", [0, 1, 2])
def test_a_shard_passes_on_what_genkit_says(cluster: dict[str, str], code: int) -> None:
    command = ["bash", script("shard.sbatch"), "runs/a", "1000", "out dir", "--seed", "3"]
    done = subprocess.run(command, env={**cluster, **TASK, "CODE": str(code)}, timeout=60)
    assert done.returncode == code
    assert log(cluster) == ["genkit sample runs/a -n 1000 --out out dir --shard 2/8 --seed 3"]


def test_a_shard_out_of_time_goes_back_into_the_queue(cluster: dict[str, str]) -> None:
    Path(cluster["WAIT"]).touch()
    command = ["bash", script("shard.sbatch"), "runs/a", "1000", "out"]
    with subprocess.Popen(command, env={**cluster, **TASK}) as process:
        try:
            while not log(cluster):
                time.sleep(0.02)
            process.send_signal(signal.SIGTERM)
            assert process.wait(60) == 143
        finally:
            process.kill()
    assert log(cluster) == [
        "genkit sample runs/a -n 1000 --out out --shard 2/8",
        "scontrol requeue 42_2",
    ]


def test_merging(cluster: dict[str, str]) -> None:
    command = ["bash", script("merge.sbatch"), "out dir"]
    assert subprocess.run(command, env={**cluster, "CODE": "3"}, timeout=60).returncode == 3
    assert log(cluster) == ["genkit sample --merge out dir"]
