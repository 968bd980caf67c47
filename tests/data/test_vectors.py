"""Vectors that steer images, from files of any make."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from genkit.data.images.dataset import ImageFeed, ImageSplit
from genkit.data.vectors import read_vectors
from genkit.errors import DataError, UsageError


def npz(path: Path, **arrays: np.ndarray) -> Path:
    np.savez(path, **arrays)
    return path


def test_an_array_of_the_name_or_the_only_one(tmp_path: Path) -> None:
    two = npz(tmp_path / "two.npz", code=np.ones((3, 2)), other=np.zeros((3, 2)))
    found = read_vectors(two, "code", (2,))
    np.testing.assert_array_equal(found, np.ones((3, 2)))
    assert found.dtype == np.float32
    one = npz(tmp_path / "one.npz", whatever=np.arange(4).reshape(2, 2))
    np.testing.assert_array_equal(read_vectors(one, "code", (2,)), [[0, 1], [2, 3]])
    with pytest.raises(
        DataError, match=r"an array named pose, or a single one\. Received: code, o"
    ):
        read_vectors(two, "pose", (2,))


def test_lines_as_score_writes_them(tmp_path: Path) -> None:
    path = tmp_path / "scores.jsonl"
    path.write_text('{"index": 0, "embedding": [1, 2.5]}\n{"index": 1, "embedding": [0, -1]}\n')
    np.testing.assert_array_equal(read_vectors(path, "embedding", (2,)), [[1, 2.5], [0, -1]])


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('{"embedding": [1, 2]}\n{"embedding": [1]}\n', ":2: 'embedding' has 1 numbers"),
        ('{"embedding": [1, 2]}\n[1]\n', ":2: a JSON object with a list of numbers"),
        ('{"other": [1, 2]}\n', ":1: a JSON object with a list of numbers 'embedding'"),
        ('{"embedding": "ab"}\n', ":1: a JSON object"),
        ('{"embedding": [1, NaN]}\n', "must be finite. Received: row 0 is not"),
        ("", r"must be numbers of shape \(count, 2\)"),
        ('{"embedding": [1, 2, 3]}\n', r"of shape \(count, 2\). Received: float32 \(1, 3\)"),
    ],
)
def test_wrong_lines_are_told(tmp_path: Path, text: str, says: str) -> None:
    path = tmp_path / "scores.jsonl"
    path.write_text(text)
    with pytest.raises(DataError, match=says):
        read_vectors(path, "embedding", (2,))


def test_wrong_files_are_told(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no such file, and no split"):
        read_vectors(tmp_path / "none.npz", "code", (2,))
    (tmp_path / "a.txt").write_text("1 2")
    with pytest.raises(DataError, match=r"read from .npz and .jsonl"):
        read_vectors(tmp_path / "a.txt", "code", (2,))
    wide = npz(tmp_path / "wide.npz", code=np.ones((3, 5)))
    with pytest.raises(DataError, match=r"shape \(count, 2\). Received: float64 \(3, 5\)"):
        read_vectors(wide, "code", (2,))
    text = npz(tmp_path / "text.npz", code=np.array([["a", "b"]]))
    with pytest.raises(DataError, match="must be numbers"):
        read_vectors(text, "code", (2,))
    with pytest.raises(DataError, match="holds no rows"):
        read_vectors(npz(tmp_path / "no.npz", code=np.ones((0, 2))), "code", (2,))


def test_a_feed_keeps_images_and_vectors_together() -> None:
    images = np.arange(5, dtype=np.uint8).reshape(5, 1, 1, 1)
    vectors = {"code": np.arange(5, dtype=np.float32)[:, None]}
    split = ImageSplit(images, None, 256, vectors=vectors)
    batch = ImageFeed(split, 4, 0).batch(3)
    np.testing.assert_array_equal(batch["vector/code"][:, 0], batch["image"].ravel())
    np.testing.assert_array_equal(split.first(2).vectors["code"], [[0], [1]])
