"""`genkit sample` of an auto-encoder: codes from files, pictures and splits; rows between two."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from genkit.artifacts.npz import read_npz
from genkit.artifacts.pictures import grid, png

RECIPE = {
    "family": "gated_pixelcnn",
    "name": "coder",
    "model": {
        "layers": 2,
        "width": 4,
        "first_kernel": 3,
        "kernel": 3,
        "head": 6,
        "autoencoder": {"bottleneck": 2, "widths": [3], "dense": 4},
    },
    "data": {"name": "textures", "size": 4, "levels": 3, "train_count": 12, "test_count": 5},
    "train": {"steps": 2, "batch_size": 4},
    "sample": {"count": 6, "tile": 4},
    "eval": {"batch_size": 4, "recognise": 3},
}


@pytest.fixture(scope="module")
def coder(trained: Any) -> Path:
    """A run of an auto-encoder."""
    return trained(RECIPE)


def samples(folder: str) -> np.ndarray:
    return read_npz(Path(folder) / "samples.npz")["samples"]


def drawn(run: Any, coder: Path, out: str, *args: str) -> np.ndarray:
    result = run("sample", str(coder), "--out", out, *args)
    assert result.exit_code == 0, result.stderr
    return samples(out)


def test_codes_of_images_and_the_images_draw_the_same(run: Any, coder: Path) -> None:
    from genkit.opening import open_run

    learner: Any = open_run(str(coder), "best").learner
    images = learner.split("test").images
    np.savez("codes.npz", embedding=learner.embed(images))
    np.savez("images.npz", images=images)
    by_split = drawn(run, coder, "split", "--condition", "image=test")
    by_code = drawn(run, coder, "code", "--condition", "embedding=codes.npz")
    by_file = drawn(run, coder, "file", "--condition", "image=images.npz")
    np.testing.assert_array_equal(by_code, by_split)
    np.testing.assert_array_equal(by_file, by_split)
    Path("rows.jsonl").write_text(
        "".join(json.dumps({"embedding": f"codes.npz:{i % 5}"}) + "\n" for i in range(6))
    )
    by_row = drawn(run, coder, "rows", "--conditions", "rows.jsonl")
    np.testing.assert_array_equal(by_row, by_split)


def test_a_file_that_was_changed_is_another_job(run: Any, coder: Path) -> None:
    args = ("sample", str(coder), "--out", "job", "--condition", "embedding=codes.npz")
    np.savez("codes.npz", embedding=np.zeros((2, 2), np.float32))
    assert run(*args).exit_code == 0
    assert run(*args).exit_code == 0
    np.savez("codes.npz", embedding=np.ones((2, 2), np.float32))
    result = run(*args)
    assert result.exit_code == 2
    assert "condition_values: " in result.stderr


def test_rows_between_two_images(run: Any, coder: Path) -> None:
    ends = ("--condition", "image=test:0", "--interpolate", "image=test:3")
    found = drawn(run, coder, "between", *ends, "--steps", "3", "-n", "6")
    alone = drawn(run, coder, "alone", "--condition", "image=test:3", "-n", "2")
    np.testing.assert_array_equal(found[2::3], alone)
    assert Path("between/grid.png").read_bytes() == png(grid(found, 3, columns=3))
    result = run("sample", str(coder), "--out", "between", *ends, "--steps", "2", "-n", "6")
    assert result.exit_code == 2
    assert "interpolate.steps: 3 there, 2 now" in result.stderr
    result = run("sample", str(coder), "--out", "odd", *ends, "--steps", "4", "-n", "6")
    assert result.exit_code == 2
    assert "-n must be a multiple of --steps, 4 samples a row. Received: 6" in result.stderr


def test_shards_of_an_interpolation_are_the_whole(run: Any, coder: Path) -> None:
    args = ("--condition", "image=test:0", "--interpolate", "image=test:3", "--steps", "4")
    whole = drawn(run, coder, "whole", *args, "-n", "8")
    for i in range(2):
        result = run("sample", str(coder), "--out", "parts", *args, "-n", "8", "--shard", f"{i}/2")
        assert result.exit_code == 0, result.stderr
    assert run("sample", "--merge", "parts").exit_code == 0
    np.testing.assert_array_equal(samples("parts"), whole)
    assert Path("parts/grid.png").read_bytes() == Path("whole/grid.png").read_bytes()


@pytest.mark.parametrize(
    ("args", "code", "says"),
    [
        (["--condition", "embedding=wide.npz"], 1, "embedding must be numbers of shape (count, 2)"),
        (["--condition", "embedding=none.npz"], 2, "none.npz: no such file, and no split"),
        (["--condition", "embedding=small.npz:7"], 2, "small.npz has 1 rows, counted from 0"),
        (["--condition", "image=large.png"], 1, "takes 4x4 (height x width). Received: 5x6"),
        (["--condition", "class=1"], 2, "unknown condition 'class'. Allowed: embedding, image."),
        (["--interpolate", "class=1"], 2, "--interpolate: unknown condition 'class'"),
        (["--interpolate", "image"], 2, "--interpolate takes KEY=VALUE"),
        (["--interpolate", "image=none.png"], 2, "none.png: no such file"),
        (
            ["--condition", "image=large.png", "--condition", "embedding=small.npz"],
            2,
            "both choose the embedding",
        ),
    ],
)
def test_wrong_conditions_are_told(
    run: Any, coder: Path, args: list[str], code: int, says: str
) -> None:
    from PIL import Image

    np.savez("wide.npz", embedding=np.zeros((1, 3)))
    np.savez("small.npz", embedding=np.zeros((1, 2)))
    Image.new("L", (6, 5)).save("large.png")
    result = run("sample", str(coder), "--out", "job", *args)
    assert result.exit_code == code
    assert says in result.stderr
    assert not Path("job").exists()


def test_a_completed_image_is_steered_by_its_own_code(run: Any, coder: Path) -> None:
    own = drawn(run, coder, "own", "--prime", "test", "--keep", "top", "-n", "4")
    same = drawn(run, coder, "same", "--prime", "test", "--keep", "top", "-n", "4",
                 "--condition", "image=test")  # fmt: skip
    np.testing.assert_array_equal(own, same)


def test_the_evaluation_writes_reconstructions(run: Any, coder: Path) -> None:
    result = run("eval", str(coder), "--json")
    assert result.exit_code == 0, result.stderr
    metrics = json.loads(result.stdout.splitlines()[-1])["metrics"]
    assert {"nats_per_image", "reconstruction_mse", "reconstruction_accuracy"} <= set(metrics)
    assert (coder / "evaluation" / "test-reconstructions.png").is_file()
