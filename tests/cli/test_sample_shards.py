"""`genkit sample --shard` and `--merge`: what they print, leave and refuse."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from genkit.sampling.job import Shard
from tests.cli.test_light import CODE, HEAVY
from tests.sampling.jobs import ROOT, contents, do


def last(result: Any) -> Any:
    """The JSON object of the last line."""
    return json.loads(result.stdout.splitlines()[-1])


def shards(folder: str, of: int = 2, only: int | None = None, **settings: Any) -> None:
    """Fake samples: merging needs no run."""
    for number in range(of) if only is None else [only]:
        do(Path(folder), shard=Shard(number, of), **settings)


def test_merging_prints_what_there_is(run) -> None:
    shards("job")
    result = run("sample", "--merge", "job")
    assert result.exit_code == 0, result.stderr
    assert result.stdout.splitlines() == ["job/grid.png", "job/samples.npz"]
    assert result.stderr.startswith("10 samples in ")
    result = run("sample", "--merge", "job", "--json")
    assert set(last(result)) == {"schema", "count", "files", "seconds"}
    assert last(result)["files"] == ["job/grid.png", "job/samples.npz"]
    assert "all there already" in run("sample", "--merge", "job").stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ["--merge", "a", "b", "--out", "whole"],
        ["--merge", "a", "--merge", "b", "--out", "whole"],
        ["b", "--out", "whole", "--merge", "a"],
    ],
)
def test_merging_several_folders(run, arguments: list[str]) -> None:
    shards("a", only=0)
    shards("b", only=1)
    do(Path("one"))
    result = run("sample", *arguments)
    assert result.exit_code == 0, result.stderr
    assert contents(Path("whole")) == contents(Path("one"))


def test_missing_shards_exit_3(run) -> None:
    shards("job", of=3, only=1)
    result = run("sample", "--merge", "job", "--json")
    assert result.exit_code == 3
    error = last(result)["error"]
    assert error["code"] == "shards_missing"
    assert [problem["key"] for problem in error["problems"]] == ["--shard 0/3", "--shard 2/3"]
    assert "job cannot be put together: 2 of 3 tiles cannot be used." in result.stderr
    assert "  --shard 2/3: 1 of 1 tiles missing, the first is samples 8 to 9" in result.stderr


def test_mixtures_exit_2_unless_allowed(run) -> None:
    for number in (0, 1):
        shards("job", only=number, fingerprint={"cpus": number})
    result = run("sample", "--merge", "job")
    assert result.exit_code == 2
    assert "Give --allow-mixed" in result.stderr
    assert "  cpus: 0 there, 1 now" in result.stderr
    assert run("sample", "--merge", "job", "--allow-mixed").exit_code == 0
    assert len(json.loads(Path("job/job.json").read_text())["mixture"]) == 2


def test_merging_needs_no_backend(truly, folder: Path) -> None:
    shards(str(folder / "job"))
    result = truly(code=CODE.format(args=["sample", "--merge", "job"], heavy=HEAVY), cwd=folder)
    code, _, loaded = json.loads(result.stderr.splitlines()[-1])
    assert (code, loaded) == (0, [])


WRONG = [
    (["run", "--out", "job", "--shard", "3/3"], ["--shard: shards are counted from 0, 0 to 2."]),
    (["run", "--out", "job", "--shard", "1-3"], ["--shard takes I/N, such as 0/4"]),
    (["--out", "job"], ["Missing argument 'RUN'"]),
    (["run"], ["Missing option '--out'"]),
    (["run", "other", "--out", "job"], ["one RUN is sampled at a time. Received: run, other"]),
    (["--merge", "none"], ["--merge takes folders that", "  none: no such folder"]),
    (["--merge", "empty", "none"], ["  empty: holds no sampling job", "  none: no such folder"]),
    (
        [
            "--merge",
            "job",
            "--shard",
            "1/3",
            "--seed",
            "2",
            "-n",
            "5",
            "--out",
            "-",
            "--keep",
            "top",
        ],
        [
            "--shard does not go with --merge",
            "--seed does not go with --merge",
            "-n does not go with --merge",
            "--keep does not go with --merge",
            "--merge puts shards together in a folder. Received: --out -",
        ],
    ),
    (
        ["run", "other", "--out", "-", "--json", "--shard", "x"],
        [
            "this command contradicts itself",
            "  one RUN is sampled at a time. Received: run, other",
            "  --out - and --json both need standard output. Give one of them.",
            "  --shard needs a folder that keeps its parts. Received: --out -",
            "  --shard takes I/N, such as 0/4 for the first of four. Received: 'x'",
        ],
    ),
]


@pytest.mark.parametrize(("arguments", "says"), WRONG, ids=[" ".join(w[0]) for w in WRONG])
def test_wrong_usage(run, arguments: list[str], says: list[str]) -> None:
    Path("empty").mkdir()
    result = run("sample", *arguments)
    assert result.exit_code == 2
    for text in says:
        assert text in result.stderr
    assert "Traceback" not in result.stderr
    assert [path.name for path in Path().iterdir()] == ["empty"]


@pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")
def test_make_draws_shards_side_by_side_and_merges_them(run, textures: Path, folder: Path) -> None:
    """Truly: processes of their own, as `make -j` runs them."""
    (folder / "genkit").write_text(f'#!/bin/sh\nexec {sys.executable} -m genkit_cli "$@"\n')
    (folder / "genkit").chmod(0o755)
    command = [
        "make", "-j2", "-f", str(ROOT / "recipes" / "jobs" / "shards.mk"), "GENKIT=./genkit",
        f"RUN={textures}", "COUNT=11", "SHARDS=2", "DIR=many", "OPTIONS=--tile 2 --seed 3",
    ]  # fmt: skip
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("MAKE", "MFLAGS"))}
    environment = {**kept, "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'cli'}"}

    def make() -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command, cwd=folder, env=environment, capture_output=True, text=True, timeout=300
        )

    made = make()
    assert made.returncode == 0, made.stderr
    for number, count in ((0, 6), (1, 5)):
        assert f"{count} samples of shard {number}/2 in " in made.stderr
    assert "when all 2 shards are there: genkit sample --merge many" in made.stderr
    assert made.stdout.splitlines()[-2:] == ["many/grid.png", "many/samples.npz"]
    assert "Nothing to be done" in make().stdout

    common = ("sample", str(textures), "-n", "11", "--tile", "2", "--seed", "3")
    assert run(*common, "--out", "one").exit_code == 0
    assert contents(folder / "many") == contents(folder / "one")
    again = run(*common, "--out", "many", "--shard", "1/2", "--json")
    assert again.exit_code == 0, again.stderr
    found = last(again)
    assert set(found) == {"schema", "run", "step", "shard", "count", "files", "seconds"}
    assert (found["shard"], found["count"]) == ("1/2", 5)
    assert found["files"] == ["many/shards/1-of-2.json"]
