"""`genkit` with simulated objects: scenes rolled out in jobs, shards and films."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from genkit.artifacts.npz import read_npz
from tests.physics import NETWORKS

RECIPE = {
    "family": "interaction_network",
    "name": "bodies",
    **NETWORKS.sections["nbody"],
    "train": {"steps": 2, "batch_size": 4, "sample_every": 1, "samples": 2},
    "sample": {"count": 3, "tile": 2},
}


@pytest.fixture(scope="module")
def bodies(trained: Any) -> Path:
    return trained(RECIPE)


def test_scenes_are_rolled_out_and_filmed(run: Any, bodies: Path) -> None:
    result = run("sample", str(bodies), "--out", "drawn", "--condition", "steps=60")
    assert result.exit_code == 0, result.stderr
    arrays = read_npz(Path("drawn", "samples.npz"))
    assert arrays["samples"].shape == arrays["truth"].shape == (3, 61, 3, 2)
    np.testing.assert_array_equal(arrays["samples"][:, 0], arrays["truth"][:, 0])
    assert (arrays["effects"][:, [0, 1], [1, 2]] > 0).all()
    assert Path("drawn", "effects.png").is_file()
    with Image.open(Path("drawn", "000002.gif")) as film:
        assert film.n_frames > 1
    assert (bodies / "samples" / "step-2").is_dir()


def test_shards_are_what_one_process_draws(run: Any, bodies: Path) -> None:
    asked = ["sample", str(bodies), "-n", "4", "--condition", "count=4"]
    assert run(*asked, "--out", "whole").exit_code == 0
    for shard in ("0/2", "1/2"):
        assert run(*asked, "--out", "parts", "--shard", shard).exit_code == 0
    assert run("sample", "--merge", "parts").exit_code == 0
    names = ("whole/samples.npz", "parts/samples.npz")
    whole, parts = (read_npz(Path(name)) for name in names)
    for name, array in whole.items():
        np.testing.assert_array_equal(parts[name], array)


def test_samples_of_other_sizes_are_refused_before_any_is_drawn(run: Any, bodies: Path) -> None:
    rows = [{"count": 2}, {"count": 2}, {"count": 5}]
    Path("rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    result = run("sample", str(bodies), "--conditions", "rows.jsonl", "--out", "mixed")
    assert result.exit_code == 2
    assert "sample 2 asks for others" in result.stderr
    assert not Path("mixed").exists()


def test_a_file_of_scenes(run: Any, bodies: Path) -> None:
    arrays = {"position": np.eye(4, 2)[None] * 9, "velocity": np.zeros((1, 4, 2))}
    arrays["position"][0, 3] = [50.0, 3.0]
    arrays["position"][0, 2] = [-20.0, 3.0]
    np.savez("mine.npz", **arrays, attributes=np.ones((1, 4, 1)))
    result = run("sample", str(bodies), "-n", "1", "--condition", "scene=mine.npz", "--out", "own")
    assert result.exit_code == 0, result.stderr
    assert read_npz(Path("own", "samples.npz"))["samples"].shape == (1, 13, 4, 2)
    np.savez("bad.npz", **arrays, attributes=np.ones((1, 4, 1)), receivers=[0], senders=[9])
    result = run("sample", str(bodies), "-n", "1", "--condition", "scene=bad.npz", "--out", "bad")
    assert result.exit_code == 1
    assert "the sender 9, but objects are numbered 0 to 3" in result.stderr


def test_an_evaluation_has_films_and_curves(run: Any, bodies: Path) -> None:
    result = run("eval", str(bodies), "--json")
    assert result.exit_code == 0, result.stderr
    names = {path.name for path in (bodies / "evaluation").iterdir()}
    wanted = {"test-horizon.png", "test-horizon.csv", "test-rollout-0.gif", "test-effects.png"}
    assert wanted <= names
