"""`genkit score`: a row an item."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

ROOT = Path(__file__).resolve().parents[2]


def last(result: Any) -> Any:
    return json.loads(result.stdout.splitlines()[-1])


def test_rows_in_every_form_agree(run, textures: Path) -> None:
    result = run("score", str(textures), "--data", "test")
    assert result.exit_code == 0, result.stderr
    rows = [json.loads(line) for line in result.stdout.splitlines()]
    assert [row["index"] for row in rows] == list(range(6))
    assert all(set(row) == {"index", "log_prob", "bits_per_dim", "label"} for row in rows)
    assert all(row["log_prob"] < 0 < row["bits_per_dim"] for row in rows)

    result = run("score", str(textures), "--data", "test", "--out", "made/rows.csv", "--json")
    assert last(result) == {
        "schema": 1,
        "run": str(textures),
        "data": "test",
        "count": 6,
        "files": ["made/rows.csv"],
    }
    with Path("made/rows.csv").open() as file:
        assert [float(row["log_prob"]) for row in csv.DictReader(file)] == [
            row["log_prob"] for row in rows
        ]
    result = run("score", str(textures), "--data", "test", "-n", "2", "--out", "rows.jsonl")
    assert (result.stdout, result.exit_code) == ("rows.jsonl\n", 0)
    assert "2 items" in result.stderr
    assert [json.loads(line) for line in Path("rows.jsonl").read_text().splitlines()] == rows[:2]


def test_only_the_object_is_printed_with_json(run, textures: Path) -> None:
    result = run("score", str(textures), "--data", "test", "-n", "3", "--json")
    assert last(result) == {
        "schema": 1, "run": str(textures), "data": "test", "count": 3, "files": []
    }  # fmt: skip
    assert len(result.stdout.splitlines()) == 1


def test_own_images(run, textures: Path) -> None:
    images = np.zeros((2, 4, 4, 1), np.uint8)
    np.savez("own.npz", images=images, label=np.array([0, 3]))
    result = run("score", str(textures), "--data", "own.npz")
    assert result.exit_code == 0, result.stderr
    assert [json.loads(line)["label"] for line in result.stdout.splitlines()] == [0, 3]


@pytest.mark.parametrize(
    ("arrays", "code", "says"),
    [
        ({"pixels": np.zeros(3)}, 1, "needs an array named samples or images or image"),
        (
            {"images": np.zeros((1, 5, 4, 1), np.uint8)},
            1,
            "images must have shape (count, 4, 4, 1). Received: (1, 5, 4, 1)",
        ),
        (
            {"images": np.full((1, 4, 4, 1), 3, np.uint8)},
            1,
            "images must hold values 0 to 2. Received: 3 to 3",
        ),
        ({"images": np.zeros((1, 4, 4, 1))}, 1, "images must be integers. Received: float64"),
        (
            {"images": np.zeros((1, 4, 4, 1), np.uint8)},
            2,
            "this model is conditioned on classes, but the images have no labels",
        ),
        (
            {"images": np.zeros((1, 4, 4, 1), np.uint8), "label": np.array([4])},
            2,
            "a label must be a class of this model, 0 to 3. Received: 4",
        ),
    ],
    ids=lambda value: str(value)[:40],
)
def test_bad_arrays(run, textures: Path, arrays: Any, code: int, says: str) -> None:
    np.savez("own.npz", **arrays)
    result = run("score", str(textures), "--data", "own.npz", "--json")
    assert result.exit_code == code, result.stderr
    assert says in last(result)["error"]["message"]
    assert "Traceback" not in result.stderr


def test_bad_files(run, textures: Path, folder: Path) -> None:
    (folder / "broken.npz").write_bytes(b"PK\x03\x04 not really")
    (folder / "text.png").write_text("no picture")
    Image.fromarray(np.zeros((5, 5), np.uint8)).save(folder / "large.png")
    (folder / "empty").mkdir()
    for name, code, says in (
        ("nowhere", 2, "nowhere: no such file or folder, and no split of the data set"),
        ("broken.npz", 1, "broken.npz: not a readable npz file ("),
        ("text.png", 1, "text.png: not a readable picture ("),
        ("large.png", 1, "large.png: the model takes 4x4 (height x width). Received: 5x5"),
        ("empty", 1, "empty: no pictures in this folder (looked for .png, "),
    ):
        result = run("score", str(textures), "--data", name)
        assert result.exit_code == code, result.stderr
        assert f"Error: {says}" in result.stderr


def test_a_file_of_another_kind_is_refused_before_anything_is_done(run, textures: Path) -> None:
    result = run("score", "no-such-run", "--data", "test", "--out", "rows.txt")
    assert result.exit_code == 2
    assert "--out takes a .csv or a .jsonl file. Received: 'rows.txt'" in result.stderr
    result = run("score", str(textures))
    assert result.exit_code == 2
    assert "Missing option '--data'" in result.stderr


def test_a_closed_pipe_is_no_error(textures: Path) -> None:
    """As `genkit score ... | head -1`: the reader is gone before the second line."""
    environment = {**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'cli'}"}
    command = [sys.executable, "-u", "-m", "genkit_cli", "score", str(textures), "--data", "train"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment
    ) as scoring:
        assert scoring.stdout is not None
        assert scoring.stderr is not None
        scoring.stdout.close()
        errors = scoring.stderr.read()
        assert scoring.wait(120) == 0, errors
    assert b"Traceback" not in errors
    assert b"BrokenPipe" not in errors
