"""What the files of `genkit sample` hold: given pixels, and the model's own log-probability."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from genkit.artifacts.npz import read_npz

COUNT = 6


def drawn(run, textures: Path, out: str, *arguments: str) -> dict[str, np.ndarray]:
    result = run("sample", str(textures), "-n", str(COUNT), "--out", out, *arguments)
    assert result.exit_code == 0, result.stderr
    return read_npz(Path(out) / "samples.npz")


def given(run, textures: Path) -> np.ndarray:
    """The test images: a completion that keeps all of each."""
    return drawn(run, textures, "given", "--prime", "test", "--keep", ":,:")["samples"]


def masks() -> dict[str, np.ndarray]:
    """Files with masks, and what they say of each of the six images of 4x4."""
    one = np.arange(16).reshape(4, 4) * 7 % 5 < 2
    Image.fromarray(one.astype(np.uint8) * 255).save("mask.png")
    each = (np.arange(COUNT * 16).reshape(COUNT, 4, 4) * 5 % 11) < 4
    np.savez("masks.npz", mask=each)
    corner = np.zeros((4, 4), bool)
    corner[1:3, :2] = True
    every = {"mask.png": one, "masks.npz": each, "1:3,:2": corner}
    return {name: np.broadcast_to(mask, (COUNT, 4, 4))[..., None] for name, mask in every.items()}


@pytest.mark.parametrize("keep", ["mask.png", "masks.npz", "1:3,:2"])
def test_any_region_is_kept_and_the_rest_is_drawn_from_it(run, textures: Path, keep: str) -> None:
    images, mask = given(run, textures), masks()[keep]
    common = ("--prime", "test", "--keep", keep, "--seed", "3")
    found = drawn(run, textures, "fast", *common)
    np.testing.assert_array_equal(found["samples"][mask], images[mask])
    free = drawn(run, textures, "free", "--seed", "3", "--conditions", _classes(found))
    assert not np.array_equal(found["samples"], free["samples"])
    for sampler in ("naive", "fixed-point"):
        other = drawn(run, textures, sampler, *common, "--sampler", sampler)
        np.testing.assert_array_equal(other["samples"], found["samples"])
        np.testing.assert_allclose(other["log_prob"], found["log_prob"], rtol=1e-4)
        np.testing.assert_array_equal(other["label"], found["label"])


def _classes(found: dict[str, np.ndarray]) -> str:
    lines = [json.dumps({"class": int(label)}) for label in found["label"]]
    Path("classes.jsonl").write_text("\n".join(lines))
    return "classes.jsonl"


def test_another_mask_is_another_job(run, textures: Path) -> None:
    masks()
    drawn(run, textures, "job", "--prime", "test", "--keep", "mask.png")
    pixels = 255 - np.asarray(Image.open("mask.png"))
    Image.fromarray(pixels).save("mask.png")
    result = run("sample", str(textures), "-n", str(COUNT), "--out", "job", "--prime", "test",
                 "--keep", "mask.png")  # fmt: skip
    assert result.exit_code == 2
    assert "job holds samples of another job" in result.stderr


@pytest.mark.parametrize(
    "shaped",
    [(), ("--temperature", "0.6", "--top-p", "0.9"), ("--temperature", "1.5", "--top-k", "2")],
    ids=["plain", "top-p", "top-k"],
)
def test_log_probabilities_of_samples_are_their_scores(
    run, textures: Path, shaped: tuple[str, ...]
) -> None:
    """Of the model itself, at temperature 1, whatever shaped the draws."""
    found = drawn(run, textures, "job", *shaped)
    result = run("score", str(textures), "--data", "job/samples.npz")
    assert result.exit_code == 0, result.stderr
    rows = [json.loads(line) for line in result.stdout.splitlines()]
    assert [row["label"] for row in rows] == found["label"].tolist()
    np.testing.assert_allclose([row["log_prob"] for row in rows], found["log_prob"], rtol=1e-5)
    assert np.ptp(found["log_prob"]) > 0.01
