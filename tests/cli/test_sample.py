"""`genkit sample`: what it leaves, prints and refuses."""

from __future__ import annotations

import contextlib
import io
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from genkit.artifacts.npz import read_npz
from tests.sampling.jobs import contents

ROOT = Path(__file__).resolve().parents[2]


def last(result: Any) -> Any:
    """The JSON object of the last line."""
    return json.loads(result.stdout.splitlines()[-1])


def test_a_job_and_the_same_command_again(run, textures: Path, folder: Path) -> None:
    result = run("sample", str(textures), "--out", "job", "--json")
    assert result.exit_code == 0, result.stderr
    found = last(result)
    assert set(found) == {"schema", "run", "step", "count", "files", "seconds"}
    assert (found["schema"], found["count"], found["run"]) == (1, 6, str(textures))
    assert found["step"] in (2, 4)
    assert found["files"] == ["job/grid.png", "job/samples.npz"]
    arrays = read_npz(Path("job/samples.npz"))
    assert arrays["samples"].shape == (6, 4, 4, 1)
    assert list(arrays["label"]) == [0, 1, 2, 3, 0, 1]
    assert Path("job/grid.png").read_bytes().startswith(b"\x89PNG")
    manifest = json.loads(Path("job/job.json").read_text())
    assert manifest["settings"]["step"] == found["step"]
    assert manifest["fingerprint"]["backend"]["backend"]
    assert str(Path.home()) not in Path("job/job.json").read_text()

    before = contents(folder / "job")
    result = run("sample", str(textures), "--out", "job")
    assert result.exit_code == 0
    assert "6 samples in " in result.stderr
    assert ", all there already" in result.stderr
    assert result.stdout.splitlines() == ["job/grid.png", "job/samples.npz"]
    assert contents(folder / "job") == before

    result = run("sample", str(textures), "--out", "job", "--seed", "1", "--temperature", "0.5")
    assert result.exit_code == 2
    assert result.stderr.splitlines() == [
        "Error: job holds samples of another job. Give another folder with --out, "
        "or the settings of the job that is there.",
        "  seed: 0 there, 1 now",
        "  temperature: 1.0 there, 0.5 now",
    ]


def test_samples_in_flight_change_no_byte(run, textures: Path, folder: Path) -> None:
    common = ("sample", str(textures), "-n", "10", "--tile", "2", "--seed", "3")
    assert run(*common, "--out", "one", "--batch-size", "2").exit_code == 0
    assert run(*common, "--out", "many", "--batch-size", "6").exit_code == 0
    assert contents(folder / "one") == contents(folder / "many")
    assert len(list((folder / "one" / "parts").iterdir())) == 5


def test_completion_and_conditions(run, textures: Path) -> None:
    """Each line is a sample; the top half of a test image is kept, and its class where the
    line names none."""
    scored = run("score", str(textures), "--data", "test", "-n", "3")
    own = [json.loads(line)["label"] for line in scored.stdout.splitlines()]
    Path("rows.jsonl").write_text('{"class": 2}\n\n{"class": "1"}\n{}\n')
    result = run("sample", str(textures), "--out", "job", "--conditions", "rows.jsonl",
                 "--prime", "test", "--keep", "top")  # fmt: skip
    assert result.exit_code == 0, result.stderr
    arrays = read_npz(Path("job/samples.npz"))
    assert list(arrays["label"]) == [2, 1, own[2]]

    # The samples are of a form that `--prime` and `score` take.
    result = run("sample", str(textures), "--out", "again", "-n", "3", "--condition", "class=3",
                 "--prime", "job/samples.npz", "--keep", ":,:")  # fmt: skip
    assert result.exit_code == 0, result.stderr
    again = read_npz(Path("again/samples.npz"))
    np.testing.assert_array_equal(again["samples"], arrays["samples"])
    assert list(again["label"]) == [3, 3, 3]


WRONG = [
    (
        ["--condition", "class=9"],
        "--condition class=...: a class is an integer from 0 to 3. Received: '9'",
    ),
    (
        ["--condition", "clas=1"],
        "--condition: unknown condition 'clas'. Did you mean 'class'? Allowed: class.",
    ),
    (["--condition", "class"], "--condition takes KEY=VALUE, such as class=7. Received: 'class'"),
    (["--condition", "class=1", "--condition", "class=2"], "--condition class is given twice"),
    (["--top-k", "4"], "--top-k must be at most the number of levels, 3. Received: 4"),
    (["--top-k", "0"], "Invalid value for '--top-k': 0 is not in the range x>=1."),
    (["--top-p", "0"], "Invalid value for '--top-p': 0.0 is not in the range 0<x<=1."),
    (["--top-p", "1.5"], "Invalid value for '--top-p': 1.5 is not in the range 0<x<=1."),
    (["--top-p", "nan"], "--top-p must be a finite number. Received: nan"),
    (["--temperature", "-1"], "Invalid value for '--temperature': -1.0 is not in the range x>=0."),
    (["--temperature", "nan"], "--temperature must be a finite number. Received: nan"),
    (["--temperature", "inf"], "--temperature must be a finite number. Received: inf"),
    (["--temperature", "hot"], "Invalid value for '--temperature': 'hot' is not a valid float"),
    (["-n", "0"], "Invalid value for '-n': 0 is not in the range x>=1."),
    (["--tile", "0"], "Invalid value for '--tile': 0 is not in the range 1<=x<=65536."),
    (["--seed", "-1"], "Invalid value for '--seed': -1 is not in the range"),
    (
        ["--sampler", "naiv"],
        "--sampler: unknown sampler 'naiv'. Did you mean 'naive'? "
        "Allowed: fixed-point, incremental, naive.",
    ),
    (
        ["--checkpoint", "bset"],
        "--checkpoint takes best, last or a step. Received: 'bset'",
    ),
    (["--checkpoint", "3"], "Allowed: best, last, 2, 4."),
    (
        ["--prime", "tset"],
        "tset: no such file or folder, and no split of the data set",
    ),
    (
        ["--prime", "test", "--keep", "middle"],
        "--keep takes top, bottom, left, right, rows and columns such as 0:2,0:4, or a file with "
        "a mask (.png, .npz). Received: 'middle'",
    ),
    (["--prime", "test", "--keep", "nowhere.png"], "--keep nowhere.png: no such file"),
    (["--prime", "test", "--keep", "0:9,:"], "--keep: 9 is past the image's 4"),
    (
        ["--prime", "test", "--keep", "1:1,:"],
        "--keep '1:1,:' keeps nothing of a 4x4 image",
    ),
    (["--conditions", "missing.jsonl"], "missing.jsonl"),
]


@pytest.mark.parametrize(("arguments", "says"), WRONG, ids=[" ".join(w[0]) for w in WRONG])
def test_wrong_usage_exits_2_and_draws_nothing(
    run, textures: Path, arguments: list[str], says: str
) -> None:
    result = run("sample", str(textures), "--out", "job", *arguments)
    assert result.exit_code == 2, result.stderr
    assert says in result.stderr
    assert "Traceback" not in result.stderr
    assert not Path("job").exists()


@pytest.mark.parametrize(
    ("lines", "code", "says"),
    [
        ('{"class": 1}\nclass 2\n', 1, "rows.jsonl:2: not JSON (Expecting value"),
        ('{"class": 1}\n[2]\n', 1, "rows.jsonl:2: a JSON object is needed. Received: '[2]'"),
        ("\n", 1, "rows.jsonl: holds no conditions"),
        (
            '{"class": 1}\n{"class": 7}\n',
            2,
            "rows.jsonl:2: --condition class=...: a class is an integer from 0 to 3. Received: '7'",
        ),
        (
            '{"class": 1}\n{"class": 2}\n',
            2,
            "there are conditions for 2 samples, but -n is 3. Leave -n out, or give as many lines.",
        ),
    ],
)
def test_wrong_lines_of_conditions(run, textures: Path, lines: str, code: int, says: str) -> None:
    Path("rows.jsonl").write_text(lines)
    count = ["-n", "3"] if "-n is 3" in says else []
    result = run(
        "sample", str(textures), "--out", "job", "--conditions", "rows.jsonl", *count, "--json"
    )
    assert result.exit_code == code
    assert says in result.stderr
    assert says in last(result)["error"]["message"]


def test_a_run_that_does_not_exist(run, textures: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GENKIT_RUNS", str(textures.parent))
    result = run("sample", "tiny-texture", "--out", "job", "--json")
    assert result.exit_code == 2
    says = "unknown run 'tiny-texture'. Did you mean 'tiny-textures'? Allowed: tiny-textures."
    assert says in result.stderr
    error = last(result)["error"]
    assert error["code"] == "usage"
    assert error["message"].startswith(says)
    assert error["problems"] == []
    result = run("sample", str(textures))
    assert result.exit_code == 2
    assert "Missing option '--out'" in result.stderr


def test_standard_output_takes_one_thing(run, textures: Path) -> None:
    result = run("sample", str(textures), "--out", "-", "--json")
    assert result.exit_code == 2
    says = "--out - and --json both need standard output. Give one of them."
    assert last(result)["error"]["message"] == says


def test_a_folder_that_cannot_be_made(run, textures: Path) -> None:
    Path("file").write_text("")
    result = run("sample", str(textures), "--out", "file/job")
    assert result.exit_code == 1
    assert "Error: Not a directory: file/job. file/job must be a folder" in result.stderr
    assert "Traceback" not in result.stderr


@contextlib.contextmanager
def process(*arguments: str, **options: Any) -> Iterator[subprocess.Popen[bytes]]:
    """A true `genkit`."""
    environment = {**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'cli'}"}
    with subprocess.Popen(
        [sys.executable, "-m", "genkit_cli", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment,
        **options,
    ) as started:
        try:
            yield started
        finally:
            started.kill()


def test_from_a_pipe_to_a_pipe(textures: Path) -> None:
    command = ["sample", str(textures), "--conditions", "-", "--out", "-"]
    with process(*command, stdin=subprocess.PIPE) as piped:
        lines = b'{"class": 2}\n{"class": 0}\n{"class": 3}\n'
        data, errors = piped.communicate(lines, timeout=120)
    assert piped.returncode == 0, errors
    with np.load(io.BytesIO(data), allow_pickle=False) as arrays:
        assert arrays["samples"].shape == (3, 4, 4, 1)
        assert list(arrays["label"]) == [2, 0, 3]
    assert b"Traceback" not in errors


def test_a_closed_pipe_is_no_error(textures: Path) -> None:
    with process("sample", str(textures), "-n", "100000", "--out", "-") as piped:
        assert piped.stdout is not None
        assert piped.stdout.read(2) == b"PK"
        piped.stdout.close()
        assert piped.stderr is not None
        errors = piped.stderr.read()
        assert piped.wait(120) == 0, errors
    for word in (b"Error", b"Traceback", b"Exception ignored"):
        assert word not in errors


def wait_for_part(folder: Path, process: subprocess.Popen[bytes], known: int) -> None:
    """Until more than `known` parts are finished."""
    while len(list((folder / "parts").glob("*.npz"))) <= known:
        assert process.poll() is None, "ended too early to be stopped"
        time.sleep(0.002)


def test_stopped_and_killed_jobs_end_with_the_same_bytes(run, textures: Path, folder: Path) -> None:
    """Naive on purpose: slow enough to be hit under way. Once Ctrl-C, once SIGKILL."""
    common = ["sample", str(textures), "-n", "48", "--tile", "2", "--sampler", "naive"]
    cut = [*common, "--out", str(folder / "cut"), "--batch-size", "4"]
    with process(*cut, "--json") as stopped:
        wait_for_part(folder / "cut", stopped, 0)
        stopped.send_signal(signal.SIGINT)
        output, errors = stopped.communicate(timeout=60)
    assert stopped.returncode == 130, errors
    says = f"stopped; finished parts are in {folder / 'cut'}. The same command goes on."
    assert json.loads(output.splitlines()[-1])["error"] == {
        "code": "stopped",
        "message": says,
        "problems": [],
    }
    assert says.encode() in errors
    assert b"Traceback" not in errors
    kept = contents(folder / "cut")
    with process(*cut) as killed:
        wait_for_part(folder / "cut", killed, len(kept))
        killed.send_signal(signal.SIGKILL)
        killed.wait(60)
    assert not (folder / "cut" / "job.json").exists()
    assert run(*cut).exit_code == 0
    assert run(*common, "--out", "whole").exit_code == 0
    whole = contents(folder / "whole")
    assert contents(folder / "cut") == whole
    assert all(whole[name] == data for name, data in kept.items())
