"""`make` does what changed and nothing else, with a stand-in for the genkit command."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
STAND_IN = r"""#!/bin/sh
echo "$*" >> log
case $1 in
  train) while [ $# -gt 0 ]; do
           if [ "$1" = --run ]; then mkdir -p "$2/checkpoints"; echo > "$2/checkpoints/latest"; fi
           shift; done;;
  eval) mkdir -p "$2/evaluation"; echo > "$2/evaluation/test.json";;
  sample) done=job.json
          while [ $# -gt 0 ]; do
            case $1 in
              --out|--merge) out=$2;;
              --shard) done=shards/${2%/*}-of-${2#*/}.json;;
            esac
            shift; done
          mkdir -p "$out/parts" "$out/shards"; echo > "$out/$done";;
esac
"""
MAKEFILE = """
GENKIT := ./stand-in
all: run-first run-second
include recipes/jobs/genkit.mk
$(eval $(call genkit-run,first,family/base,-o "data.name='x y'"))
$(eval $(call genkit-run,second,mine.yaml,-o a=1,--temperature $(or $(T),1)))
$(call genkit-trained,second): $(call genkit-trained,first)
"""

pytestmark = pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")


def make(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    settings = {
        k: v for k, v in os.environ.items() if k not in ("MAKEFLAGS", "MAKELEVEL", "MFLAGS")
    }
    return subprocess.run(
        ["make", *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env=settings,
    )


@pytest.fixture
def project(tmp_path: Path) -> Path:
    shutil.copytree(ROOT / "recipes" / "jobs", tmp_path / "recipes" / "jobs")
    (tmp_path / "recipes" / "family").mkdir()
    (tmp_path / "recipes" / "family" / "base.yaml").write_text("family: family\n")
    (tmp_path / "mine.yaml").write_text('extends: "family/base"  # the parent\n')
    (tmp_path / "Makefile").write_text(MAKEFILE)
    (tmp_path / "stand-in").write_text(STAND_IN)
    (tmp_path / "stand-in").chmod(0o755)
    return tmp_path


def calls(project: Path, *arguments: str) -> list[str]:
    """What `make` called genkit with: subcommand and run."""
    log = project / "log"
    log.write_text("")
    finished = make(project, *arguments)
    assert finished.returncode == 0, finished.stderr
    return log.read_text().splitlines()


def short(lines: list[str]) -> list[str]:
    named = [(line.split()[0], "first" if "runs/first" in line else "second") for line in lines]
    return sorted(" ".join(pair) for pair in named)


def age(project: Path) -> None:
    """Make everything an hour older, so that what follows is newer without waiting."""
    then = time.time() - 3600
    for path in project.rglob("*"):
        os.utime(path, (path.stat().st_atime - 3600, min(path.stat().st_mtime, then)))


SHARDS = """
$(eval $(call genkit-shards,many,runs/first,5000,12,--seed 3))
$(call genkit-shard-files,many,12): $(call genkit-trained,first)
"""


def test_shards_are_drawn_once_and_then_merged(project: Path) -> None:
    (project / "Makefile").write_text(MAKEFILE + SHARDS)
    lines = calls(project, "-j4", "many/job.json")
    assert lines[0].startswith("train family/base --run runs/first")
    shards = {f"sample runs/first -n 5000 --out many --shard {i}/12 --seed 3" for i in range(12)}
    assert set(lines[1:-1]) == shards
    assert len(lines) == 14
    assert lines[-1] == "sample --merge many"
    assert calls(project, "-j4", "many/job.json") == []


def test_a_shard_that_is_taken_back_is_drawn_again(project: Path) -> None:
    (project / "Makefile").write_text(MAKEFILE + SHARDS)
    calls(project, "many/job.json")
    age(project)
    (project / "many" / "shards" / "7-of-12.json").unlink()
    (project / "many" / "job.json").unlink()
    lines = calls(project, "many/job.json")
    assert lines == [
        "sample runs/first -n 5000 --out many --shard 7/12 --seed 3", "sample --merge many"
    ]  # fmt: skip


def test_a_run_that_was_trained_on_is_sampled_again(project: Path) -> None:
    (project / "Makefile").write_text(MAKEFILE + SHARDS)
    calls(project, "many/job.json")
    age(project)
    (project / "runs" / "first" / "checkpoints" / "latest").touch()
    assert len(calls(project, "many/job.json")) == 13


def test_shards_without_a_makefile_of_ones_own(project: Path) -> None:
    given = ("-f", "recipes/jobs/shards.mk", "GENKIT=./stand-in", "COUNT=9", "DIR=here/many")
    lines = calls(project, *given, "RUN=some run", "OPTIONS=--top-p 0.9")
    assert sorted(lines[:-1]) == [
        f"sample some run -n 9 --out here/many --shard {i}/4 --top-p 0.9" for i in range(4)
    ]
    assert lines[-1] == "sample --merge here/many"
    finished = make(project, *given)
    assert finished.returncode == 2
    assert "RUN, COUNT and DIR are needed" in finished.stderr


ALL = sorted(f"{what} {run}" for what in ("train", "eval", "sample") for run in ("first", "second"))


def test_everything_once_and_then_nothing(project: Path) -> None:
    lines = calls(project, "-j2")
    assert short(lines) == ALL
    assert "train family/base --run runs/first -o data.name='x y'" in lines
    assert "sample runs/second -n 64 --temperature 1 --out runs/second/samples/final" in lines
    trained = [line for line in lines if line.startswith("train")]
    assert "runs/first" in trained[0], "the second run waits for the first"
    assert calls(project, "-j2") == []


def test_a_changed_recipe_reaches_those_that_extend_it(project: Path) -> None:
    calls(project)
    age(project)
    (project / "recipes" / "family" / "base.yaml").touch()
    assert short(calls(project)) == ALL


def test_changed_options_redo_only_what_they_change(project: Path) -> None:
    calls(project)
    age(project)
    assert short(calls(project, "T=2")) == ["sample second"]
    assert calls(project, "T=2") == []


def test_a_stopped_job_goes_on_and_stale_samples_give_way(project: Path) -> None:
    calls(project)
    samples = project / "runs" / "first" / "samples" / "final"
    (samples / "parts" / "half").touch()
    (samples / "job.json").unlink()
    assert short(calls(project)) == ["sample first"]
    assert (samples / "parts" / "half").exists(), "the parts of a stopped job are kept"
    age(project)
    (project / "recipes" / "family" / "base.yaml").touch()
    calls(project)
    assert not (samples / "parts" / "half").exists(), "samples of the run as it was are gone"


def test_more_steps_by_hand_renew_evaluation_and_samples(project: Path) -> None:
    calls(project)
    age(project)
    (project / "runs" / "first" / "checkpoints" / "latest").touch()
    assert short(calls(project)) == ["eval first", "sample first"]


def test_a_family_with_nothing_to_sample(project: Path) -> None:
    assert not [line for line in calls(project, "SAMPLES=0") if line.startswith("sample")]


def test_a_study_is_trained_and_nothing_more(project: Path) -> None:
    (project / "mine.yaml").write_text("kind: study\nrecipe: family/base\n")
    lines = ["eval first", "sample first", "train first", "train second"]
    assert short(calls(project)) == lines
    age(project)
    (project / "recipes" / "family" / "base.yaml").touch()
    assert short(calls(project)) == lines, "a study depends on its recipe"


def test_the_example_chains_recipes(project: Path) -> None:
    lines = calls(project, "-f", "recipes/jobs/example.mk", "GENKIT=./stand-in", "-j2")
    assert len(lines) == 6
    assert (project / "comparison.txt").exists()
    assert calls(project, "-f", "recipes/jobs/example.mk", "GENKIT=./stand-in") == []


def test_run_without_a_recipe_says_what_to_do() -> None:
    finished = make(ROOT, "run")
    assert finished.returncode == 2
    assert "make run RECIPE=gated_pixelcnn/digits" in finished.stderr


@pytest.mark.parametrize("version", ["3.9.18", "3.10.13", "3.14.0"])
def test_an_unsuitable_python_is_named(tmp_path: Path, version: str) -> None:
    major, minor, _ = version.split(".")
    python = tmp_path / "python"
    python.write_text(
        f'#!/bin/sh\nif [ "$1" = --version ]; then echo Python {version}; exit; fi\n'
        f'exec {sys.executable} -c "import sys; sys.version_info = ({major}, {minor}); $2"\n'
    )
    python.chmod(0o755)
    finished = make(ROOT, "install", f"PYTHON={python}", f"VENV={tmp_path / 'new'}")
    assert finished.returncode == 2
    assert "genkit needs Python 3.11, 3.12 or 3.13" in finished.stderr
    assert f"Python {version}" in finished.stderr
    assert not (tmp_path / "new").exists()


def test_a_folder_that_is_no_environment_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "precious").touch()
    finished = make(ROOT, "install", f"PYTHON={sys.executable}", f"VENV={tmp_path}")
    assert finished.returncode == 2
    assert "is no Python environment" in finished.stderr
    assert (tmp_path / "precious").exists()


def test_help_lists_every_target_that_a_person_calls() -> None:
    text = make(ROOT, "help").stdout
    for target in (
        "demo",
        "test",
        "test-long",
        "run",
        "bench",
        "bench-gpu",
        "lock",
        "clean",
        "install",
    ):
        assert f"make {target} " in text
