"""`genkit` with scenes: what is found in them, what is drawn, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from genkit.artifacts.npz import read_npz
from tests.scenes import TINY

RECIPE = {
    "family": "air",
    "name": "things",
    **TINY["concrete"],
    "train": {"steps": 2, "batch_size": 4, "sample_every": 1, "samples": 4},
    "sample": {"count": 6, "tile": 4},
}


@pytest.fixture(scope="module")
def scene_run(trained: Any) -> Path:
    return trained(RECIPE)


def test_samples_of_a_given_count(run: Any, scene_run: Path) -> None:
    result = run("sample", str(scene_run), "--out", "drawn", "--condition", "count=2")
    assert result.exit_code == 0, result.stderr
    arrays = read_npz(Path("drawn", "samples.npz"))
    assert arrays["samples"].shape == (6, 16, 16, 1)
    assert (arrays["count"] == 2).all()
    assert (arrays["box"][..., 2:] > 0).all()
    with Image.open(Path("drawn", "boxes.png")) as picture:
        assert min(picture.size) > 100


def test_scores_with_pictures_of_each_image(run: Any, scene_run: Path) -> None:
    result = run(
        "score", str(scene_run), "--data", "test", "-n", "3", "--out", "found.jsonl",
        "--files", "seen", "--json",
    )  # fmt: skip
    assert result.exit_code == 0, result.stderr
    rows = [json.loads(line) for line in Path("found.jsonl").read_text().splitlines()]
    assert [row["index"] for row in rows] == [0, 1, 2]
    assert set(rows[0]) == {"index", "count", "chances", "boxes", "elbo_nats"}
    names = sorted(path.name for path in Path("seen").iterdir())
    assert names == ["000000.png", "000001.png", "000002.png"]
    files = json.loads(result.stdout.splitlines()[-1])["files"]
    assert files == ["found.jsonl", *(f"seen/{name}" for name in names)]


def test_an_evaluation_leaves_pictures_and_tables(run: Any, scene_run: Path) -> None:
    result = run("eval", str(scene_run), "--json")
    assert result.exit_code == 0, result.stderr
    metrics = json.loads(result.stdout.splitlines()[-1])["metrics"]
    assert {"count_accuracy", "elbo_nats_per_image", "iwae_nats_per_image", "box_iou"} <= set(
        metrics
    )
    names = {path.name for path in (scene_run / "evaluation").iterdir()}
    assert {"test-reconstructions.png", "test-counts.png", "test-per_count.csv"} <= names


@pytest.mark.parametrize(
    ("args", "says"),
    [
        (["--condition", "count=9"], "a whole number from 0 to 2"),
        (["--condition", "colour=red"], "unknown condition 'colour'"),
        (["--top-k", "2"], "--top-k is for values drawn one by one"),
        (["--animate"], "--animate is for images that are drawn pixel by pixel"),
        (["--prime", "test"], "does not take --prime"),
        (["--sampler", "naive"], "air draws scenes at once"),
    ],
)
def test_samples_that_cannot_be(run: Any, scene_run: Path, args: list[str], says: str) -> None:
    result = run("sample", str(scene_run), "--out", "no", *args)
    assert result.exit_code == 2
    assert says in result.stderr


def test_images_that_do_not_fit(run: Any, scene_run: Path) -> None:
    np.savez("wrong.npz", images=np.zeros((2, 9, 9, 1), np.uint8))
    result = run("score", str(scene_run), "--data", "wrong.npz", "--files", "seen")
    assert result.exit_code == 1
    assert "must have shape (count, 16, 16, 1)" in result.stderr


def test_a_family_without_files_of_items_says_so(run: Any, trained: Any) -> None:
    other = trained({"family": "image_embedding", "name": "points", "model": {
        "dimensions": 4, "widths": [4], "dense": 6, "people": 3, "photographs": 2,
    }, "data": {"name": "textures", "size": 6, "levels": 4, "train_count": 32, "test_count": 8},
        "train": {"steps": 1, "batch_size": 6}})  # fmt: skip
    result = run("score", str(other), "--data", "test", "--files", "seen")
    assert result.exit_code == 2
    assert "has no files of items: leave --files out" in result.stderr


def test_more_things_than_slots(run: Any) -> None:
    Path("many.yaml").write_text(json.dumps({**RECIPE, "data": {**RECIPE["data"], "counts": [5]}}))
    result = run("validate", "many.yaml")
    assert result.exit_code == 2
    assert "must be at least 5, the most things of data.counts" in result.stderr
