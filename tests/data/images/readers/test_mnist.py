"""IDX files: every way in which they can be wrong, and the real ones."""

import struct

import numpy as np
import pytest

from genkit.data.images import mnist
from genkit.data.images.mnist import FILES, read_idx, read_pair
from genkit.errors import DataError
from tests.image_files import read, refused


def idx(array: np.ndarray, kind: int = 8) -> bytes:
    shape = struct.pack(f">{array.ndim}I", *array.shape)
    return bytes([0, 0, kind, array.ndim]) + shape + array.tobytes()


@pytest.fixture
def array() -> np.ndarray:
    return np.arange(2 * 28 * 28, dtype=np.uint64).reshape(2, 28, 28).astype(np.uint8)


@pytest.mark.parametrize("name", ["a", "a.gz"])
def test_values(put, array, name) -> None:
    assert np.array_equal(read_idx(put(name, idx(array)), (2, 28, 28)), array)


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda c: c[:-1], "ends at byte 1583; 1584 are expected"),
        (lambda c: c + b"x", "holds more than the expected 1584 bytes"),
        (lambda c: b"", "ends within its header, at byte 0"),
        (lambda c: c[:9], "ends within its header, at byte 9"),
        (lambda c: b"\x89PNG" + c[4:], "byte 0: not an IDX file of unsigned bytes"),
        (lambda c: c[:2] + b"\x0d" + c[3:], "Received: 00 00 0d 03"),
        (lambda c: c[:3] + b"\xff" + c[4:], "byte 0: not an IDX file"),
        (lambda c: c[:4] + b"\xff\xff\xff\xff" + c[8:], "must have shape (2, 28, 28)"),
    ],
)
def test_wrong_content(put, array, spoil, message) -> None:
    path = put("a", spoil(idx(array)))
    with pytest.raises(DataError) as caught:
        read_idx(path, (2, 28, 28))
    assert message in caught.value.message
    assert str(path) in caught.value.message


def test_a_label_that_is_no_digit(put, array) -> None:
    images, labels = put("i", idx(array)), put("l", idx(np.array([3, 10], np.uint8)))
    with pytest.raises(DataError, match=r"label 1: must be 0 to 9\. Received: 10"):
        read_pair(images, labels, 2)


def test_images_and_labels_changed_over(put, array) -> None:
    images, labels = put("i", idx(array)), put("l", idx(np.array([3, 1], np.uint8)))
    with pytest.raises(DataError, match=r"must have shape \(2, 28, 28\). Received: \(2,\)"):
        read_pair(labels, images, 2)


@pytest.fixture
def small(put, monkeypatch):
    """Six training and two test images; the values rise from image to image."""
    monkeypatch.setattr(mnist, "TRAIN", 6)
    monkeypatch.setattr(mnist, "TEST", 2)
    for start, count, (images, labels) in ((0, 6, FILES[:2]), (6, 2, FILES[2:])):
        number = np.arange(start, start + count, dtype=np.uint8)
        grey = np.broadcast_to(number[:, None, None] * 30, (count, 28, 28)).astype(np.uint8)
        put(f"mnist/{images}.gz", idx(grey))
        put(f"mnist/{labels}", idx(number))


def test_the_last_training_images_are_for_validation(small) -> None:
    found = read(name="mnist", validation_count=2)
    assert found.split("train").images[:, 0, 0, 0].tolist() == [0, 30, 60, 90]
    assert found.split("validation").images[:, 0, 0, 0].tolist() == [120, 150]
    assert found.split("test").images[:, 0, 0, 0].tolist() == [180, 210]
    assert found.split("validation").labels.tolist() == [4, 5]


def test_fewer_levels_are_equal_bins(small) -> None:
    found = read(name="mnist", validation_count=2, levels=4)
    assert found.split("train").levels == 4
    assert found.split("train").images[:, 0, 0, 0].tolist() == [0, 0, 0, 1]
    assert found.notes["preprocessing"] == "quantised from 256 to 4 levels"


def test_threshold(small) -> None:
    found = read(name="mnist", validation_count=2, binarization="threshold", threshold=0.2)
    assert found.split("train").images[:, 0, 0, 0].tolist() == [0, 0, 1, 1]
    assert "threshold binarization at 0.2" in found.notes["preprocessing"]


def test_a_split_that_would_be_empty(small) -> None:
    assert "'train' would be empty" in refused(name="mnist", validation_count=6)


def test_a_missing_file(small, root) -> None:
    (root / "mnist" / FILES[1]).unlink()
    assert f"not found:\n    {FILES[1]}\n" in refused(name="mnist")


def test_the_real_files(real) -> None:
    real("mnist")
    found = read(name="mnist")
    assert {name: len(split) for name, split in found.splits.items()} == {
        "train": 50_000,
        "validation": 10_000,
        "test": 10_000,
    }
    test = found.split("test")
    assert test.labels[:10].tolist() == [7, 2, 1, 0, 4, 1, 4, 9, 5, 9]
    assert found.split("train").labels[:5].tolist() == [5, 0, 4, 1, 9]
    every = np.concatenate([found.split("train").images, found.split("validation").images])
    assert every.mean() / 255 == pytest.approx(0.1306604762738429, abs=1e-9)  # widely quoted
    assert every.std() / 255 == pytest.approx(0.3081078, abs=1e-6)
    assert np.bincount(test.labels).tolist() == [980, 1135, 1032, 1010, 982, 892, 958, 1028,
                                                 974, 1009]  # fmt: skip
