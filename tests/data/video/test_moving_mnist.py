"""Moving MNIST from MNIST's files, and the published test clips."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from genkit.data.images import mnist
from genkit.data.lazy import Lazy
from genkit.data.stock import config_of
from genkit.data.video import moving_mnist
from genkit.data.video.dataset import VideoFeed
from genkit.registry import datasets
from tests.video_files import read, refused, section

VALUES: dict[str, Any] = {"name": "moving_mnist", "frames": 4, "size": 32, "validation_count": 3}
PUBLISHED: dict[str, Any] = {"name": "moving_mnist", "test_file": True}


def idx(images: np.ndarray) -> bytes:
    return bytes([0, 0, 8, 3]) + struct.pack(">3I", *images.shape) + images.tobytes()


@pytest.fixture
def digits(put, monkeypatch: pytest.MonkeyPatch) -> None:
    """Eight training and two test digits; digit i is the grey value 20 (i + 1)."""
    monkeypatch.setattr(mnist, "TRAIN", 8)
    monkeypatch.setattr(mnist, "TEST", 2)
    for name, first, count in (
        ("train-images-idx3-ubyte", 0, 8),
        ("t10k-images-idx3-ubyte", 8, 2),
    ):
        grey = 20 * (1 + np.arange(first, first + count))
        images = np.broadcast_to(grey[:, None, None], (count, 28, 28)).astype(np.uint8)
        put(f"mnist/{name}", idx(images))


def values_of(clips: np.ndarray) -> set[int]:
    return {int(value) for value in np.unique(clips)} - {0}


def test_splits_by_digits(digits) -> None:
    found = read(**VALUES)
    clips = VideoFeed(found.split("train"), 40, 0).batch(0)["video"]
    assert clips.shape == (40, 4, 32, 32, 1)
    assert values_of(clips) == {20, 40, 60, 80}
    assert values_of(found.split("validation").clips[:]) == {100, 120, 140, 160}
    assert values_of(found.split("test").clips[:20]) == {180, 200}
    assert (len(found.split("validation")), len(found.split("test"))) == (3, 10_000)
    assert found.notes["preprocessing"] == "generated test clips"


def test_labels_are_not_needed_and_images_are(digits, root: Path) -> None:
    assert set(moving_mnist.files(section(**VALUES))) == set(moving_mnist.IMAGES)
    (root / "mnist" / "t10k-images-idx3-ubyte").unlink()
    message = refused(**VALUES)
    assert "data set mnist: not found:\n    t10k-images-idx3-ubyte\n" in message
    assert "genkit data get mnist" in message


def put_published(root: Path, clips: int = 3) -> np.ndarray:
    """A file like the published one; pixel (t, n, y, x) is a hash of its place."""
    shape = (20, clips, 64, 64)
    places = np.indices(shape, sparse=True)
    weights = (5, 7, 11, 13)
    content = sum(w * p for w, p in zip(weights, places, strict=True)) % 256
    found = np.broadcast_to(content, shape).astype(np.uint8)
    (root / "moving_mnist").mkdir()
    np.save(root / "moving_mnist" / "mnist_test_seq.npy", found)
    return found


def test_the_published_clips(digits, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(moving_mnist, "TEST_FILE_CLIPS", 3)
    content = put_published(root)
    found = read(**PUBLISHED, test_count=3)
    test = found.split("test")
    assert isinstance(test.clips, np.memmap)
    np.testing.assert_array_equal(test.clips[..., 0], content.swapaxes(0, 1))
    assert found.notes == {"data": "moving_mnist", "preprocessing": "published test clips"}
    assert set(moving_mnist.files(section(**PUBLISHED))) > {"mnist_test_seq.npy"}
    fewer = read(**PUBLISHED, test_count=2, levels=16)
    assert isinstance(fewer.split("test").clips, Lazy)
    np.testing.assert_array_equal(fewer.split("test").clips[:, :, :, :, 0],
                                  content.swapaxes(0, 1)[:2] >> 4)  # fmt: skip
    assert fewer.notes["part"] == "2 of 3 published test clips"


def test_a_published_file_that_is_wrong(digits, root: Path) -> None:
    assert "data set moving_mnist: not found:\n    mnist_test_seq.npy" in refused(**PUBLISHED)
    put_published(root)
    path = root / "moving_mnist" / "mnist_test_seq.npy"
    assert refused(**PUBLISHED) == (
        f"{path}: must hold uint8 of shape (20, 10000, 64, 64). Received: uint8 (20, 3, 64, 64)"
    )
    whole = path.read_bytes()
    for content in (whole[:-1], whole[:40], b"PK\3\4" + whole, b""):
        path.write_bytes(content)
        assert f"{path}: not a readable npy file" in refused(**PUBLISHED)


@pytest.mark.parametrize(
    ("other", "message"),
    [
        ({"size": 32}, "digits 2, size 64, frames 20, digit_size 28. Received: size 32"),
        ({"frames": 10, "digits": 3}, "Received: digits 3, frames 10"),
        ({"test_count": 10_001}, "test_count must be at most 10000"),
    ],
)
def test_the_published_clips_are_of_one_kind(other: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match="test_file: ") as caught:
        section(**PUBLISHED, **other)
    assert message in str(caught.value)


def test_the_real_digits(real_mnist) -> None:
    found = read(name="moving_mnist", size=32, digit_size=14)
    batch = VideoFeed(found.split("train"), 4, 1).batch(2)["video"]
    assert batch.shape == (4, 20, 32, 32, 1)
    light = batch.astype(float).sum(axis=(2, 3, 4))
    assert (light > 5_000).all()  # two digits in each frame
    assert found.notes["preprocessing"] == ("generated test clips, digits 28x28 averaged to 14x14")
    full = read(name="moving_mnist").split("test").clips[0, ..., 0]
    assert full.shape == (20, 64, 64)
    assert full.max() >= 250


def test_the_entry() -> None:
    entry = datasets.get("moving_mnist")
    assert config_of(entry).video_shape() == (20, 64, 64, 1)
    (file,) = entry.originals
    assert entry.checksums() == {"mnist_test_seq.npy": file.checksum.partition(":")[2]}
    assert file.size == 20 * 10_000 * 64 * 64 + 96
