"""`genkit` with videos: what is drawn, what is measured, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from genkit.artifacts.npz import read_npz
from genkit.data.video.robot_pushing import FOLDERS
from tests.clips import TINY
from tests.video_files import animated, clip, example, push, record

RECIPE = {
    "family": "vpn",
    "name": "push",
    **TINY["pushing"],
    "train": {"steps": 2, "batch_size": 2},
    "sample": {"count": 3, "tile": 2},
    "eval": {"batch_size": 2, "recognise": 2},
}


@pytest.fixture(scope="module")
def push_run(trained: Any) -> Path:
    """A run under states and actions."""
    return trained(RECIPE)


def test_clips_are_gone_on_from_also_under_other_actions(run: Any, push_run: Path) -> None:
    from genkit.opening import open_run

    given = open_run(str(push_run), "best").learner.split("test").clips[:]
    np.savez("mine.npz", action=np.full((1, 4, 2), 0.1, np.float32))
    rows = [{"video": "test:0"}, {"video": "test:1"}, {"video": "test:1", "action": "mine.npz:0"}]
    Path("rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    result = run("sample", str(push_run), "--out", "next", "--conditions", "rows.jsonl")
    assert result.exit_code == 0, result.stderr
    samples = read_npz(Path("next", "samples.npz"))["samples"]
    assert samples.shape == (3, 4, 8, 8, 3)
    np.testing.assert_array_equal(samples[:, :2], given[[0, 1, 1], :2])
    gifs = sorted(Path("next").rglob("*.gif"))
    assert gifs
    assert gifs[0].read_bytes()[:6] == b"GIF89a"


def score(run: Any, push_run: Path, **arrays: np.ndarray) -> Any:
    np.savez("given.npz", **arrays)
    return run("score", str(push_run), "--data", "given.npz")


def videos(frames: int = 4, size: int = 8, top: int = 3) -> np.ndarray:
    return np.random.default_rng(0).integers(0, top + 1, (2, frames, size, size, 3), np.uint8)


def test_scores_of_own_videos(run: Any, push_run: Path) -> None:
    wanted = {"state": np.zeros((2, 4, 4), np.float32), "action": np.zeros((2, 4, 2), np.float32)}
    result = score(run, push_run, videos=videos(), **wanted)
    assert result.exit_code == 0, result.stderr
    rows = [json.loads(line) for line in result.stdout.splitlines()]
    assert [row["index"] for row in rows] == [0, 1]
    assert all(len(row["nats"]) == 2 for row in rows)


@pytest.mark.parametrize(
    ("arrays", "told"),
    [
        ({"videos": videos(frames=3)}, "of shape (count, 4, 8, 8, 3)"),
        ({"videos": videos(size=9)}, "Received: uint8 (2, 4, 9, 9, 3)"),
        ({"videos": videos(top=200)}, "must hold values 0 to 3"),
        ({"videos": videos().astype(np.float32)}, "whole numbers"),
        ({"pictures": videos()}, "Received: pictures"),
        ({"videos": videos()}, "state"),
        ({"videos": videos(), "state": np.zeros((2, 4, 4), np.float32)}, "action"),
        (
            {
                "videos": videos(),
                "state": np.full((2, 4, 4), np.nan, np.float32),
                "action": np.zeros((2, 4, 2), np.float32),
            },
            "state",
        ),
    ],
)
def test_videos_that_do_not_fit(run: Any, push_run: Path, arrays: Any, told: str) -> None:
    result = score(run, push_run, **arrays)
    assert result.exit_code in (1, 2), result.stdout
    assert result.stderr.startswith("Error: ")
    assert told in result.stderr
    assert "Traceback" not in result.stderr


def test_what_a_sample_cannot_go_on_from(run: Any, push_run: Path) -> None:
    for condition, told in (
        ("video=nowhere.npz", "no such file"),
        ("video=test:9", "test"),
        ("action=none.npz", "none.npz"),
        ("speed=test", "speed"),
    ):
        result = run("sample", str(push_run), "--out", "bad", "--condition", condition)
        assert result.exit_code == 2, (condition, result.stdout)
        assert told in result.stderr, condition
        assert not Path("bad", "samples.npz").exists()


def train(run: Any, data: dict[str, Any], **model: Any) -> Any:
    values = {
        **RECIPE,
        "model": {**TINY["softmax"]["model"], **model},
        "data": data,
    }
    Path("mine.yaml").write_text(json.dumps(values))
    return run("train", "mine.yaml", "--run", "runs/mine")


def test_a_folder_of_videos_of_unequal_length(run: Any) -> None:
    for split in ("train", "validation", "test"):
        Path("clips", split).mkdir(parents=True)
        for name, frames in (("long", 7), ("short", 4)):
            Path("clips", split, f"{name}.gif").write_bytes(animated(clip(frames, 6, 6)))
    data = {"name": "videos", "path": "clips", "height": 6, "width": 6, "levels": 4, "cut": "first"}
    fits = train(run, {**data, "frames": 4})
    assert fits.exit_code == 0, fits.stderr
    result = run("train", "mine.yaml", "--run", "runs/long", "-o", "data.frames=5")
    assert result.exit_code == 1
    assert "short.gif" in result.stderr


def test_actions_that_a_folder_does_not_have(run: Any) -> None:
    for split in ("train", "validation", "test"):
        Path("clips", split).mkdir(parents=True)
        Path("clips", split, "one.gif").write_bytes(animated(clip(4, 6, 6)))
    data = {"name": "videos", "path": "clips", "height": 6, "width": 6, "levels": 4, "frames": 4}
    result = train(run, data, condition=["action"])
    assert result.exit_code == 2
    assert "action" in result.stderr


def test_a_truncated_tfrecord(run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = record(example(push(6)))
    monkeypatch.setenv("GENKIT_DATA", "data")
    for folder, count in FOLDERS.items():
        path = Path("data/robot_pushing", folder)
        path.mkdir(parents=True)
        (path / f"{folder}.tfrecord-00000-of-{count:05d}").write_bytes(whole[: len(whole) // 2])
    data = {"name": "robot_pushing", "size": 8, "frames": 4, "levels": 4}
    result = train(run, data)
    assert result.exit_code == 1, result.stdout
    assert "Traceback" not in result.stderr
    assert "push_train" in result.stderr
